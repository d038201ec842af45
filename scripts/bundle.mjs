// Puts a program and all that it imports into a few files, so that a start reads those and not six hundred. What is in
// them is the source as it is; they are made again when a source or a version has changed.
import { createHash } from "node:crypto"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { brotliCompress, gzip } from "node:zlib"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampName = "made-of"
const journalWorker = join(root, "packages/node/src/journalWorker.ts")
const recordWorker = join(root, "apps/server/src/gateway/galileosky/recordWorker.ts")
const backupMain = join(root, "packages/node/src/hub/backupMain.ts")

/** The hub, with the thread that writes its journal, the one for Galileosky's records, and the process that makes its backups. */
export const hub = program("apps/server", {
  input: { main: join(root, "apps/server/src/main.ts"), journalWorker, recordWorker, backupMain },
  sources: [
    "apps/server",
    "packages/core",
    "packages/node",
    "packages/policy",
    "packages/transport-fsfolder",
    "packages/transport-libp2p",
    "packages/transport-socketio"
  ]
})

/** The command line, with the thread that writes a journal, for tests: they start a hundred. */
export const commandLine = program("apps/cli", {
  input: { main: join(root, "apps/cli/src/main.ts"), journalWorker },
  sources: [
    "apps/cli",
    "packages/core",
    "packages/node",
    "packages/policy",
    "packages/transport-fsfolder",
    "packages/transport-gdrive",
    "packages/transport-libp2p",
    "packages/transport-socketio"
  ]
})

/** The thread that writes a journal, for tests: they start hundreds. */
export const journalThread = program("packages/node", {
  input: { journalWorker },
  sources: ["packages/core", "packages/node"]
})

/** The pages that the hub shows in a browser. Made by Vite. */
export const pages = {
  ...program("apps/admin", { input: { index: join(root, "apps/admin/src/index.html") }, sources: ["apps/admin"] }),
  file: join(root, "apps/admin/bundle/index.html")
}

// Beside `src`, because a program finds its own manifest and cache from where it lies.
function program(home, { input, sources }) {
  const folder = join(root, home, "bundle")
  const file = join(folder, `${Object.keys(input)[0]}.js`)
  return { file, folder, input, sources: sources.map((path) => join(root, path, "src")) }
}

/** True when the bundle is of the sources as they are. */
export function isFresh({ folder, sources }) {
  try {
    return readFileSync(join(folder, stampName), "utf8") === fingerprint(sources)
  } catch {
    return false
  }
}

// Names, sizes and times of all sources: reading them would take longer than it saves.
function fingerprint(sources) {
  const hash = createHash("sha256").update(readFileSync(join(root, "pnpm-lock.yaml")))
  for (const path of sources) {
    for (const name of readdirSync(path, { recursive: true, encoding: "utf8" }).sort(byName)) {
      const { isFile, mtimeMs, size } = factsOf(join(path, name))
      if (isFile) hash.update(`${path}/${name} ${size} ${mtimeMs}\n`)
    }
  }
  return hash.digest("hex")
}

const byName = (a, b) => (a < b ? -1 : 1)

function factsOf(file) {
  const facts = statSync(file)
  return { isFile: facts.isFile(), mtimeMs: facts.mtimeMs, size: facts.size }
}

// What has a native part, which stays where it is installed.
const natives = ["better-sqlite3", "@chainsafe/libp2p-quic"]

async function leaveNative(id, importer) {
  if (!natives.includes(id)) return undefined
  const found = await this.resolve(id, importer, { skipSelf: true })
  return found === null ? undefined : { id: pathToFileURL(realpathSync(found.id)).href, external: true }
}

/** Makes the bundle of a program, unless it is there. */
export async function make(program) {
  if (isFresh(program)) return
  const { folder, input, sources } = program
  const madeOf = fingerprint(sources)
  const { rolldown } = await import("rolldown")
  const build = await rolldown({
    input,
    platform: "node",
    logLevel: "warn",
    // Speeds of `ws` that are used when they are installed; we install none.
    external: ["bufferutil", "utf-8-validate"],
    plugins: [{ name: "native", resolveId: leaveNative }]
  })
  // Beside its place and then there in one go, for others may start at the same time.
  const dir = `${folder}-${process.pid}`
  try {
    await build.write({ dir, format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" })
    await build.close()
    writeFileSync(join(dir, stampName), madeOf)
    if (isFresh(program)) return
    rmSync(folder, { recursive: true, force: true })
    renameSync(dir, folder)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const VITE_MS_MAX = 120_000

/** Makes the pages, unless they are there; each file also packed, as browsers take it. */
export async function makePages() {
  if (isFresh(pages)) return
  const madeOf = fingerprint(pages.sources)
  const dir = `${pages.folder}-${process.pid}`
  const home = join(root, "apps/admin")
  const vite = realpathSync(join(home, "node_modules/vite/bin/vite.js"))
  try {
    await ran(process.execPath, [vite, "build", "--outDir", dir, "--logLevel", "error"], home)
    await packAll(join(dir, "assets"))
    writeFileSync(join(dir, stampName), madeOf)
    if (isFresh(pages)) return
    rmSync(pages.folder, { recursive: true, force: true })
    renameSync(dir, pages.folder)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function ran(command, args, cwd) {
  const child = spawn(command, args, {
    cwd,
    stdio: "inherit",
    timeout: VITE_MS_MAX,
    // Whoever builds within tests has another, by which libraries are much larger.
    env: { ...process.env, NODE_ENV: "production" }
  })
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`${args[0]} ended with ${code}`))))
  })
}

async function packAll(folder) {
  for (const name of readdirSync(folder)) {
    const contents = readFileSync(join(folder, name))
    writeFileSync(join(folder, `${name}.br`), await promisify(brotliCompress)(contents))
    writeFileSync(join(folder, `${name}.gz`), await promisify(gzip)(contents, { level: 9 }))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await Promise.all([make(hub), makePages()])
