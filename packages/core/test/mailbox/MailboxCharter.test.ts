// The charter in a mailbox: who is taken out gets nothing more, wherever the removal was written.
import { expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { CharterShape } from "../../src/charter/Charter.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import { put, startMs } from "../../src/testing/JournalFixture.ts"
import { functions } from "../journal/nodeCrypto.ts"
import { join, type MailboxDevice, type Rules } from "./mailboxDevices.ts"

/** A charter of numbered records, as the mailbox sees it: what it has, what another lacks, and what comes. */
const charterOf = (records: Array<string>, onRecord: (record: string) => void): CharterShape => {
  const idOf = (record: string) => Bytes.toHex(functions.sha256(Bytes.utf8(record)))
  const charter: Partial<CharterShape> = {
    digest: () => functions.sha256(Bytes.utf8(records.join())).slice(0, 16),
    known: () => ({ marks: records.map((record, place) => [place + 1, idOf(record)] as const), rivals: [] }),
    beyond: ({ marks }) => {
      const there = new Set(marks.map(([, id]) => id))
      return records.filter((record) => !there.has(idOf(record))).map(Bytes.utf8)
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
