// A mailbox as a storage that is asked: what goes up comes down elsewhere, once, and nothing else does.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import * as Bytes from "../../src/identity/Bytes.ts"
import type * as CloudStorage from "../../src/mailbox/CloudStorage.ts"
import { downloadBytesMax } from "../../src/mailbox/CloudStorage.ts"
import * as MemoryMailbox from "../../src/mailbox/MemoryMailbox.ts"
import * as FlakyMailbox from "../../src/testing/FlakyMailbox.ts"
import { put, space, startMs, stateHash } from "../../src/testing/JournalFixture.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import * as MailboxName from "../../src/mailbox/MailboxName.ts"
import { functions } from "../journal/nodeCrypto.ts"
import { join, makeJournal, peerOf, type Rules, storageOf } from "./mailboxDevices.ts"

const rulesOf = (...devices: ReadonlyArray<number>): Rules => ({ known: new Set(devices), secretTo: new Set(devices) })

const start = Effect.gen(function* () {
  yield* TestClock.setTime(startMs)
  const folder = yield* MemoryMailbox.makeFolder
  return { folder, mailbox: MemoryMailbox.make(folder) }
})

/** All there is behind a cursor, as a program asks for it. */
const everything = Effect.fnUntraced(function* (storage: CloudStorage.CloudStorageShape, since: string | null = null) {
  const commits: Array<CloudStorage.Downloaded["commits"][number]> = []
  for (let cursor = since; ;) {
    const { commits: more, isEnd, next } = yield* storage.downloadEvents(cursor)
    commits.push(...more)
    cursor = next
    if (isEnd) return { commits, next }
  }
})

/** A long text that no compression makes short. */
const noise = (name: string): string =>
  Array.from({ length: 192 }, (_, i) => Bytes.toHex(functions.sha256(Bytes.utf8(`${name} ${i}`)))).join("")

const idsOf = (commits: ReadonlyArray<{ readonly id: string }>) => commits.map(({ id }) => id)

describe("a storage of events", () => {
  it.effect("[MX-31] what goes up comes down elsewhere, signed by its author, in its order, and in its journal", () =>
    Effect.gen(function* () {
      const { mailbox } = yield* start
      const [here, there] = [yield* makeJournal(1), yield* makeJournal(2)]
      const rules = rulesOf(1, 2)
      const a = yield* storageOf(mailbox, 1, rules, here)
      const b = yield* storageOf(mailbox, 2, rules, there)
      for (let i = 0; i < 5; i++) yield* here.write([put(`n${i}`, { text: `note ${i}` })])
      expect(yield* a.uploadEvents).toBe(true)
      const { commits, next } = yield* everything(b)
      expect(commits.map(({ author, entities, isSigned }) => [author, isSigned, entities[0]!.id])).toEqual(
        [0, 1, 2, 3, 4].map((i) => [peerOf(1), true, `n${i}`])
      )
      expect(commits[0]!.entities[0]!.changes).toEqual([{ kind: "lww", field: "text", value: "note 0" }])
      expect(yield* stateHash(there)).toEqual(yield* stateHash(here))
      expect((yield* b.listPeers).map(({ isEqual, peer }) => [peer, isEqual])).toEqual([[peerOf(1), true]])
      // Nobody's own events come down to them.
      expect((yield* everything(a)).commits).toEqual([])
      expect((yield* everything(b, next)).commits).toEqual([])
      expect(yield* a.uploadEvents).toBe(false)
    })
  )

  it.effect("[MX-31] nothing comes down that a device may not have, or of whom nobody knows, or that is forged", () =>
    Effect.gen(function* () {
      const { folder, mailbox } = yield* start
      const [here, there, elsewhere] = [yield* makeJournal(1), yield* makeJournal(2), yield* makeJournal(3)]
      const rules: Rules = { known: new Set([1, 2]), secretTo: new Set([1]) }
      const a = yield* storageOf(mailbox, 1, rules, here)
      const b = yield* storageOf(mailbox, 2, rules, there)
      const stranger = yield* storageOf(mailbox, 3, rulesOf(1, 2, 3), elsewhere)
      yield* here.write([put("n1", { text: "for both" })])
      yield* here.write([put("s1", { text: "for one" }, {}, "secret")])
      yield* elsewhere.write([put("n2", { text: "by a stranger" })])
      yield* a.uploadEvents
      yield* stranger.uploadEvents
      // Somebody else's bytes under a name of the first device's.
      const owner = MailboxName.ownerTag(functions.sha256, space, peerOf(1))
      const bytes = new Uint8Array(500)
      const forged = MailboxName.print({ kind: "head", counter: 99, hash: MailboxName.hashOf(functions.sha256, bytes) })
      folder.directories.get(`${MailboxName.spaceTag(functions.sha256, space)}/${owner}`)!.set(forged, bytes)
      const { commits } = yield* everything(b)
      expect(commits.flatMap(({ entities }) => entities.map(({ id }) => id))).toEqual(["n1"])
      expect((yield* b.listPeers).map(({ peer }) => peer)).toEqual([peerOf(1)])
      expect((yield* everything(stranger)).commits).toEqual([])
      expect(yield* there.get("note", "n2")).toBeUndefined()
      expect(yield* there.get("secret", "s1")).toBeUndefined()
    })
  )

  it.effect("[MX-32] every commit comes once, page by page, also after a restart, and between others' writes", () =>
    Effect.gen(function* () {
      const { mailbox } = yield* start
      const [here, there] = [yield* makeJournal(1), yield* makeJournal(2)]
      const rules = rulesOf(1, 2)
      const a = yield* join(mailbox, 1, rules, { journal: here })
      const kept = new Map<string, Uint8Array>()
      const got: Array<string> = []
      let cursor: string | null = null
      for (let round = 0; round < 6; round++) {
        for (let i = 0; i < 40; i++) yield* here.write([put(`n${i}`, { text: noise(`${round} ${i}`) })])
        yield* a.step
        yield* Effect.scoped(
          Effect.gen(function* () {
            const b = yield* storageOf(mailbox, 2, rules, there, kept)
            yield* there.write([put(`own ${round}`, { text: "mine" })])
            const { commits, next } = yield* everything(b, cursor)
            got.push(...idsOf(commits))
            cursor = next
          })
        )
      }
      const { commits } = yield* here.feed(0, peerOf(2), 1e9)
      expect(commits).toHaveLength(6 * 40)
      expect(commits.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeGreaterThan(2 * downloadBytesMax)
      expect(got).toHaveLength(commits.length)
      expect(new Set(got).size).toBe(commits.length)
    })
  )

  it.effect(
    "[MX-32] a cursor of another journal, or of a later state of it, begins again; what is none is refused",
    () =>
      Effect.gen(function* () {
        const { mailbox } = yield* start
        const [here, there] = [yield* makeJournal(1), yield* makeJournal(2)]
        const rules = rulesOf(1, 2)
        const a = yield* storageOf(mailbox, 1, rules, here)
        const b = yield* storageOf(mailbox, 2, rules, there)
        yield* here.write([put("n1", { text: "one" })])
        yield* a.uploadEvents
        const { commits, next } = yield* everything(b)
        expect(commits).toHaveLength(1)
        const later = next.replace(/\d+$/, "900")
        const foreign = (yield* a.downloadEvents(null)).next
        for (const cursor of [later, foreign])
          expect(idsOf((yield* everything(b, cursor)).commits)).toEqual(idsOf(commits))
        for (const cursor of ["", "0", "1.x.3", `${next}.1`, 7, undefined, {}]) {
          const error = yield* Effect.flip(b.downloadEvents(cursor as string))
          expect(error.reason._tag).toBe("CursorMalformed")
        }
      })
  )

  it.effect("[MX-32] whatever fails in between, nothing is lost and nothing comes twice", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(startMs)
      const random = new SeededRandom(7)
      const flaky = FlakyMailbox.makeFolder(new SeededRandom(7, 1), {
        ...FlakyMailbox.steady,
        failure: 0.2,
        partial: 0.1,
        delayMsMax: 20_000
      })
      const [here, there] = [yield* makeJournal(1), yield* makeJournal(2)]
      const rules = rulesOf(1, 2)
      const a = yield* storageOf(FlakyMailbox.make(flaky), 1, rules, here)
      const b = yield* storageOf(FlakyMailbox.make(flaky), 2, rules, there)
      const got: Array<string> = []
      let cursor: string | null = null
      const ask = Effect.gen(function* () {
        const { commits, next }: CloudStorage.Downloaded = yield* b.downloadEvents(cursor)
        got.push(...idsOf(commits))
        cursor = next
      })
      for (let i = 0; i < 60; i++) {
        yield* here.write([put(`n${i}`, { text: "x" })])
        yield* Effect.ignore(a.uploadEvents)
        if (random.chance(0.5)) yield* Effect.ignore(ask)
        yield* TestClock.adjust(10_000)
      }
      flaky.flakiness = FlakyMailbox.steady
      for (let i = 0; i < 20; i++) {
        yield* a.uploadEvents
        yield* ask
        yield* TestClock.adjust(120_000)
      }
      expect(got).toHaveLength(60)
      expect(new Set(got).size).toBe(60)
    })
  )
})
