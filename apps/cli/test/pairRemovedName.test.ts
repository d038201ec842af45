// A device that is called as a member whom the team has removed.
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { run, start, startHub, temporaryFolder } from "./commandRunner.ts"

it("[CL-150] [CL-105] a device that is called as a member that was removed becomes a new member", async () => {
  const folder = temporaryFolder()
  onTestFinished(() => folder.remove())
  const data = join(folder.path, "team")
  const hub = await startHub(data, { SYNCLINE_POLICY: "enterprise", SYNCLINE_SPACE: "office" })
  onTestFinished(() => hub.stop())
  for (const word of ["add", "remove"]) expect((await run(["member", word, "late", "--data", data])).code).toBe(0)
  const started = start(["pair", "new", "--json", "--data", data])
  onTestFinished(() => void started.child.kill("SIGKILL"))
  let text = ""
  started.child.stdout!.on("data", (said: string) => (text += said))
  await started.said(`"expiresMs"`)
  const { digits } = JSON.parse(text.split("\n", 1)[0]!) as { readonly digits: string }
  const accept = async () => {
    for (let i = 0; i < 400; i++) {
      const said = await run(["pair", "accept", "--data", data])
      if (!said.err.includes("Nobody waits")) return said
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error("nobody came")
  }
  const joining = run([
    "pair",
    "join",
    digits,
    "--hub",
    hub.address,
    "--name",
    "late",
    "--data",
    join(folder.path, "a")
  ])
  const [joined] = await Promise.all([joining, accept()])
  expect([joined.code, (await started.ended).code]).toEqual([0, 0])
  const list = await run(["member", "list", "--json", "--data", data])
  const { members } = JSON.parse(list.out) as { readonly members: ReadonlyArray<{ readonly id: string }> }
  expect(members.map(({ id }) => id)).toEqual(["owner", expect.stringMatching(/^late-/)])
}, 60_000)
