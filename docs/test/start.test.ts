// `npm start`: the hub runs from its bundle, which is of the sources as they are, and ends when it is told to.
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { root } from "./repositoryTree.ts"

const startMsMax = 60_000

it("npm start runs a hub from a bundle of the present sources", { timeout: 2 * startMsMax }, async () => {
  const data = mkdtempSync(join(tmpdir(), "syncline-start-"))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const child = spawn(process.execPath, [join(root, "scripts/run.mjs"), "start"], {
    cwd: root,
    env: { ...process.env, SYNCLINE_PORT: "0", SYNCLINE_HOST: "127.0.0.1", SYNCLINE_DATA: data },
    stdio: ["ignore", "pipe", "pipe"]
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  const address = await new Promise<string>((resolve, reject) => {
    let said = ""
    const timer = setTimeout(() => child.kill("SIGKILL"), startMsMax)
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()))
    child.stdout.on("data", (bytes: Buffer) => {
      said += bytes.toString()
      const found = /^ {2}address +(\S+)$/m.exec(said)?.[1]
      if (found === undefined) return
      clearTimeout(timer)
      resolve(found)
    })
    void ended.then(() => reject(new Error(said)))
  })
  expect((await fetch(`${address}/readyz`)).status).toBe(200)
  const identity = (await (await fetch(`${address}/api/v1/identity`)).json()) as { readonly version: string }
  expect(identity.version).toMatch(/^\d+\.\d+\.\d+$/)
  const bundle = (await import(pathToFileURL(join(root, "scripts/bundle.mjs")).href)) as {
    hub: unknown
    isFresh: (program: unknown) => boolean
  }
  expect(bundle.isFresh(bundle.hub)).toBe(true)
  child.kill("SIGTERM")
  expect(await ended).toBe(0)
})
