// A team whose contents are sealed, by the commands that people type: a hub, an admin's laptop, a member's phone.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Bytes, CharterRecord, CharterSeal, CharterState, Commit, HybridTime, KeyWrap, SpaceKey } from "@syncline/core"
import { DeviceKeyFile, NodeCompression, NodeCrypto, SqliteCharter, SqliteJournal } from "@syncline/node"
import { Effect, Redacted } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { run as runHere, runAlone, startHub, taskSchema, teamSchema, temporaryFolder } from "./commandRunner.ts"

/** What all commands of this file printed. */
const said: Array<string> = []
const run = async (...args: Parameters<typeof runHere>): ReturnType<typeof runHere> => {
  const outcome = await runHere(...args)
  said.push(outcome.out, outcome.err)
  return outcome
}

const put = (data: string, id: string, title: string) =>
  run(["put", "task", JSON.stringify({ team: "north", title }), "--id", id, "--schema", teamSchema, "--data", data])

/** The texts of all files below a folder that hold these words. */
const filesWith = (folder: string, ...words: ReadonlyArray<string | Buffer>): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((file) => statSync(file).isFile())
    .filter((file) => words.some((word) => readFileSync(file).includes(word)))

/** The seal of a charter as a stolen file has it, and every key that a device's own key opens of it. */
const keysFrom = async (folder: string, thief: string) => {
  const store = Effect.flatMap(SqliteCharter.make(folder), ({ load }) => load)
  const records = await Effect.runPromise(Effect.scoped(store))
  let seal: CharterState.SpaceSeal | undefined
  let space: CharterRecord.CharterRecord["space"] | undefined
  for (const bytes of records) {
    const record = CharterRecord.open(NodeCrypto.functions, bytes) as CharterRecord.CharterRecord
    space = record.space
    for (const operation of record.operations) {
      if (operation._tag !== "SealSpace" && operation._tag !== "RotateKey" && operation._tag !== "ShareKey") continue
      const state = { ...CharterState.empty(record.space), seal }
      ;({ seal } = CharterSeal.perform(state, operation, record))
    }
  }
  const opener = KeyWrap.openerOf(Redacted.value(await Effect.runPromise(DeviceKeyFile.load(thief))))
  const opened = new Map<SpaceKey.KeyId, SpaceKey.SpaceKey>()
  const keys = seal?.keys ?? []
  for (const { commitment, id, wraps } of keys) {
    const key = await Effect.runPromise(opener.open(space!, commitment, wraps))
    if (key !== undefined) opened.set(id, key)
  }
  for (let i = keys.length - 1; i > 0; i--) {
    const later = opened.get(keys[i]!.id)
    const before =
      later === undefined ? undefined : SpaceKey.openBefore(later, keys[i - 1]!.commitment, keys[i]!.before!)
    if (before !== undefined) opened.set(before.id, before)
  }
  return { keys: keys.map(({ id }) => id), opened }
}

const textIn = (tries: ReadonlyArray<ReturnType<typeof Commit.openContents>>): string =>
  tries
    .flatMap((contents) => (contents === undefined || typeof contents === "string" ? [] : contents))
    .map((bytes) => (bytes === null ? "" : Buffer.from(bytes).toString("latin1")))
    .join()

/** Each commit of a stolen journal: the key that it names, and what these keys open of it. */
const contentsOf = async (folder: string, opened: ReadonlyMap<SpaceKey.KeyId, SpaceKey.SpaceKey>) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* SqliteJournal.openReadOnly({ folder })
        const { commits } = yield* journal.feed(0, "nobody" as never, 1e9)
        return commits.map(({ bytes }) => {
          const packed = Commit.open(bytes) as Commit.PackedCommit
          const tries = [...opened.values()].map((key) => Commit.openContents(NodeCompression.functions, key, packed))
          return { key: packed.header.seal?.key, read: textIn(tries) }
        })
      })
    )
  )

describe("a sealed team", () => {
  it("[CL-130] [CL-131] is sealed by one command, read by its people, not by its hub, and not by who was removed", async () => {
    const folder = temporaryFolder()
    onTestFinished(folder.remove)
    const at = (name: string): string => join(folder.path, name)
    const hub = await startHub(at("hub"), { SYNCLINE_POLICY: "enterprise" })
    const onHub = (...args: ReadonlyArray<string>) => run([...args, "--data", at("hub")])
    const ids: Record<string, string> = {}
    for (const name of ["laptop", "phone"]) {
      await run(["init", "--data", at(name), "--hub", hub.address])
      ids[name] = (await run(["id", "--data", at(name)])).out.trim()
    }
    await onHub("team", "add", "north")
    await onHub("member", "add", "ann", "--role", "admin", "--device", ids["laptop"]!)
    await onHub("member", "add", "mia", "--team", "north", "--device", ids["phone"]!)
    expect((await onHub("member", "list")).err).not.toContain("sealed")
    const sealed = await onHub("seal", "--period-days", "90")
    expect(sealed).toMatchObject({ code: 0, err: expect.stringContaining("no key") as string })
    expect((await onHub("member", "list")).err).toContain("sealed once somebody who manages it is online")

    for (const name of ["laptop", "phone"]) expect((await run(["sync", "--data", at(name)])).code).toBe(0)
    expect((await onHub("member", "list")).err).toContain("sealed, key 1;")
    expect((await put(at("phone"), "t1", "only among us")).code).toBe(0)
    for (const name of ["phone", "laptop"]) expect((await run(["sync", "--data", at(name)])).code).toBe(0)
    expect((await run(["get", "task", "t1", "--data", at("laptop")])).out).toContain("only among us")
    expect((await run(["history", "task", "t1", "--data", at("laptop")])).out).toContain("only among us")
    expect((await onHub("query", "task")).out).toMatch(/t1/)
    expect((await onHub("query", "task")).out).not.toContain("only among us")
    expect((await onHub("status")).out).toMatch(/^Sealed: +1 commit that this device has no key for$/m)

    await onHub("member", "remove", "mia")
    expect((await run(["sync", "--data", at("laptop")])).code).toBe(0)
    expect((await onHub("member", "list")).err).toContain("sealed, key 2;")
    expect((await put(at("laptop"), "t2", "after mia left")).code).toBe(0)
    expect((await run(["sync", "--data", at("laptop")])).code).toBe(0)
    expect((await run(["sync", "--data", at("phone")])).code).toBe(4)
    await hub.stop()

    // All that the hub keeps, and all that the removed phone has.
    expect(filesWith(at("hub"), "only among us", "after mia left", "title")).toEqual([])
    expect(filesWith(at("phone"), "after mia left")).toEqual([])
    const stolen = await keysFrom(at("hub"), at("phone"))
    expect([...stolen.opened.keys()]).toEqual(stolen.keys.slice(0, 1))
    const [before, after] = await contentsOf(at("hub"), stolen.opened)
    expect(before).toMatchObject({ key: stolen.keys[0], read: expect.stringContaining("only among us") as string })
    expect(after).toEqual({ key: stolen.keys[1], read: "" })
    expect(hub.said()).not.toContain("only among us")
    for (const { secret } of stolen.opened.values()) {
      const key = Buffer.from(secret)
      for (const form of ["hex", "base64", "base64url"] as const) {
        expect(`${hub.said()}${said.join("")}`).not.toContain(key.toString(form))
      }
      // A key lies nowhere but wrapped: not in the hub's folder, and in those of its people only as their own key opens it.
      for (const name of ["hub", "laptop", "phone"]) expect(filesWith(at(name), key)).toEqual([])
    }
  })
})

/** A secret as it could be written down. */
const formsOf = (secret: Buffer): ReadonlyArray<Buffer> => [
  secret,
  ...(["hex", "base64", "base64url"] as const).map((form) => Buffer.from(secret.toString(form)))
]

/** What these secrets were found in, of everything that was said and that lies in the folders. */
const leaks = (secrets: ReadonlyArray<Buffer>, told: ReadonlyArray<string>, folders: ReadonlyArray<string>) => {
  const forms = secrets.flatMap(formsOf)
  const text = Buffer.from(told.join("\n"))
  return [
    ...forms.filter((form) => text.includes(form)).map((form) => `said ${form.toString("hex")}`),
    ...folders.flatMap((folder) => filesWith(folder, ...forms))
  ]
}

describe("what is secret", () => {
  it("[CL-126] [CL-131] of a link stands nowhere while a newcomer joins a sealed team and syncs", async () => {
    const folder = temporaryFolder()
    onTestFinished(folder.remove)
    const at = (name: string): string => join(folder.path, name)
    const hub = await startHub(at("hub"), { SYNCLINE_POLICY: "enterprise", SYNCLINE_LOG_LEVEL: "trace" })
    onTestFinished(hub.stop)
    const told: Array<string> = []
    const tell = async (...args: Parameters<typeof runAlone>) => {
      const outcome = await runAlone(...args)
      told.push(outcome.out, outcome.err)
      return outcome
    }
    const onHub = (...args: ReadonlyArray<string>) => tell([...args, "--data", at("hub")])
    await tell(["init", "--data", at("laptop"), "--hub", hub.address])
    const laptop = (await tell(["id", "--data", at("laptop")])).out.trim()
    await onHub("team", "add", "north")
    await onHub("member", "add", "ann", "--role", "admin", "--device", laptop)
    await onHub("seal", "--hide-history")
    expect((await tell(["sync", "--data", at("laptop")])).code).toBe(0)
    // The one place where a link is shown.
    const invited = await runAlone(["invite", "new", "--team", "north", "--data", at("hub")])
    const [link] = /http:\S+\/join#\S+/.exec(invited.out)!
    const ask = () => tell(["join", "--timeout", "0", "--name", "Mia", "--data", at("phone")], { input: `${link}\n` })
    expect((await ask()).code).toBe(1)
    expect((await onHub("request", "approve")).code).toBe(0)
    expect((await ask()).code).toBe(0)
    for (const name of ["laptop", "phone"]) expect((await tell(["sync", "--data", at(name)])).code).toBe(0)
    const title = `{"team":"north","title":"only among us"}`
    const written = ["put", "task", title, "--id", "t1", "--schema", teamSchema, "--data", at("phone")]
    expect((await tell(written)).code).toBe(0)
    for (const name of ["phone", "laptop"]) expect((await tell(["sync", "--data", at(name)])).code).toBe(0)
    expect((await tell(["get", "task", "t1", "--data", at("laptop")])).out).toContain("only among us")
    for (const command of ["invite", "request", "member"]) await onHub(command, "list")
    await onHub("audit", "list")
    await tell(["status", "--data", at("phone")])
    await hub.stop()
    const hex = link.split(".").at(-2)!
    expect(hex).toMatch(/^[0-9a-f]{32}$/)
    const folders = ["hub", "laptop", "phone"].map(at)
    expect(leaks([Buffer.from(hex, "hex"), Buffer.from(hex)], [...told, hub.said()], folders)).toEqual([])
    expect(hub.said()).toContain("join")
    expect(filesWith(at("hub"), "only among us")).toEqual([])
  })

  it("[CL-139] is a space's passphrase, which stands in its file and nowhere else", async () => {
    const folder = temporaryFolder()
    onTestFinished(folder.remove)
    const at = (name: string): string => join(folder.path, name)
    const hub = await startHub(at("hub"), { SYNCLINE_LOG_LEVEL: "trace" })
    onTestFinished(hub.stop)
    const passphrases = ["correct horse battery", "staple that was mistyped"]
    const told: Array<string> = []
    const onDevice = async (name: string, passphrase: string, ...args: ReadonlyArray<string>) => {
      writeFileSync(at("secrets"), `${passphrase}\n`)
      const env = { SYNCLINE_SPACE_PASSPHRASE_FILE: at("secrets"), SYNCLINE_LOG_LEVEL: "trace" }
      const outcome = await runAlone([...args, "--data", at(name)], { env })
      told.push(outcome.out, outcome.err)
      return outcome
    }
    const [right, wrong] = passphrases as [string, string]
    for (const name of ["laptop", "phone"]) {
      await onDevice(name, right, "init", "--hub", hub.address)
      const peer = (await onDevice(name, right, "id")).out.trim()
      expect((await runAlone(["trust", peer, "--data", at("hub")])).code).toBe(0)
    }
    const title = ["put", "task", `{"title":"for my eyes only"}`, "--id", "t1", "--schema", taskSchema]
    expect((await onDevice("laptop", right, ...title)).code).toBe(0)
    for (const name of ["laptop", "phone"]) expect((await onDevice(name, right, "sync")).code).toBe(0)
    expect((await onDevice("phone", right, "get", "task", "t1")).out).toContain("for my eyes only")
    // What goes wrong says no more.
    expect(await onDevice("phone", wrong, ...title)).toMatchObject({ code: 1 })
    await onDevice("phone", wrong, "status")
    await onDevice("phone", "short", ...title)
    await onDevice("phone", right, "history", "task", "t1")
    await hub.stop()
    const secrets = passphrases.map((passphrase) => Buffer.from(passphrase))
    expect(leaks(secrets, [...told, hub.said()], ["hub", "laptop", "phone"].map(at))).toEqual([])
    expect(filesWith(at("hub"), "for my eyes only")).toEqual([])
  })
})

/** A folder's charter as somebody founded it who hands the folder's device what is not the key. */
const spoil = (folder: string, space: CharterRecord.CharterRecord["space"], isSpoilt: boolean) =>
  Effect.gen(function* () {
    const device = NodeCrypto.signerOf(Redacted.value(yield* DeviceKeyFile.load(folder))).publicKey
    const manager = NodeCrypto.signerOf(new Uint8Array(32).fill(9))
    const [key, other] = [1, 2].map((byte) => SpaceKey.of(space, new Uint8Array(32).fill(byte))) as [
      SpaceKey.SpaceKey,
      SpaceKey.SpaceKey
    ]
    const wraps = Bytes.concat(
      yield* KeyWrap.wrap(key, [manager.publicKey]),
      yield* KeyWrap.wrap(isSpoilt ? other : key, [device])
    )
    const record = CharterRecord.seal(NodeCrypto.functions, manager, {
      space,
      version: 1,
      behind: [],
      at: HybridTime.make(1_800_000_000_000, 0),
      behalf: "",
      note: "",
      operations: [
        {
          _tag: "Found",
          name: "Team",
          hub: null,
          member: "ann",
          memberName: "Ann",
          device: manager.publicKey,
          deviceName: "a"
        },
        { _tag: "AddMember", member: "mia", name: "Mia", role: "member", teams: [] },
        { _tag: "AddDevice", member: "mia", device, name: "m" },
        { _tag: "SealSpace", showsHistory: true, periodDays: null },
        { _tag: "RotateKey", key: key.commitment, behind: null, before: null, wraps }
      ]
    })
    yield* (yield* SqliteCharter.make(folder)).append([record.bytes])
  }).pipe(Effect.scoped, Effect.runPromise)

describe("a member of a sealed team", () => {
  it("[CL-135] is told by status of a key that was handed to its device and does not open", async () => {
    const folder = temporaryFolder()
    onTestFinished(folder.remove)
    const said: Array<string> = []
    for (const isSpoilt of [false, true]) {
      const data = join(folder.path, String(isSpoilt))
      await run(["init", "--data", data])
      const { out } = await run(["status", "--data", data, "--json"])
      await spoil(data, (JSON.parse(out) as Pick<CharterRecord.CharterRecord, "space">).space, isSpoilt)
      said.push((await run(["status", "--data", data])).out)
    }
    expect(said[0]).not.toMatch(/^Keys:/m)
    expect(said[1]).toMatch(/^Keys: +1 key handed to this device that does not open; tell those who manage the team$/m)
  })
})

describe("a personal space", () => {
  it("[CL-132] is sealed by the passphrases in a file, of which the last one seals", async () => {
    const folder = temporaryFolder()
    onTestFinished(folder.remove)
    const [data, secrets] = [join(folder.path, "data"), join(folder.path, "secrets")]
    const env = { SYNCLINE_SPACE_PASSPHRASE_FILE: secrets }
    await run(["init", "--data", data])
    const write = (id: string, title: string) =>
      runAlone(["put", "task", JSON.stringify({ title }), "--id", id, "--schema", taskSchema, "--data", data], { env })
    expect(await write("t0", "x")).toMatchObject({ code: 2, err: expect.stringContaining("cannot be read") as string })
    writeFileSync(secrets, "short\n")
    expect((await write("t0", "x")).err).toContain("at least 8 characters")
    writeFileSync(secrets, "the first passphrase\n")
    expect((await write("t1", "one")).code).toBe(0)
    writeFileSync(secrets, "the first passphrase\nand a second one\n")
    expect((await write("t2", "two")).code).toBe(0)
    const commits = await contentsOf(data, new Map())
    expect(new Set(commits.map(({ key }) => key)).size).toBe(2)
    expect(commits.every(({ key }) => key !== undefined)).toBe(true)
    const history = await runAlone(["history", "task", "t1", "--data", data], { env })
    expect(history.out).toContain("one")
  })

  it("[CL-136] is not written to with a passphrase that sealed nothing of it, and status says what does not fit", async () => {
    const folder = temporaryFolder()
    onTestFinished(folder.remove)
    const [data, secrets] = [join(folder.path, "data"), join(folder.path, "secrets")]
    const env = { SYNCLINE_SPACE_PASSPHRASE_FILE: secrets }
    await run(["init", "--data", data])
    const write = (id: string) =>
      runAlone(["put", "task", `{"title":"x"}`, "--id", id, "--schema", taskSchema, "--data", data], { env })
    const sealed = async () => (await runAlone(["status", "--data", data], { env })).out.trim().split("\n").at(-1)
    writeFileSync(secrets, "the right passphrase\n")
    await write("t1")
    expect(await sealed()).toMatch(/^Commits: +1$/)
    writeFileSync(secrets, "the wrong passphrase\n")
    expect(await write("t2")).toMatchObject({
      code: 1,
      err: expect.stringContaining("list the earlier ones") as string
    })
    expect(await sealed()).toMatch(/^Sealed: +under another passphrase than this device was given; compare the file/)
    writeFileSync(secrets, "the right passphrase\nand a second one\n")
    await write("t2")
    writeFileSync(secrets, "the right passphrase\n")
    await write("t3")
    expect(await sealed()).toMatch(
      /^Sealed: +1 commit under a passphrase that this device was not given; compare the file/
    )
    writeFileSync(secrets, "and a second one\nthe right passphrase\n")
    await write("t4")
    expect(await sealed()).toMatch(/^Commits: +4$/)
  })
})
