// A sealed team that meets in a folder as well: what of it somebody opens who was removed, with every key that they had.
import { mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { run, startHub, teamSchema, temporaryFolder } from "./commandRunner.ts"

it("[CL-131] [CL-145] the files of a mailbox open for who was removed as far as they were written before that", async () => {
  const folder = temporaryFolder()
  onTestFinished(() => folder.remove())
  const at = (name: string): string => join(folder.path, name)
  const hub = await startHub(at("hub"), { SYNCLINE_POLICY: "enterprise" })
  onTestFinished(hub.stop)
  const onHub = async (...args: ReadonlyArray<string>) =>
    expect((await run([...args, "--data", at("hub")])).code).toBe(0)
  mkdirSync(at("cloud"))
  await onHub("team", "add", "north")
  const people = {
    laptop: ["ann", "--role", "admin"],
    tablet: ["bo", "--team", "north"],
    phone: ["mia", "--team", "north"]
  }
  for (const [name, member] of Object.entries(people)) {
    await run(["init", "--data", at(name), "--hub", hub.address])
    const id = (await run(["id", "--data", at(name)])).out.trim()
    await onHub("member", "add", ...member, "--device", id)
    expect((await run(["road", "add", "folder", at("cloud"), "--data", at(name)])).code).toBe(0)
  }
  await onHub("seal")
  const sync = async (...names: ReadonlyArray<string>) => {
    for (const name of names) expect((await run(["sync", "--data", at(name)])).code).toBe(0)
  }
  const put = (id: string, title: string) =>
    run([
      "put",
      "task",
      JSON.stringify({ team: "north", title }),
      "--id",
      id,
      "--schema",
      teamSchema,
      "--data",
      at("laptop")
    ])
  await sync("laptop", "tablet", "phone", "laptop", "tablet", "phone")
  expect((await put("t1", "only among us")).code).toBe(0)
  await sync("laptop", "phone", "tablet")
  await onHub("member", "remove", "mia")
  await sync("laptop", "tablet")
  expect((await put("t2", "after mia left")).code).toBe(0)
  await sync("laptop", "tablet", "laptop")

  /** Everything that a device opens of what lies in the folder now. */
  const openedBy = async (name: string): Promise<string> => {
    const files = readdirSync(at("cloud"), { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
    const shown = []
    for (const file of files) {
      const path = join(file.parentPath, file.name)
      if (/^(seg|head)-/.test(file.name)) shown.push((await run(["open", path, "--data", at(name)])).out)
    }
    return shown.join("\n")
  }
  const [phones, tablets] = [await openedBy("phone"), await openedBy("tablet")]
  expect([phones.includes("only among us"), phones.includes("after mia left")]).toEqual([true, false])
  expect([tablets.includes("only among us"), tablets.includes("after mia left")]).toEqual([true, true])
}, 120_000)
