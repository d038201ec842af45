// Commits opened for single events: what is found in them, and how many are kept.
import { describe, expect, it } from "vitest"
import { KeyRing } from "../../src/crypto/KeyRing.ts"
import * as SpaceId from "../../src/identity/SpaceId.ts"
import { DeleteWatch } from "../../src/journal/DeleteWatch.ts"
import * as JournalWriter from "../../src/journal/JournalWriter.ts"
import { MemoryTables } from "../../src/journal/MemoryTables.ts"
import * as PastCommits from "../../src/journal/PastCommits.ts"
import * as Event from "../../src/model/Event.ts"
import * as MessagePack from "../../src/model/MessagePack.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { SimulatedCrypto } from "../../src/testing/SimulatedCrypto.ts"
import { compression, crypto } from "../nodeCrypto.ts"

const nowMs = 1_800_000_000_000
const space = SpaceId.fromName(crypto.sha256, "past")
const simulated = new SimulatedCrypto(crypto.sha256)
const random = new SeededRandom(1)
const functions = simulated.functions(random)

/** A journal with one commit for each list of ids, and how often a commit was read from it. */
const journalOf = (...commits: ReadonlyArray<ReadonlyArray<string>>) => {
  const tables = new MemoryTables(crypto.sha256, space, "0000000000000001")
  const signer = simulated.makeDevice(random)
  const context = {
    tables,
    crypto: functions,
    compression,
    signer,
    space,
    deleteWatch: new DeleteWatch(),
    keys: new KeyRing(space)
  }
  for (const ids of commits) {
    const changes = ids.map((id) => ({
      partition: { type: "note", header: {} },
      id,
      change: { kind: "put" as const, lww: { text: `of ${id}` }, counters: {}, sets: {} }
    }))
    tables.transact(() => JournalWriter.write(context, changes, nowMs))
  }
  const read: Array<number> = []
  const rows = Object.assign(Object.create(tables) as MemoryTables, {
    commitAt: (lseq: number) => {
      read.push(lseq)
      return tables.commitAt(lseq)
    }
  })
  return { read, context: { rows, crypto: functions, compression, keys: new KeyRing(space) } }
}

describe("a commit opened for the past", () => {
  // FNV-1a gives the first two the same number.
  const ids = [
    "costarring",
    "liquid",
    "a",
    "\u00e4",
    "\ufffd",
    "\u65e5\u672c",
    "x".repeat(31),
    "x".repeat(32),
    "y".repeat(128)
  ]

  it("[JR-60] gives each entity its own event", () => {
    const { context } = journalOf(ids, ["c"])
    const commits = new PastCommits.PastCommits(context)
    const commit = commits.find(1)!
    expect(commit.names[0]).toBe(commit.names[1])
    for (const [index, id] of ids.entries()) {
      const { before, events } = commits.eventsOf(commit, id)
      expect(before).toBe(0)
      expect(events).toMatchObject([{ lseq: 1, event: { entity: id, eseq: 1, ops: { s: { text: `of ${id}` } } } }])
      expect(events[0]!.origin.at.slice(12)).toBe(index.toString(16).padStart(4, "0"))
    }
    expect(commits.eventsOf(commit, "b").events).toEqual([])
    expect(commits.eventsOf(commits.find(2)!, "costarring").events).toEqual([])
    expect(PastCommits.entitiesIn(commit)).toEqual(ids)
    expect(commits.find(3)).toBeUndefined()
  })

  it("reads the entity of an event in whatever form it was encoded", () => {
    for (const id of ids) {
      const bytes = Event.encode({ entity: id, eseq: 1, prev: undefined, deps: [], ops: {} })
      const text = new TextEncoder().encode(id)
      const rest = bytes.subarray(1 + MessagePack.pack(id).length)
      const longText = [0xda, 0, text.length, ...text, ...rest]
      const forms = [bytes, [0x95, ...longText], [0xdc, 0, 5, ...longText], [0xdd, 0, 0, 0, 5, ...longText]]
      for (const form of forms.map((each) => Uint8Array.from(each))) {
        expect(Event.decode(form, 1)).toMatchObject({ entity: id })
        expect(Event.entityOf(form)).toBe(id)
      }
    }
  })
})

describe("commits kept open", () => {
  it("[JR-60] are read once while they fit, and those opened first go", () => {
    const { context, read } = journalOf(["a"], ["b"], ["c"])
    const roomy = new PastCommits.PastCommits(context)
    for (const lseq of [1, 2, 3, 1, 2, 3]) expect(roomy.find(lseq)!.lseq).toBe(lseq)
    expect(read.splice(0)).toEqual([1, 2, 3])
    const narrow = new PastCommits.PastCommits(context, 2_500)
    for (const lseq of [1, 2, 2, 3, 2, 1]) expect(narrow.find(lseq)!.lseq).toBe(lseq)
    expect(read.splice(0)).toEqual([1, 2, 3, 1])
    const none = new PastCommits.PastCommits(context, 0)
    for (const lseq of [1, 1]) expect(none.find(lseq)!.lseq).toBe(lseq)
    expect(read.splice(0)).toEqual([1, 1])
    roomy.clear()
    expect(roomy.find(1)!.lseq).toBe(1)
    expect(read).toEqual([1])
  })
})
