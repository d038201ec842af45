// A device that is called as a member whom the team has removed.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { run, start, startHub, temporaryFolder } from "./commandRunner.ts"

/** A team's hub, and a code of it; then a device that is called `late` comes by it, and a person says yes. */
const comeLate = async (before: ReadonlyArray<string>, meanwhile: ReadonlyArray<string>) => {
  const folder = temporaryFolder()
  onTestFinished(() => folder.remove())
  const data = join(folder.path, "team")
  const hub = await startHub(data, { SYNCLINE_POLICY: "enterprise", SYNCLINE_SPACE: "office" })
  onTestFinished(() => hub.stop())
  const change = async (words: ReadonlyArray<string>) => {
    for (const word of words) expect((await run(["member", word, "late", "--data", data])).code).toBe(0)
  }
  await change(before)
  const started = start(["pair", "new", "--json", "--data", data])
  onTestFinished(() => void started.child.kill("SIGKILL"))
  let text = ""
  started.child.stdout!.on("data", (said: string) => (text += said))
  await started.said(`"expiresMs"`)
  const { digits } = JSON.parse(text.split("\n", 1)[0]!) as { readonly digits: string }
  await change(meanwhile)
  const accept = async () => {
    for (let i = 0; i < 400; i++) {
      const said = await run(["pair", "accept", "--data", data])
      if (!said.err.includes("Nobody waits")) return said
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error("nobody came")
  }
  const own = join(folder.path, "a")
  const joining = run(["pair", "join", digits, "--hub", hub.address, "--name", "late", "--data", own])
  const [joined] = await Promise.all([joining, accept()])
  const { code, err } = await started.ended
  const list = await run(["member", "list", "--json", "--data", data])
  const { members } = JSON.parse(list.out) as { readonly members: ReadonlyArray<{ readonly id: string }> }
  return { codes: [joined.code, code], err, members: members.map(({ id }) => id), isThere: existsSync(own) }
}

it("[CL-150] [CL-105] a device that is called as a member that was removed becomes a new member", async () => {
  const { codes, members } = await comeLate(["add", "remove"], [])
  expect(codes).toEqual([0, 0])
  expect(members).toEqual(["owner", expect.stringMatching(/^late-/)])
}, 60_000)

it("[CL-150] [CL-137] nobody is let in under an id that was shown and has been a removed member's meanwhile", async () => {
  const { codes, err, isThere, members } = await comeLate([], ["add", "remove"])
  expect({ codes, isThere, members }).toEqual({ codes: [1, 1], isThere: false, members: ["owner"] })
  expect(err).toMatch(/"TeamChanged".*there was a member late meanwhile, who was removed/)
}, 60_000)
