// What a file of a mailbox shows to a device that it is for, and to one that it is not.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { FileSeal, PeerId } from "@syncline/core"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { run, runAlone, type RunOptions, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const cloud = join(folder.path, "cloud")
const [a, b, c] = [join(folder.path, "a"), join(folder.path, "b"), join(folder.path, "c")]
const passphrase = join(folder.path, "passphrase")
const env = { SYNCLINE_SPACE_PASSPHRASE_FILE: passphrase }

const idOf = async (device: string): Promise<string> => (await run(["id", "--data", device])).out.trim()
const errorOf = (err: string): { readonly code: string; readonly message: string } =>
  (JSON.parse(err) as { readonly error: { readonly code: string; readonly message: string } }).error
/** The files of a kind in the cloud, the newest of a device first. */
const filesOf = (kind: string): ReadonlyArray<string> =>
  readdirSync(cloud, { recursive: true })
    .map((name) => join(cloud, String(name)))
    .filter((file) => file.includes(`/${kind}-`))
    .sort()
    .reverse()
const open = (file: string, device: string, options?: RunOptions) =>
  (options === undefined ? run : runAlone)(["open", file, "--data", device, "--json"], options)

beforeAll(async () => {
  mkdirSync(cloud)
  writeFileSync(passphrase, "correct horse battery staple\n")
  for (const device of [a, b, c]) await run(["init", "--data", device])
  for (const device of [a, b]) await run(["road", "add", "folder", cloud, "--data", device])
  await run(["trust", await idOf(b), "--data", a])
  await run(["put", "city", '{"name":"Oslo","size":7}', "--id", "1", "--data", a])
  expect((await run(["sync", "--data", a])).code).toBe(0)
})
afterAll(() => folder.remove())

describe("a file of a mailbox", () => {
  it("[CL-145] shows a reader whose it is, and which records and fields it writes", async () => {
    const [segment] = filesOf("seg")
    const shown = await open(segment!, b)
    expect(shown).toMatchObject({ code: 0, err: "" })
    const peer = await idOf(a)
    const commit = {
      author: peer,
      signed: true,
      type: "city",
      contents: "plain",
      entities: [
        {
          id: "1",
          kind: "changed",
          changes: [
            { kind: "lww", field: "name", value: "Oslo" },
            { kind: "lww", field: "size", value: 7 }
          ]
        }
      ]
    }
    const facts = { file: segment, asNamed: true, owner: peer, kind: "segment", records: [], unknown: 0 }
    expect(JSON.parse(shown.out)).toMatchObject({ ...facts, commits: [commit] })
    const told = await run(["open", segment!, "--data", b])
    expect(told.out).toContain(`signed by ${peer}: city\n  change 1: name = "Oslo"; size = 7`)
    expect(told.out).toContain("as its name says")
    const head = await open(filesOf("head")[0]!, b)
    expect(JSON.parse(head.out)).toMatchObject({ kind: "head", author: peer, owner: peer, segments: { own: 1 } })
    expect((await run(["open", filesOf("head")[0]!, "--data", b])).out).toMatch(
      /head \d+ of the device .*, signed by it/
    )
    expect((await run(["query", "city", "--count", "--data", b])).out).toBe("0\n")
  })

  it("[CL-145] tells a device that it is not for, and what is none of a mailbox", async () => {
    const [segment] = filesOf("seg")
    const closed = await open(segment!, c)
    expect(closed).toMatchObject({ code: 4, out: "" })
    expect(errorOf(closed.err).code).toBe("FileClosed")
    const bytes = readFileSync(segment!)
    bytes[bytes.length - 1]! ^= 1
    const damaged = join(folder.path, "damaged.age")
    writeFileSync(damaged, bytes)
    expect(await open(damaged, b)).toMatchObject({ code: 4, out: "" })
    const seal = FileSeal.ofSeed(new Uint8Array(32).fill(1))
    const peer = await idOf(b)
    if (!PeerId.is(peer)) throw new Error(peer)
    const letter = join(folder.path, "letter.age")
    writeFileSync(letter, await Effect.runPromise(seal.seal(new TextEncoder().encode("Dear B"), [peer])))
    const foreign = await open(letter, b)
    expect(foreign).toMatchObject({ code: 1, out: "" })
    expect(errorOf(foreign.err).code).toBe("FileForeign")
    const large = join(folder.path, "large.age")
    writeFileSync(large, Buffer.alloc(4 * 1024 * 1024 + 1))
    expect(errorOf((await open(large, b)).err)).toMatchObject({
      code: "InputUnreadable",
      message: expect.stringContaining("a mailbox carries 4194304")
    })
    expect(errorOf((await open(join(folder.path, "none.age"), b)).err).code).toBe("InputUnreadable")
    expect(errorOf((await open(segment!, join(folder.path, "nobody"))).err).code).toBe("DeviceMissing")
    const renamed = join(folder.path, `seg-0000000001-${"a".repeat(26)}.age`)
    writeFileSync(renamed, readFileSync(segment!))
    expect(JSON.parse((await open(renamed, b)).out)).toMatchObject({ asNamed: false, owner: null })
  })

  it("[CL-145] shows values of a sealed space only with its key", async () => {
    const [d, e] = [join(folder.path, "d"), join(folder.path, "e")]
    for (const device of [d, e]) await runAlone(["init", "--data", device, "--space", "sealed"], { env })
    await run(["trust", await idOf(e), "--data", d])
    await run(["road", "add", "folder", cloud, "--data", d])
    await runAlone(["put", "city", '{"name":"Riga"}', "--id", "1", "--data", d], { env })
    const before = new Set(filesOf("seg"))
    expect((await runAlone(["sync", "--data", d], { env })).code).toBe(0)
    const segment = filesOf("seg").find((file) => !before.has(file))!
    const open_ = { contents: "opened", entities: [{ id: "1", changes: [{ field: "name", value: "Riga" }] }] }
    expect(JSON.parse((await open(segment, e, { env })).out)).toMatchObject({ commits: [open_] })
    const blind = await open(segment, e, { env: {} })
    expect(JSON.parse(blind.out)).toMatchObject({
      commits: [{ contents: "locked", signed: true, type: "city", entities: [{ id: "1", changes: [] }] }]
    })
    expect(blind.out).not.toContain("Riga")
  })

  it("[CL-146] opens with a program for age and the identity, which is shown only on demand", async () => {
    const peer = await idOf(b)
    if (!PeerId.is(peer)) throw new Error(peer)
    const told = await run(["key", "age", "--data", b])
    expect(told.out).toBe(`${FileSeal.recipientOf(peer)}\n`)
    expect(told.out + told.err).not.toContain("SECRET")
    expect((await run(["key", "age", "--data", b, "--json"])).out).not.toContain("SECRET")
    const shown = await run(["key", "age", "--show-secret", "--data", b])
    expect(shown.out).toBe(`${FileSeal.identityOf(new Uint8Array(readFileSync(join(b, "device.key"))))}\n`)
    expect((await run(["key", "age", "--data", join(folder.path, "nobody")])).code).toBe(1)
  })
})
