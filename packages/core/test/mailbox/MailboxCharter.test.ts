// The charter in a mailbox: who is taken out gets nothing more, wherever the removal was written.
import { expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { CharterShape } from "../../src/charter/Charter.ts"
import type { CharterState } from "../../src/charter/CharterState.ts"
import type { AuditedAction } from "../../src/gate/Gate.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import { charterBytesMax } from "../../src/mailbox/MailboxCharter.ts"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import { put, startMs } from "../../src/testing/JournalFixture.ts"
import { functions } from "../journal/nodeCrypto.ts"
import { join, type MailboxDevice, peerOf, type Rules } from "./mailboxDevices.ts"

/** A charter of numbered records, as the mailbox sees it: what it has, what another lacks, and what comes. */
const charterOf = (records: Array<string>, onRecord: (record: string) => void): CharterShape => {
  const idOf = (record: string) => Bytes.toHex(functions.sha256(Bytes.utf8(record)))
  const charter: Partial<CharterShape> = {
    digest: () => functions.sha256(Bytes.utf8(records.join())).slice(0, 16),
    known: () => ({ marks: records.map((record, place) => [place + 1, idOf(record)] as const), rivals: [] }),
    beyond: ({ marks }, bytesMax) => {
      const there = new Set(marks.map(([, id]) => id))
      let bytes = 0
      return records
        .filter((record) => !there.has(idOf(record)))
        .filter((record, place) => (bytes += record.length) <= bytesMax || place === 0)
        .map(Bytes.utf8)
    },
    receive: (brought) =>
      Effect.sync(() => {
        const fresh = brought.map((bytes) => new TextDecoder().decode(bytes)).filter((one) => !records.includes(one))
        for (const record of fresh) {
          records.push(record)
          onRecord(record)
        }
        return { added: fresh.length, isMissing: false, refused: [], takenIn: [], here: [] }
      }),
    changes: Stream.never
  }
  return charter as CharterShape
}

const rounds = Effect.fnUntraced(function* (...devices: ReadonlyArray<MailboxDevice>) {
  for (let round = 0; round < 6; round++) for (const device of devices) yield* device.step
})

it.effect("[MX-9] a removal that one device knows of reaches the others before what is written behind it", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const mailbox = MemoryMailbox.make(yield* MemoryMailbox.makeFolder)
    const made = [1, 2, 3].map((device) => {
      const rules: Rules = { known: new Set([1, 2, 3]), secretTo: new Set([1, 2, 3]) }
      const records = ["found"]
      const charter = charterOf(records, () => void rules.known.delete(3))
      return { device, rules, records, charter }
    })
    const devices: Array<MailboxDevice> = []
    for (const { charter, device, rules } of made) devices.push(yield* join(mailbox, device, rules, { charter }))
    const [a, b, c] = devices as [MailboxDevice, MailboxDevice, MailboxDevice]
    yield* a.write(put("n1", { text: "for all" }))
    yield* rounds(a, b, c)
    expect(yield* c.journal.count("note")).toBe(1)
    // The first device takes the third one out.
    made[0]!.records.push("remove 3")
    made[0]!.rules.known.delete(3)
    yield* a.step
    yield* c.write(put("n2", { text: "of who is out" }))
    yield* c.step
    yield* b.write(put("n3", { text: "not for who is out" }))
    yield* rounds(b, a, c)
    expect(made[1]!.records).toEqual(["found", "remove 3"])
    expect(made[2]!.records).toEqual(["found"])
    expect(yield* c.journal.get("note", "n3")).toBeUndefined()
    expect(yield* b.journal.get("note", "n2")).toBeUndefined()
    expect(yield* a.journal.get("note", "n3")).toMatchObject({ fields: { text: "not for who is out" } })
  })
)

it.effect("[MX-9] who has records that others lack leaves them, once, and then nobody writes", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const folder = yield* MemoryMailbox.makeFolder
    const mailbox = MemoryMailbox.make(folder)
    const rules: Rules = { known: new Set([1, 2]), secretTo: new Set([1, 2]) }
    const [left, right] = [["found", "a", "b"], ["found"]]
    const a = yield* join(mailbox, 1, rules, { charter: charterOf(left, () => undefined) })
    const b = yield* join(mailbox, 2, rules, { charter: charterOf(right, () => undefined) })
    yield* rounds(a, b)
    expect(right).toEqual(left)
    const files = () => [...folder.directories.values()].flatMap((each) => [...each.keys()])
    const before = files()
    yield* rounds(a, b)
    expect(files()).toEqual(before)
  })
)

const everybody = (count: number): Rules => {
  const devices = Array.from({ length: count }, (_, place) => place + 1)
  return { known: new Set(devices), secretTo: new Set(devices) }
}

it.effect("[MX-14] what many lack goes in pieces that fit into a file, and each gets its part", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const folder = yield* MemoryMailbox.makeFolder
    const mailbox = MemoryMailbox.make(folder)
    const readers = 17
    const rules = everybody(readers + 1)
    const long = Array.from(
      { length: 2 * readers },
      (_, place) => `${place} ${"x".repeat(place < 32 ? 150_000 : 148_000)}`
    )
    const all = ["found", ...long]
    const a = yield* join(mailbox, 1, rules, { charter: charterOf([...all], () => undefined) })
    // Each lacks two records that nobody else lacks, and leaves nothing for others.
    const there = Array.from({ length: readers }, (_, place) =>
      all.filter((record) => !long.slice(2 * place, 2 * place + 2).includes(record))
    )
    const devices: Array<MailboxDevice> = []
    for (const [place, records] of there.entries()) {
      const charter = { ...charterOf(records, () => undefined), beyond: () => [] }
      devices.push(yield* join(mailbox, place + 2, rules, { charter }))
    }
    const look = Effect.gen(function* () {
      for (const device of [a, ...devices]) yield* device.step
      return there.filter(({ length }) => length > all.length - 2).length
    })
    expect(yield* look).toBe(0)
    // All of it would be more than a file; one record for each is still more than a segment.
    expect(yield* look).toBe(13)
    // Who lacks least comes first.
    expect(there[16]!.length).toBe(all.length - 1)
    for (let i = 0; i < 4; i++) yield* look
    expect(there.map(({ length }) => length)).toEqual(there.map(() => all.length))
    const sizes = [...folder.directories.values()].flatMap((files) => [...files.values()].map(({ length }) => length))
    expect(Math.max(...sizes)).toBeLessThan(1.15 * charterBytesMax)
  })
)

it.effect("[MX-14] at most 4,096 records go in one segment, and the rest behind them", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const mailbox = MemoryMailbox.make(yield* MemoryMailbox.makeFolder)
    const all = Array.from({ length: 5_000 }, (_, place) => `${place}`)
    const there: Array<string> = []
    const pieces: Array<number> = []
    // A chain: the newest record says what somebody has.
    const chain = (records: Array<string>): CharterShape => ({
      ...charterOf(records, () => undefined),
      known: () => ({ marks: [[records.length, "00".repeat(32)]], rivals: [] }),
      beyond: ({ marks }) => records.slice(marks[0]![0]).map(Bytes.utf8),
      receive: (brought) =>
        Effect.sync(() => {
          pieces.push(brought.length)
          records.push(...brought.map((bytes) => new TextDecoder().decode(bytes)))
          return { added: brought.length, isMissing: false, refused: [], takenIn: [], here: [] }
        })
    })
    const a = yield* join(mailbox, 1, everybody(2), { charter: chain([...all]) })
    const b = yield* join(mailbox, 2, everybody(2), { charter: chain(there) })
    yield* rounds(b, a)
    expect(there).toEqual(all)
    expect(pieces).toEqual([4_096, 904])
  })
)

it.effect("[MX-14] a record that counts nowhere is audited, with who left it", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const mailbox = MemoryMailbox.make(yield* MemoryMailbox.makeFolder)
    const audited: Array<AuditedAction> = []
    const charter: CharterShape = {
      ...charterOf(["found"], () => undefined),
      state: () => ({ version: 7 }) as CharterState,
      receive: () =>
        Effect.succeed({
          added: 0,
          isMissing: false,
          refused: [{ problem: "Mia has the role member", operations: ["AddMember", "AddDevice"] }],
          takenIn: [],
          here: []
        })
    }
    const a = yield* join(mailbox, 1, everybody(2), { charter: charterOf(["found", "add me"], () => undefined) })
    const b = yield* join(mailbox, 2, { ...everybody(2), audited }, { charter })
    yield* b.step
    yield* a.step
    yield* b.step
    expect(audited).toEqual([
      {
        action: "receive",
        peer: peerOf(1),
        decision: { allowed: false, rule: "charter/record", policyVersion: 7, because: "Mia has the role member" },
        detail: "charter AddMember AddDevice"
      }
    ])
    yield* b.step
    expect(audited.length).toBe(1)
  })
)
