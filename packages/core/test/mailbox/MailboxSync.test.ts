// A mailbox between journals: what is written arrives, and nobody else learns of it.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import type { Mailbox } from "../../src/mailbox/Mailbox.ts"
import * as FileSeal from "../../src/crypto/FileSeal.ts"
import * as MailboxName from "../../src/mailbox/MailboxName.ts"
import { missingMsMax } from "../../src/mailbox/MailboxReading.ts"
import * as MailboxSegment from "../../src/mailbox/MailboxSegment.ts"
import * as MailboxWriting from "../../src/mailbox/MailboxWriting.ts"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import * as Commit from "../../src/model/Commit.ts"
import { notes, put, space, startMs, stateHash } from "../../src/testing/JournalFixture.ts"
import { functions, seedOf } from "../journal/nodeCrypto.ts"
import { join, type MailboxDevice, peerOf, type Rules } from "./mailboxDevices.ts"

const rulesOf = (...devices: ReadonlyArray<number>): Rules => ({ known: new Set(devices), secretTo: new Set(devices) })

/** Everybody looks in turn until nobody has anything to do, at most so often; gives how many rounds did something. */
const settled = Effect.fnUntraced(function* (...devices: ReadonlyArray<MailboxDevice>) {
  for (let round = 0; round < 40; round++) {
    let isQuiet = true
    for (const device of devices) {
      const { hasWritten, isNews } = yield* device.step
      isQuiet &&= !hasWritten && !isNews
    }
    yield* TestClock.adjust(MailboxWriting.relayAfterMs)
    if (isQuiet) return round
  }
  return yield* Effect.die("they never come to rest")
})

const filesOf = (folder: MemoryMailbox.MemoryFolder): ReadonlyArray<string> =>
  [...folder.directories].flatMap(([owner, files]) => [...files.keys()].map((name) => `${owner}/${name}`))

const typeOf = (commit: ReturnType<typeof Commit.open>) =>
  typeof commit === "string" ? commit : commit.header.partition.type

const expectSame = Effect.fnUntraced(function* (first: MailboxDevice, ...others: ReadonlyArray<MailboxDevice>) {
  for (const other of others) expect(yield* stateHash(other.journal)).toEqual(yield* stateHash(first.journal))
})

const start = Effect.gen(function* () {
  yield* TestClock.setTime(startMs)
  const folder = yield* MemoryMailbox.makeFolder
  return { folder, mailbox: MemoryMailbox.make(folder) }
})

describe("a mailbox between devices", () => {
  it.effect("[MX-1] what any of them writes all have, and who has nothing to say writes nothing", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules = rulesOf(1, 2, 3)
      const [a, b, c] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 2, rules), yield* join(mailbox, 3, rules)]
      yield* a.write(...notes(0, 300))
      yield* b.write(put("of b", { text: "b" }))
      yield* settled(a, b, c)
      yield* expectSame(a, b, c)
      yield* c.write(put("of b", { text: "c" }), put("of c", { text: "c" }))
      yield* settled(a, b, c)
      yield* expectSame(a, b, c)
      expect(yield* a.journal.get("note", "of b")).toMatchObject({ fields: { text: "c" } })
      for (const device of [a, b, c]) {
        expect((yield* device.peers).map(({ isEqual }) => isEqual)).toEqual([true, true])
      }
      const before = filesOf(folder)
      for (let i = 0; i < 5; i++) expect(yield* settled(a, b, c)).toBe(0)
      expect(filesOf(folder)).toEqual(before)
    })
  )

  it.effect("[MX-2] a file opens for those only who may see what is in it", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules: Rules = { known: new Set([1, 2, 3]), secretTo: new Set([1, 2]) }
      const [a, b, c] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 2, rules), yield* join(mailbox, 3, rules)]
      const outsider = yield* join(MemoryMailbox.make(folder), 4, rulesOf(1, 2, 3, 4))
      yield* a.write(put("n1", { text: "for all" }))
      yield* a.write({ ...put("s1", { text: "for two" }), partition: { type: "secret", header: {} } })
      yield* settled(a, b, c, outsider)
      expect(yield* b.journal.get("secret", "s1")).toMatchObject({ fields: { text: "for two" } })
      expect(yield* c.journal.get("note", "n1")).toMatchObject({ fields: { text: "for all" } })
      expect(yield* c.journal.get("secret", "s1")).toBeUndefined()
      expect(yield* outsider.journal.head).toBe(0)
      const own = MailboxName.ownerTag(functions.sha256, space, peerOf(4))
      const textOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
      for (const [directory, files] of folder.directories) {
        for (const bytes of files.values()) {
          expect(textOf(bytes)).not.toMatch(/for all|for two|secret/)
          const opened = yield* c.seal.open(bytes)
          if (opened !== undefined) expect(textOf(opened)).not.toContain("for two")
          if (!directory.endsWith(own)) expect(yield* outsider.seal.open(bytes)).toBeUndefined()
        }
      }
    })
  )

  it.effect("[MX-2] what readers may not see any more is in no file that is made for those who come later", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules: Rules = { known: new Set([1, 2]), secretTo: new Set([1, 2]) }
      const [a, b] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 2, rules)]
      const keep = (i: number, type: string) =>
        Effect.andThen(a.write({ ...put(`${i}`, { text: `kept ${type}` }), partition: { type, header: {} } }), a.step)
      for (let i = 0; i < 20; i++) yield* keep(i, "secret")
      yield* settled(a, b)
      rules.secretTo.delete(2)
      rules.known.add(3)
      const c = yield* join(mailbox, 3, rules)
      for (let i = 20; i < 40; i++) yield* keep(i, "note")
      yield* settled(a, b, c)
      expect(yield* c.journal.count("note")).toBe(20)
      expect(yield* c.journal.count("secret")).toBe(0)
      for (const files of folder.directories.values()) {
        for (const [name, bytes] of files) {
          const opened = name.startsWith("seg") ? yield* c.seal.open(bytes) : undefined
          const held = opened === undefined ? undefined : MailboxSegment.decode(opened)
          if (held === undefined || typeof held === "string") continue
          const types = held.commits.map((commit) => Commit.open(commit)).map(typeOf)
          expect(types).not.toContain("secret")
        }
      }
    })
  )

  it.effect("[MX-2] a space of more devices than a file can be sealed for gets a file for each part of them", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules = rulesOf(...Array.from({ length: 300 }, (_, i) => i + 1))
      const [a, last] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 300, rules)]
      yield* a.write(put("n1", { text: "for all" }))
      yield* a.step
      expect(filesOf(folder).filter((name) => name.includes("/seg-")).length).toBe(2)
      yield* last.step
      expect(yield* last.journal.get("note", "n1")).toMatchObject({ fields: { text: "for all" } })
    })
  )

  it.effect("[MX-3] who comes later, or is let see more, asks once and gets what was before", () =>
    Effect.gen(function* () {
      const { mailbox } = yield* start
      const rules: Rules = { known: new Set([1, 2]), secretTo: new Set([1, 2]) }
      const [a, b] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 2, rules)]
      yield* a.write(...notes(0, 400))
      yield* b.write(...notes(400, 500))
      yield* a.write({ ...put("s1", { text: "secret" }), partition: { type: "secret", header: {} } })
      yield* settled(a, b)
      rules.known.add(3)
      const c = yield* join(mailbox, 3, rules)
      yield* settled(a, b, c)
      expect(yield* c.journal.count("note")).toBe(500)
      expect(yield* c.journal.count("secret")).toBe(0)
      rules.secretTo.add(3)
      yield* settled(a, b, c)
      yield* expectSame(a, b, c)
    })
  )

  it.effect("[MX-33] a right that ends while a file is made counts for that file", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules: Rules = { known: new Set([1, 2, 3]), secretTo: new Set([1, 2, 3]) }
      const plain = FileSeal.ofSeed(seedOf(1))
      let during: () => void = () => undefined
      const seal: FileSeal.FileSealShape = {
        ...plain,
        seal: (bytes, readers) => Effect.tap(plain.seal(bytes, readers), () => Effect.sync(during))
      }
      const a = yield* join(mailbox, 1, rules, { seal })
      const opened = Effect.fnUntraced(function* (device: number) {
        const each = [...folder.directories.values()].flatMap((files) => [...files.values()])
        const found = yield* Effect.forEach(each, FileSeal.ofSeed(seedOf(device)).open)
        return found.filter((bytes) => bytes !== undefined).length
      })
      yield* a.write({ ...put("s1", { text: "secret" }), partition: { type: "secret", header: {} } })
      during = () => void rules.secretTo.delete(3)
      yield* a.step
      // The head says nothing of what is in the segment.
      expect([yield* opened(2), yield* opened(3)]).toEqual([2, 1])
      yield* a.write(put("n1", { text: "for who is in" }))
      during = () => void rules.known.delete(3)
      yield* a.step
      expect(yield* opened(2)).toBeGreaterThan(3)
      expect(yield* opened(3)).toBe(1)
    })
  )

  it.effect("[MX-4] what was taken out of the mailbox, or changed there, is asked for", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules = rulesOf(1, 2)
      const [a, b] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 2, rules)]
      yield* a.write(...notes(0, 10))
      yield* a.step
      for (const files of folder.directories.values()) {
        for (const [name, bytes] of files) if (name.startsWith("seg")) files.set(name, bytes.slice(1))
      }
      yield* b.step
      expect(yield* b.journal.count("note")).toBe(0)
      for (const files of folder.directories.values()) {
        for (const name of files.keys()) if (name.startsWith("seg")) files.delete(name)
      }
      yield* a.write(...notes(10, 12))
      yield* settled(a, b)
      // It may be late only.
      expect(yield* b.journal.count("note")).toBe(0)
      yield* TestClock.adjust(missingMsMax)
      yield* settled(a, b)
      yield* expectSame(a, b)
    })
  )

  it.effect("[MX-4] however many files are missing, what was in them is there ten minutes later", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules = rulesOf(1, 2)
      const [a, b] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 2, rules)]
      for (let i = 0; i < 6; i++) yield* Effect.andThen(a.write(...notes(i, i + 1)), a.step)
      for (const files of folder.directories.values()) {
        for (const name of files.keys()) if (name.startsWith("seg")) files.delete(name)
      }
      yield* b.step
      yield* TestClock.adjust(missingMsMax)
      for (let round = 0; round < 4; round++) for (const device of [b, a]) yield* device.step
      yield* expectSame(a, b)
    })
  )

  it.effect("[MX-5] what devices wrote that are not there is passed on, once", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules = rulesOf(1, 2, 3)
      const [a, b, c] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 2, rules), yield* join(mailbox, 3, rules)]
      yield* settled(a, b, c)
      const away = yield* join(MemoryMailbox.make(yield* MemoryMailbox.makeFolder), 9, rules)
      yield* away.write(...notes(0, 50))
      const { commits } = yield* away.journal.feed(0, "" as never, Number.MAX_SAFE_INTEGER)
      for (const device of [a, b]) {
        yield* device.journal.receive({
          peer: away.journal.device,
          incarnation: away.journal.info.incarnation,
          isCustodian: true,
          feed: undefined,
          commits: commits.map(({ bytes }) => bytes),
          denials: [],
          aheadMsMax: 300_000,
          deleteLimits: { recordsMax: 1_000, shareMax: 1, shareFrom: 20, windowMs: 60_000 }
        })
      }
      const before = filesOf(folder).filter((name) => name.includes("/seg-")).length
      yield* settled(a, b, c)
      yield* expectSame(a, b, c)
      expect(filesOf(folder).filter((name) => name.includes("/seg-")).length).toBe(before + 1)
    })
  )

  it.effect("[MX-6] a device goes on after a restart, also when it forgot how far it was", () =>
    Effect.gen(function* () {
      const { mailbox } = yield* start
      const rules = rulesOf(1, 2)
      const b = yield* join(mailbox, 2, rules)
      const first = yield* Effect.scoped(
        Effect.gen(function* () {
          const a = yield* join(mailbox, 1, rules)
          yield* a.write(...notes(0, 20))
          yield* settled(a, b)
          return a
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const again = yield* join(mailbox, 1, rules, first)
          yield* again.write(...notes(20, 30))
          yield* settled(again, b)
          yield* expectSame(again, b)
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const forgetful = yield* join(mailbox, 1, rules, { ...first, kept: new Map() })
          yield* forgetful.write(...notes(30, 40))
          yield* b.write(...notes(40, 50))
          yield* settled(forgetful, b)
          yield* expectSame(forgetful, b)
          expect(yield* b.journal.count("note")).toBe(50)
        })
      )
    })
  )

  it.effect(
    "[MX-11] of another account at the same address nothing is remembered, and of the first one everything",
    () =>
      Effect.gen(function* () {
        const rules = rulesOf(1, 2)
        const places = [yield* start, yield* start] as const
        const [first, second] = places.map(({ mailbox }, i): Mailbox => ({
          ...mailbox,
          open: (place) => Effect.map(mailbox.open(place), (shape) => ({ ...shape, account: `account ${i}` }))
        })) as [Mailbox, Mailbox]
        const a = yield* Effect.scoped(
          Effect.gen(function* () {
            const a = yield* join(first, 1, rules)
            yield* a.write(...notes(0, 20))
            yield* a.step
            return a
          })
        )
        yield* Effect.scoped(
          Effect.gen(function* () {
            const [again, b] = [yield* join(second, 1, rules, a), yield* join(second, 2, rules)]
            yield* settled(again, b)
            yield* expectSame(again, b)
            expect(yield* b.journal.count("note")).toBe(20)
          })
        )
        const before = filesOf(places[0].folder)
        yield* Effect.scoped(Effect.flatMap(join(first, 1, rules, a), ({ step }) => step))
        expect(filesOf(places[0].folder)).toEqual(before)
        expect([...a.kept.keys()]).toEqual(["memory memory: account 0", "memory memory: account 1"])
      })
  )

  it.effect("[MX-6] a device that lost everything gets it back, again and again", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules = rulesOf(1, 3)
      const a = yield* join(mailbox, 1, rules)
      yield* a.write(...notes(0, 300))
      yield* a.step
      rules.known.add(2)
      for (let times = 0; times < 3; times++) {
        const lost = Effect.gen(function* () {
          const b = yield* join(mailbox, 2, rules)
          yield* settled(a, b)
          yield* TestClock.adjust(missingMsMax)
          yield* settled(a, b)
          yield* expectSame(a, b)
        })
        yield* Effect.scoped(lost)
        // What answered it is lost, too.
        for (const files of folder.directories.values()) {
          for (const name of files.keys()) if (name.startsWith("seg")) files.delete(name)
        }
      }
    })
  )

  it.effect("[MX-7] what nothing names goes, such as the files of a step that was cut off", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules = rulesOf(1, 2)
      const b = yield* join(mailbox, 2, rules)
      const kept = new Map<string, Uint8Array>()
      const first = yield* Effect.scoped(
        Effect.gen(function* () {
          const a = yield* join(mailbox, 1, rules)
          yield* a.step
          for (const [name, bytes] of a.kept) kept.set(name, bytes)
          yield* a.write(...notes(0, 20))
          yield* a.step
          return a
        })
      )
      // It wrote, and never stored that it did.
      const again = yield* join(mailbox, 1, rules, { ...first, kept })
      yield* settled(again, b)
      yield* TestClock.adjust(MailboxWriting.fossilMs)
      yield* settled(again, b)
      yield* expectSame(again, b)
      expect(filesOf(folder).filter((name) => name.includes("/seg-")).length).toBe(1)
    })
  )

  it.effect("[MX-7] many small files become one, and go when nobody can need them any more", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const rules = rulesOf(1, 2)
      const [a, b] = [yield* join(mailbox, 1, rules), yield* join(mailbox, 2, rules)]
      for (let i = 0; i < 40; i++) {
        yield* a.write(put(`n${i}`, { text: "a" }))
        yield* a.step
      }
      yield* settled(a, b)
      yield* expectSame(a, b)
      const segments = () => filesOf(folder).filter((name) => name.includes("/seg-")).length
      const before = segments()
      yield* TestClock.adjust(MailboxWriting.fossilMs)
      yield* settled(a, b)
      expect(segments()).toBeLessThan(before - 25)
      rules.known.add(3)
      const c = yield* join(mailbox, 3, rules)
      yield* settled(a, b, c)
      yield* expectSame(a, b, c)
    })
  )
})
