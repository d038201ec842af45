// Puts the hub's program and all that it imports into a few files, so that a start reads those and not six hundred.
// What is in them is the source as it is; they are made again when a source or a version has changed.
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// Beside `src`, because the program finds its own manifest and cache from where it lies.
const folder = join(root, "apps/server/bundle")
const stampName = "made-of"
const sources = ["apps/server/src", "packages/core/src", "packages/node/src", "packages/policy/src"]
const folders = [...sources, "packages/transport-socketio/src"].map((path) => join(root, path))

/** The hub's program as one starts it. */
export const bundled = join(folder, "main.js")

/** True when the bundle is of the sources as they are. */
export function isFresh() {
  try {
    return readFileSync(join(folder, stampName), "utf8") === fingerprint()
  } catch {
    return false
  }
}

// Names, sizes and times of all sources: reading them would take longer than it saves.
function fingerprint() {
  const hash = createHash("sha256").update(readFileSync(join(root, "pnpm-lock.yaml")))
  for (const path of folders) {
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

async function make() {
  const madeOf = fingerprint()
  const { rolldown } = await import("rolldown")
  // It has a native part and stays where it is installed.
  const native = "better-sqlite3"
  const fromNode = createRequire(join(root, "packages/node/package.json"))
  const installed = pathToFileURL(realpathSync(fromNode.resolve(native))).href
  const build = await rolldown({
    input: {
      main: join(root, "apps/server/src/main.ts"),
      journalWorker: join(root, "packages/node/src/journalWorker.ts")
    },
    platform: "node",
    logLevel: "warn",
    // Speeds of `ws` that are used when they are installed; we install none.
    external: ["bufferutil", "utf-8-validate"],
    plugins: [{ name: "native", resolveId: (id) => (id === native ? { id: installed, external: true } : undefined) }]
  })
  // Beside its place and then there in one go, for others may start at the same time.
  const dir = `${folder}-${process.pid}`
  try {
    await build.write({ dir, format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" })
    await build.close()
    writeFileSync(join(dir, stampName), madeOf)
    if (isFresh()) return
    rmSync(folder, { recursive: true, force: true })
    renameSync(dir, folder)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await make()
