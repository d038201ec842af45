// Looking after commits that wait: a folder whose quarantine another device and a custodian have filled.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import {
  Commit,
  Crypto,
  type Decision,
  DeleteWatch,
  type EntityChange,
  Gate,
  type Journal,
  Limits
} from "@syncline/core"
import { createNode, DeviceKeyFile, NodeCrypto, SqliteJournal, spaceOf } from "@syncline/node"
import { socketIo } from "@syncline/transport-socketio"
import { Effect, Layer, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { run, runAlone, temporaryFolder } from "./commandRunner.ts"

const folder = temporaryFolder()
const [device, other] = [join(folder.path, "device"), join(folder.path, "other")]
const on = (...args: ReadonlyArray<string>) => run([...args, "--data", device])
const json = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const { err, out } = await on(...args, "--json")
  expect(err).toBe("")
  return out === ""
    ? []
    : out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>)
}
/** A commit that is not there. */
const nowhere = "0".repeat(64)
const errorOf = (err: string) => (JSON.parse(err) as { readonly error: { readonly code: string } }).error

const change = (id: string, what: EntityChange.EntityChange["change"]): EntityChange.EntityChange => ({
  partition: { type: "note", header: {} },
  id,
  change: what
})
const put = (id: string, lww: Record<string, string>) =>
  change(id, { kind: "put", lww, counters: { hits: 2 }, sets: { tags: ["a"] } })

const journalOf = (path: string) =>
  SqliteJournal.make({ folder: path, space: spaceOf("home") }).pipe(Effect.provide(DeviceKeyFile.layer(path)))

/** Commits of the other device after a place, as a batch from it. */
const batchOf = Effect.fnUntraced(function* (
  from: Journal.JournalShape,
  peer: Journal.RemoteBatch["peer"],
  after: number
) {
  const { commits } = yield* from.feed(after, "nobody" as typeof peer, Number.MAX_SAFE_INTEGER)
  const batch: Journal.RemoteBatch = {
    peer,
    incarnation: from.info.incarnation,
    isCustodian: false,
    feed: undefined,
    commits: commits.map(({ bytes }) => bytes),
    denials: [],
    aheadMsMax: Limits.clockAheadPeerMs,
    deleteLimits: DeleteWatch.defaultDeleteLimits
  }
  return batch
})

/** An id that would clear a screen. */
const hostile = "a\nb\u001b[2J"

const denial = { index: 0, reason: "Denied", rule: "team/b", policyVersion: 7, because: "team b does not" } as const

/** One denied commit, a mass delete of two commits, and of this device's three commits one that a custodian refused. */
const fill = Effect.gen(function* () {
  const journal = yield* journalOf(device)
  const theirs = yield* journalOf(other)
  const peer = DeviceKeyFile.deviceKey(yield* DeviceKeyFile.load(other)).peer
  yield* theirs.write(Array.from({ length: 200 }, (_, i) => put(`note ${i}`, { text: "x" })))
  yield* journal.receive(yield* batchOf(theirs, peer, 0))
  let { head } = yield* theirs.write([put("denied", { text: "secret" }), put(hostile, { text: "\u202e" })])
  yield* journal.receive({ ...(yield* batchOf(theirs, peer, head - 1)), denials: [denial] })
  const deletes = Array.from({ length: 150 }, (_, i) => change(`note ${i}`, { kind: "delete" }))
  head = (yield* theirs.write(deletes)).head
  yield* journal.receive(yield* batchOf(theirs, peer, head - 2))
  const commits: Array<string> = []
  for (const id of ["own 1", "own 2", "own 3"]) commits.push(...(yield* journal.write([put(id, {})])).commits)
  const own = yield* journal.head
  yield* journal.settle({
    peer,
    incarnation: theirs.info.incarnation,
    isCustodian: true,
    givesWay: false,
    acknowledged: own - 1,
    told: own - 1,
    proven: undefined,
    unsent: [],
    verdicts: [
      { lseq: own - 2, code: "Denied", kind: "refused", rule: "hub/x", policyVersion: 3, because: "not yours" }
    ]
  })
  return { peer, commits, own }
}).pipe(Effect.scoped)

let filled: Effect.Success<typeof fill>

beforeAll(async () => {
  for (const path of [device, other]) expect((await run(["init", "--data", path])).code).toBe(0)
  filled = await Effect.runPromise(fill)
})
afterAll(() => folder.remove())

const idsOf = async (reason: string) =>
  (await json("quarantine", "list", "--reason", reason)).map((entry) => entry["id"] as string)

describe("looking", () => {
  it("[CL-50] [CL-2] lists what waits, for people and for programs", async () => {
    const all = await json("quarantine", "list")
    expect(all.map(({ reason }) => reason)).toEqual(["Denied", "MassDelete", "MassDelete", "Rejected"])
    expect(all[0]).toMatchObject({ rule: "team/b", policyVersion: 7, peer: filled.peer, type: "note", events: 2 })
    const text = await on("quarantine", "list")
    const lines = text.out.trim().split("\n")
    expect(lines.map((line) => line.split(" ")[0])).toEqual(all.map(({ id }) => id))
    expect(lines[0]).toContain(`Denied         note, 2 changes, since 20`)
    expect(lines[0]).toContain(`from ${filled.peer}: team b does not`)
    expect(text.err).toContain("4 commits in quarantine: 1 Denied, 1 Rejected, 2 MassDelete.")
    expect(await json("quarantine", "list", "--after", String(all[0]!["place"]), "--limit", "2")).toEqual(
      all.slice(1, 3)
    )
    expect(await json("quarantine", "list", "--reason", "Forked")).toEqual([])
    expect((await run(["quarantine", "list", "--data", other])).err).toBe("Nothing waits in quarantine.\n")
    expect((await on("status")).out).toContain("4 commits in quarantine")
  })

  it("[CL-51] shows what a commit would do", async () => {
    const [id] = await idsOf("Denied")
    const text = (await on("quarantine", "show", id!)).out
    for (const part of [id!, "Denied, since 20", "team/b, policy version 7", `Brought by: ${filled.peer}`]) {
      expect(text).toContain(part)
    }
    expect(text).toContain('It would, in note:\n  change denied: text = "secret"; hits + 2; tags + "a"\n')
    const [deleting] = await idsOf("MassDelete")
    expect((await on("quarantine", "show", deleting!)).out).toContain("\n  delete note 0\n  delete note 1\n")
    expect((await json("quarantine", "show", id!))[0]).toMatchObject({
      id,
      contents: { entities: [{ id: "denied", kind: "changed" }, {}] }
    })
    const unknown = await on("quarantine", "show", nowhere, "--json")
    expect(unknown).toMatchObject({ code: 1, out: "" })
    expect(errorOf(unknown.err).code).toBe("CommitMissing")
  })

  it("[CL-7] shows what others wrote without what could work a terminal", async () => {
    const [id] = await idsOf("Denied")
    const { out } = await on("quarantine", "show", id!)
    expect(out).toContain(String.raw`  change a\u{a}b\u{1b}[2J: text = "\u{202e}"`)
    expect(out).not.toContain("\u001b")
    expect(out).not.toContain("\u202e")
    const program = (await on("quarantine", "show", id!, "--json")).out
    expect(JSON.parse(program)).toMatchObject({ contents: { entities: [{}, { id: hostile }] } })
  })

  it("[CL-52] exports the commits, to standard output or to a file", async () => {
    const lines = await json("quarantine", "export")
    expect(lines).toHaveLength(4)
    expect(lines[0]).toMatchObject({ format: "syncline-quarantine/1", reason: "Denied" })
    const { crypto } = await Effect.runPromise(
      Effect.provide(
        Crypto.Crypto.use((functions) => Effect.succeed({ crypto: functions })),
        NodeCrypto.layer
      )
    )
    for (const { bytes, id } of lines) expect(Commit.idOf(crypto, Buffer.from(bytes as string, "base64url"))).toBe(id)
    const file = join(folder.path, "waiting.ndjson")
    const told = await on("quarantine", "export", "--reason", "MassDelete", "--file", file)
    expect(told.out).toBe(`Wrote 2 commits to ${file}.\n`)
    const written = readFileSync(file, "utf8").trim().split("\n")
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual(lines.slice(1, 3))
  })

  it("[CL-54] prints receipts by status, from a place on, and of one commit", async () => {
    const { commits, own, peer } = filled
    const all = await json("receipts")
    expect(all.map(({ commit, lseq, status }) => [commit, lseq, status])).toEqual([
      [commits[0], own - 2, "rejected"],
      [commits[1], own - 1, "accepted"],
      [commits[2], own, "deferred"]
    ])
    expect(await json("receipts", "--status", "rejected")).toEqual(all.slice(0, 1))
    expect(await json("receipts", "--after", String(own - 2), "--limit", "1")).toEqual(all.slice(1, 2))
    const one = await on("receipts", commits[0]!)
    expect(one.out).toContain(`${commits[0]}  rejected  ${own - 2}, by ${peer}`)
    expect(one.out).toContain("(Denied, hub/x, policy version 3): not yours")
    expect(errorOf((await on("receipts", nowhere, "--json")).err).code).toBe("CommitMissing")
    expect(await on("receipts", "nothing", "--json")).toMatchObject({ code: 2, out: "" })
  })

  it("[CL-12] works while another process holds the folder, and deciding does not", async () => {
    const whileHeld = async (): Promise<void> => {
      const [id] = await idsOf("Denied")
      const listed = await runAlone(["quarantine", "list", "--data", device])
      expect(listed.out.trim().split("\n")).toHaveLength(4)
      expect(listed.err).toContain("4 commits in quarantine")
      expect(await json("receipts")).toHaveLength(3)
      expect(await json("quarantine", "export")).toHaveLength(4)
      expect((await on("quarantine", "show", id!)).code).toBe(0)
      for (const decision of [["release"], ["discard", "--yes"]]) {
        const refused = await runAlone(["quarantine", ...decision, id!, "--json", "--data", device])
        expect(refused).toMatchObject({ code: 1, out: "" })
        expect(errorOf(refused.err)).toMatchObject({ code: "StoreInUse", message: expect.stringContaining(device) })
      }
    }
    // This very process is the other one, and what is run in it opens the folder as any other would.
    const held = Effect.andThen(journalOf(device), Effect.promise(whileHeld))
    await Effect.runPromise(Effect.scoped(held))
  })
})

describe("deciding", () => {
  it("[CL-53] [CL-3] names either ids or a reason", async () => {
    const wrong: ReadonlyArray<ReadonlyArray<string>> = [
      [],
      ["x"],
      [nowhere, "--reason", "Denied"],
      Array.from({ length: 1_001 }, () => nowhere),
      [nowhere, "--peer", filled.peer],
      ["--reason", "Denials"],
      ["--reason", "Denied", "--peer", "12D3KooWNobody"],
      ["--reason", "Denied", "--author", "12D3KooWNobody/1"]
    ]
    for (const args of wrong) {
      const refused = await on("quarantine", "release", ...args, "--json")
      expect(refused).toMatchObject({ code: 2, out: "" })
      expect(errorOf(refused.err).code).toBe("UsageInvalid")
    }
  })

  it("[CL-55] discards nothing without --yes", async () => {
    const [id] = await idsOf("Denied")
    for (const args of [[id!], ["--reason", "MassDelete"]]) {
      const refused = await on("quarantine", "discard", ...args, "--json")
      expect(refused).toMatchObject({ code: 2, out: "" })
      expect(errorOf(refused.err).code).toBe("DiscardUnconfirmed")
    }
    expect(await json("quarantine", "list")).toHaveLength(4)
  })

  it("[CL-53] releases what the folder's policy allows, and ends with 4 where it does not", async () => {
    const [id] = await idsOf("Denied")
    const denied = await on("quarantine", "release", id!, nowhere, "--json")
    expect(denied.code).toBe(4)
    expect(
      denied.out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown)
    ).toMatchObject([
      { id, outcome: "denied", reason: "Denied", rule: "personal/trusted" },
      { id: nowhere, outcome: "unknown", reason: null }
    ])
    expect(errorOf(denied.err).code).toBe("CommitsStay")
    const all = await on("quarantine", "release", "--reason", "Denied", "--author", filled.peer)
    expect(all).toMatchObject({ code: 4, out: "Released 0 commits.\n" })
    expect(all.err).toContain(`${id}  denied: `)
    expect(all.err).toContain("Not all were done: 1 may not be applied or discarded here.")
    expect((await on("trust", filled.peer)).code).toBe(0)
    expect(await on("quarantine", "release", id!)).toEqual({
      code: 0,
      out: `${id}  released: it is applied\n`,
      err: ""
    })
    expect((await json("get", "note", "denied"))[0]).toMatchObject({ text: "secret" })
    expect(await on("quarantine", "release", id!)).toMatchObject({ code: 1 })
  })

  it("[CL-53] discards a whole mass delete and keeps the records", async () => {
    const all = ["quarantine", "discard", "--reason", "MassDelete", "--yes"]
    const self = (await on("id")).out.trim()
    const strangers = await on(...all, "--peer", self)
    expect(strangers).toMatchObject({ code: 0, out: "Discarded 0 commits.\n" })
    const told = await on(...all, "--author", filled.peer)
    expect(told).toEqual({ code: 0, out: "Discarded 2 commits.\n", err: "" })
    expect((await on("query", "note", "--count")).out).toBe("204\n")
    expect(await idsOf("MassDelete")).toEqual([])
  })

  it("[CL-53] submits a rejected commit again", async () => {
    const sum = await json("quarantine", "release", "--reason", "Rejected")
    expect(sum).toEqual([{ done: 1, stayed: 0, answers: [] }])
    expect(await json("receipts", "--status", "rejected")).toEqual([])
    expect((await json("receipts", filled.commits[0]!))[0]).toMatchObject({ status: "deferred" })
    expect((await on("quarantine", "list")).err).toBe("Nothing waits in quarantine.\n")
  })
})

/** Many denied commits in another device's quarantine. */
const crowd = Effect.fnUntraced(function* (path: string, count: number) {
  const [journal, theirs] = [yield* journalOf(path), yield* journalOf(other)]
  const before = yield* theirs.head
  for (let i = 0; i < count; i++) yield* theirs.write([put(`crowd ${i}`, {})])
  const denials = Array.from({ length: count }, (_, index) => ({ ...denial, index }))
  yield* journal.receive({ ...(yield* batchOf(theirs, filled.peer, before)), denials })
}, Effect.scoped)

describe("a crowd", () => {
  it("[CL-50] [CL-53] is counted, whether or not each has an answer", async () => {
    const crowded = join(folder.path, "crowded")
    await run(["init", "--data", crowded])
    await Effect.runPromise(crowd(crowded, 102))
    const told = await run(["quarantine", "release", "--reason", "Denied", "--data", crowded])
    expect(told).toMatchObject({ code: 4, out: "Released 0 commits.\n" })
    expect(told.err).toMatch(/Not all were done: 100 may not be applied or discarded here, 2 more stay\.\n$/)
    const listed = await run(["quarantine", "list", "--limit", "101", "--data", crowded])
    expect(listed.out.trim().split("\n")).toHaveLength(101)
    expect(listed.err).toContain("102 commits in quarantine: 102 Denied.")
  })
})

/** A hub that takes no secrets, in this process. */
const openStrictHub = async (store: string) => {
  const decide = (type: string): Decision.Decision => ({
    allowed: type !== "secret",
    rule: "test/secrets",
    policyVersion: 4,
    because: "secrets stay at home"
  })
  const yes = Effect.succeed(decide(""))
  return createNode({
    space: "home",
    store,
    entities: {},
    transports: [socketIo({ server: { port: 0 } })],
    policy: Layer.succeed(Gate.Gate, {
      devices: Effect.succeed([]),
      admits: () => yes,
      canSend: () => yes,
      canReceive: ({ type }) => Effect.sync(() => decide(type)),
      canRead: () => yes,
      mustForget: () => Effect.undefined,
      accepts: () => yes,
      givesWay: Effect.succeed(false),
      isRenumbered: Effect.succeed(false),
      isCustodian: () => Effect.succeed(false),
      canWrite: () => yes,
      audit: () => Effect.void,
      changes: Stream.never
    })
  })
}

describe("a hub that refuses", () => {
  it("[CL-12] [CL-44] [CL-53] [CL-54] is told by sync, and receipts say why", async () => {
    const hubFolder = join(folder.path, "hub")
    const hub = await openStrictHub(hubFolder)
    onTestFinished(() => hub.close())
    const laptop = join(folder.path, "laptop")
    const there = (...args: ReadonlyArray<string>) => run([...args, "--data", laptop])
    await there("init", "--hub", hub.addresses[0]!, "--hub-peer", hub.peer)
    expect((await there("put", "task", '{"title":"Milk"}')).code).toBe(0)
    expect((await there("put", "secret", '{"text":"x"}', "--id", "s")).code).toBe(0)
    const synced = await there("sync")
    expect(synced.code).toBe(0)
    expect(synced.out).toContain("both sides hold the same 1 record;")
    expect(synced.err).toContain("The hub refused 1 commit of this device")
    expect(synced.err).toContain(`receipts --status rejected --data ${laptop}`)
    expect((await there("get", "secret", "s")).code).toBe(1)
    const told = await there("receipts", "--status", "rejected")
    expect(told.out).toContain(`by ${hub.peer}`)
    expect(told.out).toContain("(Denied, test/secrets, policy version 4): secrets stay at home")
    // The hub keeps it for whoever looks after it, and once it is stopped they decide on it in its own folder.
    const kept = await run(["quarantine", "list", "--data", hubFolder])
    expect(kept.out).toContain("  Denied  ")
    await hub.close()
    const discarded = await run(["quarantine", "discard", kept.out.split(" ")[0]!, "--yes", "--data", hubFolder])
    expect(discarded).toMatchObject({ code: 0, out: expect.stringContaining("  discarded: ") })
    expect((await run(["quarantine", "list", "--data", hubFolder])).err).toBe("Nothing waits in quarantine.\n")
  })
})
