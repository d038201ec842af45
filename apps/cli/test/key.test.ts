/**
 * The passphrase of a device's key, and a key on paper: what is asked, what is said, and that neither is kept or shown.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { run, runAlone, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const device = join(folder.path, "device")
const [first, second] = ["first words of a person", "second words of a person"] as const
const fileOf = (name: string, text: string): string => {
  const path = join(folder.path, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
/** As a process of its own, for the environment. */
const given = (passphrase: string, ...args: ReadonlyArray<string>) =>
  runAlone([...args, "--data", device], { env: { SYNCLINE_PASSPHRASE_FILE: fileOf("given", `${passphrase}\n`) } })
const idOf = async (data = device): Promise<string> => (await run(["id", "--data", data])).out.trim()

beforeAll(async () => {
  expect((await run(["init", "--data", device])).code).toBe(0)
})
afterAll(() => folder.remove())

it("[CL-110] a key under a passphrase opens for commands that are given it, and for no others", async () => {
  const peer = await idOf()
  const protect = ["key", "protect", "--data", device, "--new-passphrase-file"]
  const short = await run([...protect, fileOf("short", "1234567\n")])
  expect(short).toMatchObject({ code: 1, out: "", err: "a passphrase has at least 8 characters.\n" })
  expect(await run(["key", "protect", "--data", device])).toMatchObject({ code: 2, out: "" })
  const done = await run([...protect, fileOf("first", `${first}\nand more\n`)])
  expect(done).toMatchObject({ code: 0 })
  expect(done.out).toContain("is under the passphrase now")

  const locked = await run(["id", "--data", device])
  expect(locked).toMatchObject({ code: 1, out: "" })
  expect(locked.err).toContain("is under a passphrase, and none was given")
  expect((await given(second, "id")).err).toContain("the passphrase does not open")
  const missing = join(folder.path, "no such file")
  const unread = await runAlone(["id", "--data", device], { env: { SYNCLINE_PASSPHRASE_FILE: missing } })
  expect(unread.err).toContain(`SYNCLINE_PASSPHRASE_FILE: ${missing} cannot be read`)
  expect((await given(second, "key", "unprotect")).code).toBe(1)
  expect((await given(first, "id")).out).toBe(`${peer}\n`)
  expect((await given(first, "put", "city", `{"id":"1","name":"Ghent"}`)).code).toBe(0)
  expect((await given(first, "key", "protect", "--new-passphrase-file", fileOf("second", second))).code).toBe(0)
  expect(await given(second, "id")).toMatchObject({ code: 0, out: `${peer}\n`, err: "" })
  expect((await given(second, "key", "unprotect")).out).toContain("under no passphrase")
  expect(await idOf()).toBe(peer)
})

it("[CL-111] a key on paper is shown once, kept nowhere, and makes a new folder that device", async () => {
  const told = await run(["key", "paper", "--data", device, "--json"])
  const { peer, words } = JSON.parse(told.out) as { readonly peer: string; readonly words: string }
  expect(told).toMatchObject({ code: 0, err: "" })
  expect(words.split(" ").length).toBe(24)
  const kept = readdirSync(device, { recursive: true, encoding: "utf8" }).map((name) => join(device, name))
  for (const path of kept) expect(readFileSync(path).includes(words.slice(0, 30))).toBe(false)

  const restored = join(folder.path, "restored")
  const restore = (input: string) => run(["key", "restore", "--data", restored], { input })
  const typed = words.split(" ").map((word, place) => `${place + 1} ${word.toUpperCase()}`)
  const wrong = await restore(`${typed.with(3, "syncline").join("\n")}\n`)
  expect(wrong).toMatchObject({ code: 2, out: "" })
  expect(wrong.err).toContain("This is no recovery key: word 4 is none of the list")
  expect(wrong.err).not.toContain(words.split(" ")[0])
  expect((await restore("")).err).toContain("a recovery key has 24 words, not 0")
  expect(existsSync(restored)).toBe(false)
  expect((await restore(`${typed.join("\n")}\n`)).code).toBe(0)
  expect(await idOf(restored)).toBe(peer)
  // Never in place of another key.
  expect(await restore(`${typed.join("\n")}\n`)).toMatchObject({ code: 2, out: "" })
  expect((await run(["key", "paper", "--data", device])).out).not.toContain(words.split(" ").slice(0, 3).join(" "))
})

it("[CL-111] people read a key on paper in four rows, and are told how to let it in", async () => {
  const told = await run(["key", "paper", "--data", device])
  const rows = told.out.trimEnd().split("\n")
  expect(rows.length).toBe(4)
  expect(rows.flatMap((row) => row.match(/\d+ [a-z]+/g) ?? []).length).toBe(24)
  expect(told.err).toContain("trust 12D3KooW")
  expect(told.err).toContain("key restore --data")
})

it("[CL-112] no command on a key makes a device of a folder that is none", async () => {
  const nowhere = join(folder.path, "nowhere")
  for (const name of ["protect", "unprotect", "paper"]) {
    const told = await run(["key", name, "--data", nowhere])
    expect(told).toMatchObject({ code: 1, out: "" })
    expect(told.err).toContain("is no device")
  }
  expect(existsSync(nowhere)).toBe(false)
})
