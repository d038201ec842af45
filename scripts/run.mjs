// Every root script comes through here: `node scripts/run.mjs <task> [arguments]`.
// It prepares the tools, then runs the task. Plain JavaScript without dependencies, because it runs before the install.
import { guards } from "./guards.mjs"
import { hub as hubBundle, isFresh, pages } from "./bundle.mjs"
import { runChild, runCaptured } from "./child.mjs"
import { prepare, root } from "./toolchain.mjs"

const MINUTE_MS = 60_000
const TEST_MS_MAX = 20 * MINUTE_MS
const GUARD_MS_MAX = 10 * MINUTE_MS

const tasks = {
  start: async (tools, args) => {
    const main = await hub(tools)
    return typeof main === "number" ? main : program(tools, [main, ...args])
  },
  dev: (tools, args) => program(tools, ["--watch", "apps/server/src/main.ts", ...args]),
  syncline: (tools, args) =>
    program(tools, [`${root}/apps/cli/src/main.ts`, ...args], process.env.INIT_CWD ?? process.cwd()),
  sim: (tools, args) => program(tools, ["packages/core/test/simulation/longRun.ts", ...args]),
  "sim:team": (tools, args) => program(tools, ["packages/policy/test/simulation/longRun.ts", ...args]),
  "sim:pairing": (tools, args) => program(tools, ["packages/core/test/pairing/longRun.ts", ...args]),
  "sim:mailbox": (tools, args) => program(tools, ["packages/core/test/mailbox/longRun.ts", ...args]),
  crash: (tools, args) => program(tools, ["examples/cities/test/crashMain.ts", ...args]),
  powercut: (tools, args) => program(tools, ["packages/node/test/powercut/main.ts", ...args]),
  ready: (tools, args) => withHub(tools, ["bench/src/ready/main.ts", ...args]),
  soak: (tools, args) => withHub(tools, ["bench/src/soak/main.ts", ...args]),
  netlab: (tools, args) => program(tools, ["bench/src/netlab/main.ts", ...args]),
  screenshots: (tools, args) => withHub(tools, ["apps/admin/test/screenshots.ts", ...args]),
  bench: (tools, args) => program(tools, ["bench/src/main.ts", ...args]),
  build: (tools, args) => tool(tools, "turbo", ["run", "build", ...args], TEST_MS_MAX),
  test: testsOf,
  format: (tools, args) => tool(tools, "oxfmt", args, GUARD_MS_MAX),
  check
}

/**
 * Packages whose tests fill both cores by themselves are tested one at a time: two of them at once take as long as one after the other, and
 * hold up each other's timers. So are libp2p's, which are held to times. The others wait for processes and sockets half of the time, so two
 * of them are tested at once.
 */
async function testsOf(tools, args) {
  const run = (...more) => tool(tools, "turbo", ["run", "test", "--continue", ...more, ...args], TEST_MS_MAX)
  if (args.some((arg) => arg.startsWith("--filter"))) return run("--concurrency=1")
  const alone = ["core", "node", "transport-libp2p", "cli", "server", "admin"].map((name) => `@syncline/${name}`)
  const first = await run("--concurrency=1", ...alone.map((name) => `--filter=${name}`))
  const others = await run("--concurrency=2", ...alone.map((name) => `--filter=!${name}`))
  return first === 0 ? others : first
}

const [name, ...given] = process.argv.slice(2)
// npm takes the first `--` for itself, other callers leave it.
const args = given[0] === "--" ? given.slice(1) : given
const task = Object.hasOwn(tasks, name ?? "") ? tasks[name] : undefined
if (task === undefined) {
  console.error(`Usage: node scripts/run.mjs <${Object.keys(tasks).join("|")}> [arguments]`)
  process.exit(2)
}
process.exitCode = await task(prepare(), args)

// A program of ours, in Node itself and without turbo, so that signals, terminal and exit code are its own.
function program(tools, argv, cwd = root) {
  return runChild(tools.node, argv, { cwd, env: tools.env })
}

// The hub's program in a few files; its sources do the same, more slowly, where they cannot be made.
async function hub(tools) {
  if (isFresh(hubBundle) && isFresh(pages)) return hubBundle.file
  const made = await runChild(tools.node, ["scripts/bundle.mjs"], { cwd: root, env: tools.env, limitMs: MINUTE_MS })
  // Whoever stops the bundling does not want a hub.
  if (made >= 128) return made
  return made === 0 ? hubBundle.file : "apps/server/src/main.ts"
}

// A program that starts hubs as `start` does.
async function withHub(tools, argv) {
  await hub(tools)
  return program(tools, argv)
}

function tool(tools, command, argv, limitMs) {
  return runChild(command, argv, { cwd: root, env: tools.env, limitMs })
}

// All guards run even when one fails, so that one run tells everything.
async function check(tools, only) {
  const failed = []
  for (const guard of guards.filter(({ name }) => only.length === 0 || only.includes(name))) {
    const began = Date.now()
    const { code, output } = await runCaptured(guard.command, guard.args, {
      cwd: root,
      env: tools.env,
      limitMs: GUARD_MS_MAX
    })
    const seconds = ((Date.now() - began) / 1000).toFixed(1)
    if (code !== 0) {
      failed.push(guard.name)
      console.log(output.trimEnd())
    }
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${guard.name}: ${guard.keeps} (${seconds} s)`)
  }
  console.log(failed.length === 0 ? "check: all guards pass" : `check: failed: ${failed.join(", ")}`)
  return failed.length === 0 ? 0 : 1
}
