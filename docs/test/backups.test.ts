// The commands that the README shows for backups and for the way out, run in a shell on a hub that runs.
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { read, root } from "./repositoryTree.ts"

const hubMain = join(root, "apps/server/bundle/main.js")
const commandLine = join(root, "apps/cli/src/main.ts")
// What npm adds to a command of this repository is of no interest here; its folder would be.
const npm = `npm() { shift 4; "${process.execPath}" "${commandLine}" "$@"; }\nset -e\n`

it(
  "the README's commands back a running hub up, restore it, and take its records out and in",
  { timeout: 120_000 },
  async () => {
    const cwd = mkdtempSync(join(tmpdir(), "syncline-backups-"))
    onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
    const shell = (text: string): string =>
      execFileSync("bash", ["-c", npm + text], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    const hub = spawn(process.execPath, [hubMain], {
      cwd,
      env: { ...process.env, SYNCLINE_PORT: "0", SYNCLINE_DATA: join(cwd, "data"), SYNCLINE_LOG_LEVEL: "silent" },
      stdio: ["ignore", "pipe", "inherit"]
    })
    onTestFinished(() => void hub.kill("SIGKILL"))
    let said = ""
    hub.stdout.setEncoding("utf8").on("data", (text: string) => (said += text))
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/address +(\S+)/)
    const address = /address +(\S+)/.exec(said)![1]!
    shell(`
    npm run -s syncline -- init --data ./laptop --hub ${address}
    npm run -s syncline -- trust "$(npm run -s syncline -- id --data ./laptop)" --data ./data
    npm run -s syncline -- put task '{"title":"Milk"}' --data ./laptop
    npm run -s syncline -- sync --data ./laptop`)
    const section = read("README.md").split("## Backups, and the way out")[1]!
    const commands = /```sh\n([\s\S]*?)```/.exec(section)![1]!
    const printed = shell(commands)
    const hash = shell("npm run -s syncline -- hash --data ./data").trim()
    expect(hash).toContain("1 record")
    expect(printed).toContain("is good: 1 record")
    expect(printed).toContain("would be restored")
    expect(printed.split("\n").filter((line) => line === hash).length).toBe(2)
  }
)
