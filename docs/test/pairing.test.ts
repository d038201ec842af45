// The program that PAIRING.md shows, run as the two devices that it is for.
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { root } from "./repositoryTree.ts"
// @boundaries-ignore which ports are nobody's is one knowledge of all tests
import { freePort } from "../../scripts/freePort.ts"

const program = fileURLToPath(new URL("../snippets/pairing.ts", import.meta.url))
const runMsMax = 60_000

interface Running {
  readonly said: () => string
  readonly ended: Promise<number | null>
}

const run = (cwd: string, script: string, args: ReadonlyArray<string>, env: Record<string, string> = {}): Running => {
  const child = spawn(process.execPath, [script, ...args], { cwd, env: { ...process.env, ...env } })
  const timer = setTimeout(() => child.kill("SIGKILL"), runMsMax)
  onTestFinished(() => void child.kill("SIGKILL"))
  let text = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (text += bytes.toString()))
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve)).finally(() => clearTimeout(timer))
  return { said: () => text, ended }
}

const found = async ({ said }: Running, pattern: RegExp): Promise<string> => {
  for (let i = 0; i < runMsMax / 50; i++) {
    const match = pattern.exec(said())?.[1]
    if (match !== undefined) return match
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${pattern} was not said, but: ${said()}`)
}

it("two devices pair in one network with nothing in between", { timeout: 2 * runMsMax }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), "syncline-pairing-"))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  // Somebody else in this network may be inviting, and a busy machine may not be found in time: neither costs an attempt.
  const isUnmet = (said: string): boolean => said.includes("several devices") || said.includes("nobody invites")
  const pair = async () => {
    const laptop = run(cwd, program, ["nearby", "new"])
    const code = await found(laptop, /code (\d{3}-\d{3})\n/)
    let phone = run(cwd, program, ["nearby", code])
    for (let i = 0; i < 20 && (await phone.ended) === 0 && isUnmet(phone.said()); i++)
      phone = run(cwd, program, ["nearby", code])
    return { laptop, phone, codes: [await laptop.ended, await phone.ended] }
  }
  let { codes, laptop, phone } = await pair()
  // Whoever tries another code here, say in the same test beside this one, uses the one attempt up.
  for (let i = 0; i < 2 && codes[0] !== 0; i++) ({ codes, laptop, phone } = await pair())
  expect(codes).toEqual([0, 0])
  expect(laptop.said()).toContain("trusts phone\n")
  expect(phone.said()).toContain("trusts laptop\n")
})

it("two devices pair through a hub that knows neither", { timeout: 2 * runMsMax }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), "syncline-pairing-"))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  const env = { SYNCLINE_PORT: String(await freePort()), SYNCLINE_DATA: join(cwd, "hub"), SYNCLINE_LOG_LEVEL: "error" }
  const hub = run(cwd, join(root, "apps/server/src/main.ts"), [], env)
  const address = await found(hub, /address +(\S+)/)
  const laptop = run(cwd, program, [address, "new"])
  const phone = run(cwd, program, [address, await found(laptop, /code (\S+)/)])
  expect([await laptop.ended, await phone.ended]).toEqual([0, 0])
  const number = await found(phone, /check number (\d{4})/)
  expect(laptop.said()).toContain(`wants to join, check number ${number}\ntrusts phone\n`)
  expect(phone.said()).toContain("trusts laptop\n")
})
