// The program that the README shows first, run as a newcomer would: beside a hub, in a folder of its own.
import { spawn, type ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { read } from "./repositoryTree.ts"

const hubMain = fileURLToPath(new URL("../../apps/server/bundle/main.js", import.meta.url))
const hello = fileURLToPath(new URL("../snippets/hello.ts", import.meta.url))

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "syncline-hello-"))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A process whose output is waited for. */
const start = (
  cwd: string,
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) => {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"]
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  let output = ""
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (output += text))
  return async (said: RegExp): Promise<string> => {
    await expect.poll(() => output, { timeout: 20_000, interval: 20 }).toMatch(said)
    return said.exec(output)![1] ?? ""
  }
}

it("the first program has at most 20 lines and gets in step with a hub", { timeout: 60_000 }, async () => {
  const lines = read("docs/snippets/hello.ts").split("\n")
  expect(lines.filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(20)

  const data = folder()
  const hub = start(data, hubMain, [], { SYNCLINE_PORT: "0", SYNCLINE_DATA: data, SYNCLINE_LOG_LEVEL: "silent" })
  const address = await hub(/address +(\S+)/)
  const program = start(folder(), hello, [address, await hub(/peer id +(\S+)/)])
  const device = await program(/trust (\S+) --data/)
  await program(/Done: \[\s*\{[^}]*title: 'Milk'/)
  // What `syncline trust` writes.
  writeFileSync(join(data, "trusted-peers"), `${device}\n`)
  await program(/In step with the hub, 1 tasks\./)
})
