// Bounds of the journal that need hand-made commits: clocks far ahead, full quarantines, many authors.
import { describe, expect, it } from "vitest"
import { stored } from "../../src/crypto/Compression.ts"
import { KeyRing } from "../../src/crypto/KeyRing.ts"
import * as Author from "../../src/identity/Author.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as PeerId from "../../src/identity/PeerId.ts"
import * as SpaceId from "../../src/identity/SpaceId.ts"
import { defaultDeleteLimits, DeleteWatch } from "../../src/journal/DeleteWatch.ts"
import * as JournalReceiver from "../../src/journal/JournalReceiver.ts"
import * as JournalWriter from "../../src/journal/JournalWriter.ts"
import * as KeptCommits from "../../src/journal/KeptCommits.ts"
import { MemoryTables } from "../../src/journal/MemoryTables.ts"
import {
  boundedOf,
  forkProofsMax,
  quarantineCommitsMax,
  type QuarantineReason,
  waitingOf
} from "../../src/journal/Quarantine.ts"
import * as Commit from "../../src/model/Commit.ts"
import type { EntityChange } from "../../src/model/EntityChange.ts"
import * as Event from "../../src/model/Event.ts"
import * as MessagePack from "../../src/model/MessagePack.ts"
import * as Limits from "../../src/model/Limits.ts"
import { EntityInvalid } from "../../src/model/WriteError.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { SimulatedCrypto } from "../../src/testing/SimulatedCrypto.ts"
import { crypto } from "../nodeCrypto.ts"

const nowMs = 1_800_000_000_000
const space = SpaceId.fromName(crypto.sha256, "bounds")
const simulated = new SimulatedCrypto(crypto.sha256)
const random = new SeededRandom(1)
const functions = simulated.functions(random)
const incarnation = "0000000000000001"
const partition = { type: "note", header: {} }

const makeJournal = () => {
  const signer = simulated.makeDevice(random)
  const tables = new MemoryTables(crypto.sha256, space, incarnation)
  const context = {
    tables,
    crypto: functions,
    compression: stored,
    signer,
    space,
    deleteWatch: new DeleteWatch(),
    keys: new KeyRing(space)
  }
  return {
    tables,
    peer: signer.peer,
    write: (changes: ReadonlyArray<EntityChange>) =>
      tables.transact(() => JournalWriter.write(context, changes, nowMs)),
    release: (ids: ReadonlyArray<string>) =>
      tables.transact(() =>
        JournalReceiver.release(
          context,
          ids.flatMap((id) => tables.quarantineRow(id) ?? []),
          nowMs
        )
      ),
    receive: (peer: PeerId.PeerId, commits: ReadonlyArray<Uint8Array>) =>
      tables.transact(() =>
        JournalReceiver.receive(
          context,
          {
            peer,
            incarnation,
            isCustodian: false,
            feed: undefined,
            commits,
            denials: [],
            aheadMsMax: 6e4,
            deleteLimits: defaultDeleteLimits
          },
          nowMs
        )
      )
  }
}

/** The first event of a fresh device on an entity. */
const commitOf = (entity: string, ops: Event.Operations, atMs = nowMs): Uint8Array => {
  const signer = simulated.makeDevice(random)
  const authors = [Author.make(signer.peer, incarnation)]
  const header = { space, partition, authors, at: HybridTime.make(atMs, 0), nonce: 0, group: undefined }
  return Commit.seal(functions, stored, signer, header, [
    Event.encode({ entity, eseq: 1, prev: undefined, deps: [], ops })
  ]).bytes
}

const change = (id: string, what: EntityChange["change"]): EntityChange => ({ partition, id, change: what })
const remove = (value: string): EntityChange["change"] => ({
  kind: "patch",
  lww: {},
  counters: {},
  sets: { tags: { add: [], remove: [value] } }
})

describe("bounds of a journal", () => {
  it("[JR-25] a stamp a day ahead is refused, one within a day is held, and a full quarantine takes no more", () => {
    const { peer, receive, tables } = makeJournal()
    const dayMs = Limits.clockAheadMsMax
    const outcome = receive(peer, [
      commitOf("a", { s: { t: 1 } }, nowMs + dayMs + 120_000),
      commitOf("b", { s: { t: 1 } }, nowMs + dayMs - 120_000)
    ])
    expect(outcome).toMatchObject({ held: 1, applied: 0, refused: [["StampTooFarAhead", 1]] })
    const entry = { ...[...tables.quarantine(0, 1)][0]!, bytes: new Uint8Array(0) }
    const otherPeers = [simulated.makeDevice(random), simulated.makeDevice(random)]
    tables.transact(() => {
      for (let i = 1; i < quarantineCommitsMax; i++) {
        tables.addQuarantine({ ...entry, id: String(i), peer: otherPeers[i % 2]!.peer })
      }
    })
    const full = receive(peer, [commitOf("c", { s: { t: 1 } }, nowMs + 120_000)])
    expect(full).toMatchObject({ held: 0, refused: [["QuarantineFull", 1]] })
  })

  it("[JR-25] one peer's large commits leave room for those of others", () => {
    const { peer, receive, tables } = makeJournal()
    receive(peer, [commitOf("b", { s: { t: 1 } }, nowMs + 120_000)])
    const [entry] = [...tables.quarantine(0, 1)]
    const mebibyte = new Uint8Array(1024 * 1024)
    tables.transact(() => {
      for (let i = 1; i <= 32; i++) tables.addQuarantine({ ...entry!, id: String(i), bytes: mebibyte })
    })
    const early = [commitOf("c", { s: { t: 1 } }, nowMs + 120_000)]
    expect(receive(peer, early)).toMatchObject({ held: 0, refused: [["QuarantineFull", 1]] })
    expect(receive(simulated.makeDevice(random).peer, early)).toMatchObject({ held: 1, refused: [] })
  })

  it("[JR-11] proofs of forks take no room of what waits, and there are at most 128", () => {
    const { peer, tables } = makeJournal()
    const keep = (at: number, reason: QuarantineReason) =>
      tables.transact(() =>
        KeptCommits.keep(
          { compression: stored, tables },
          {
            id: `commit ${at}`,
            author: Author.make(peer, at.toString(16).padStart(16, "0")),
            bytes: new Uint8Array(1_000),
            reason,
            peer,
            rule: "",
            policyVersion: 0,
            because: "",
            type: "note",
            at: HybridTime.zero,
            events: 1,
            sinceMs: nowMs,
            dueMs: null
          }
        )
      )
    for (let at = 0; at < 200; at++) expect(keep(at, "Forked")).toBe(at < forkProofsMax)
    expect(tables.quarantineLoad(peer)).toMatchObject({ commits: 0, bytes: 0, ofPeer: 0, bytesOfPeer: 0 })
    expect([waitingOf(tables.quarantineCounts()), boundedOf(tables.quarantineCounts())]).toEqual([0, 0])
    expect(keep(500, "Denied")).toBe(true)
    expect(keep(501, "Rejected")).toBe(true)
    expect(tables.quarantineCounts()).toMatchObject({ Forked: forkProofsMax, Denied: 1, Rejected: 1 })
    // The gauge of the bound shows what the bound counts.
    expect(boundedOf(tables.quarantineCounts())).toBe(tables.quarantineLoad(peer).commits)
    // What waits is no proof any more, and takes room.
    expect(keep(0, "Denied")).toBe(true)
    expect(tables.quarantineLoad(peer)).toMatchObject({ commits: 2, bytes: 2_000 })
  })

  it("[JR-58] what a later version wrote is kept as it is, not merged, and taken in once it can be read", () => {
    const { peer, receive, release, tables } = makeJournal()
    const good = commitOf("a", { s: { t: 1 } })
    const newOperation = commitOf("b", { s: { t: 1 }, o: { text: new Uint8Array(3) } } as Event.Operations)
    const [header, ...rest] = MessagePack.unpackOwn(good) as [Uint8Array, ...Array<unknown>]
    const fields = MessagePack.unpackOwn(header) as Array<unknown>
    const newFormat = MessagePack.pack([
      MessagePack.pack([Commit.commitVersion + 1, ...fields.slice(1), "more"]),
      ...rest
    ])
    const outcome = receive(peer, [good, newOperation, newFormat, newFormat])
    expect(outcome).toMatchObject({ applied: 1, held: 3, refused: [] })
    expect(outcome.verdicts.map(({ code, index }) => [index, code])).toEqual([
      [1, "SchemaUnknown"],
      [2, "SchemaUnknown"],
      [3, "SchemaUnknown"]
    ])
    expect(tables.entitiesOfType("note")).toHaveLength(1)
    const entries = tables.quarantine(0, 10)
    expect(entries).toMatchObject([
      { reason: "SchemaUnknown", type: "note", events: 1 },
      { reason: "SchemaUnknown", type: "", events: 0 }
    ])
    expect(tables.quarantineRow(entries[1]!.id)?.bytes).toEqual(newFormat)
    const ids = entries.map(({ id }) => id)
    expect(release(ids)).toMatchObject({ released: [], kept: ids.map((id) => ({ id, code: "SchemaUnknown" })) })
    expect(tables.quarantine(0, 10).map(({ id }) => id)).toEqual(ids)
  })

  it("[JR-26] what is written after a commit came in is stamped later than it, though the clock is behind", () => {
    const { peer, receive, tables, write } = makeJournal()
    receive(peer, [commitOf("a", { s: { t: "theirs" } }, nowMs + 50_000)])
    expect(tables.lastTime()).toBe(HybridTime.make(nowMs + 50_000, 0))
    write([change("a", { kind: "put", lww: { t: "mine" }, counters: {}, sets: {} })])
    expect(HybridTime.millis(tables.lastTime())).toBe(nowMs + 50_000)
    expect(JSON.parse([...tables.entitiesOfType("note")][0]!.value)).toEqual({ t: "mine" })
  })

  it("[JR-27] events over many authors are split over commits, and one that alone needs too many is refused whole", () => {
    const { peer, receive, tables, write } = makeJournal()
    for (const entity of ["a", "b"]) {
      receive(
        peer,
        Array.from({ length: 200 }, () => commitOf(entity, { a: { tags: ["x"] } }))
      )
    }
    expect(write([change("a", remove("x")), change("b", remove("x"))]).commits).toHaveLength(2)
    expect([...tables.entitiesOfType("note")].map(({ value }) => value)).toEqual(['{"tags":[]}', '{"tags":[]}'])
    receive(
      peer,
      Array.from({ length: 300 }, () => commitOf("c", { a: { tags: ["x"] } }))
    )
    const head = tables.head()
    expect(() => write([change("c", remove("x"))])).toThrow(EntityInvalid)
    expect(tables.head()).toBe(head)
    // The record is not stuck: everything else about it can be written.
    write([change("c", { kind: "put", lww: { t: "fine" }, counters: {}, sets: {} })])
  })

  it("[JR-28] [JR-59] with 65,536 partitions a write and a commit that would make one more are refused", () => {
    const { peer, receive, release, tables, write } = makeJournal()
    tables.transact(() => {
      for (let i = 1; i < Limits.partitionsMax; i++) tables.partitionOf({ type: "box", header: { box: String(i) } })
    })
    const put: EntityChange["change"] = { kind: "put", lww: { t: 1 }, counters: {}, sets: {} }
    const inOther = { partition: { type: "box", header: { box: "one more" } }, id: "b", change: put }
    write([change("a", put)])
    const head = tables.head()
    expect(() => write([change("c", put), inOther])).toThrow(EntityInvalid)
    expect([tables.head(), tables.partitions().length]).toEqual([head, Limits.partitionsMax])
    const signer = simulated.makeDevice(random)
    const authors = [Author.make(signer.peer, "0000000000000001")]
    const header = {
      space,
      partition: inOther.partition,
      authors,
      at: HybridTime.make(nowMs, 0),
      nonce: 0,
      group: undefined
    }
    const event = Event.encode({ entity: "d", eseq: 1, prev: undefined, deps: [], ops: { s: { t: 1 } } })
    const beyond = Commit.seal(functions, stored, signer, header, [event]).bytes
    const outcome = receive(peer, [beyond, commitOf("e", { s: { t: 1 } })])
    expect(outcome).toMatchObject({ applied: 1, refused: [["PartitionsExhausted", 1]] })
    const id = "beyond"
    tables.transact(() => {
      const why = { reason: "Denied", rule: "", policyVersion: 1, because: "" } as const
      const commit = { author: authors[0]!, type: "box", at: header.at, events: 1, bytes: beyond }
      tables.addQuarantine({ id, peer, ...commit, ...why, sinceMs: nowMs, dueMs: null })
    })
    expect(release([id])).toMatchObject({ released: [], kept: [{ id, code: "PartitionsExhausted" }] })
    expect(tables.quarantineRow(id)).toMatchObject({ reason: "Denied" })
  })
})
