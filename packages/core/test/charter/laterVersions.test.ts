// What a charter is to a program that cannot judge all of it, and to one that finds its store damaged.
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import * as Charter from "../../src/charter/Charter.ts"
import { CharterGraph } from "../../src/charter/CharterGraph.ts"
import type { CharterOperation } from "../../src/charter/CharterOperation.ts"
import * as CharterRecord from "../../src/charter/CharterRecord.ts"
import { CharterStore } from "../../src/charter/CharterStore.ts"
import * as KeyDuties from "../../src/charter/KeyDuties.ts"
import * as StoredRecords from "../../src/charter/StoredRecords.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import { layerDevice } from "../journal/nodeCrypto.ts"
import { crypto, found, join, key, laterRecord, peer, record, signerOf, space, team } from "./fixture.ts"

const setTeam = (name: string): CharterOperation => ({ _tag: "SetTeam", team: "north", name })
const remove = (member: string): CharterOperation => ({ _tag: "RemoveMember", member })
const policy = (text: string): CharterOperation => ({ _tag: "SetPolicy", text })

/** The charter of a device's number on what is stored; documents that begin with `later` are beyond this program. */
const open = Effect.fnUntraced(function* (
  device: number,
  rows: Array<Uint8Array> = [],
  policyProblem: Charter.CharterOptions["policyProblem"] = (text) =>
    text.startsWith("later") ? "this version cannot read it" : undefined
) {
  const layer = Charter.layer({ space, policyProblem }).pipe(
    Layer.provide([layerDevice(device), CharterStore.layerMemory(rows, "charter.db")])
  )
  return Context.get(yield* Layer.build(layer), Charter.Charter)
})

const headOf = (tree: CharterGraph): CharterRecord.CharterRecord => tree.after(0).at(-1)!

const sent = (...records: ReadonlyArray<CharterRecord.CharterRecord>): Array<Uint8Array> =>
  records.map(({ bytes }) => bytes)

describe("a policy document that a version cannot read", () => {
  it.effect("[CH-64] counts there as everywhere, also after a start, and nobody's charter is another one", () =>
    Effect.gen(function* () {
      const rows: Array<Uint8Array> = []
      const [newer, older] = [yield* open(1, [], () => undefined), yield* open(2, rows)]
      yield* newer.write([found])
      yield* newer.write([...join("olga", "owner", 2), ...join("eve", "admin", 3)])
      yield* newer.write([policy("later: 2")])
      yield* newer.write([remove("eve")])
      const { refused } = yield* older.receive(newer.beyond(older.known(), 1e6))
      expect(refused).toEqual([])
      for (const each of [older, yield* open(2, rows)]) {
        expect(each.state()).toEqual(newer.state())
        expect(each.state().policy).toEqual({ text: "later: 2", version: 3 })
        expect(each.digest()).toEqual(newer.digest())
      }
    })
  )

  it.effect("[CH-64] is put in force by nobody who cannot read it, though it was in force before", () =>
    Effect.gen(function* () {
      const [newer, older] = [yield* open(1, [], () => undefined), yield* open(2)]
      yield* newer.write([found])
      yield* newer.write(join("olga", "owner", 2))
      yield* newer.write([policy("later: 2")])
      yield* newer.write([policy("one that all can read")])
      yield* older.receive(newer.beyond(older.known(), 1e6))
      const denied = yield* Effect.flip(older.write([policy("later: 2")]))
      expect(denied.message).toBe("the charter does not allow it at version 4: this version cannot read it")
      expect((yield* older.write([policy("another one")])).version).toBe(5)
    })
  )
})

describe("a record that only a later version can judge", () => {
  it.effect("[CH-65] counts and is passed on, and nothing is written behind it", () =>
    Effect.gen(function* () {
      const tree = team()
      for (const format of [1, 2]) {
        const rows: Array<Uint8Array> = []
        const [olga, mia] = [yield* open(2, rows), yield* open(5)]
        const later = laterRecord(headOf(tree), 3, format)
        yield* olga.receive(sent(...tree.after(0)))
        expect(yield* olga.receive(sent(later))).toMatchObject({ added: 1, refused: [], here: [later.id] })
        yield* mia.receive(olga.beyond(mia.known(), 1e6))
        for (const each of [olga, mia, yield* open(2, rows)]) {
          expect(each.state()).toMatchObject({ version: 3, head: later.id, unread: 3 })
          expect(each.digest()).toEqual(olga.digest())
          expect(each.state().members).toEqual(tree.state.members)
          expect((yield* Effect.flip(each.write([setTeam("x")]))).message).toBe(
            "the charter does not allow it at version 3: this version of the program cannot judge record 3, which a later one wrote; update it"
          )
        }
        expect(KeyDuties.isKeeper(olga.state(), olga.state().devices.get(peer(2)))).toBe(false)
      }
    })
  )

  it.effect("[CH-65] is kept with what stands behind it, whether that makes sense without it or not", () =>
    Effect.gen(function* () {
      const tree = team()
      const later = laterRecord(headOf(tree), 1)
      // It may have let zoe in.
      const behind = record(later, 2, { _tag: "SetMemberTeams", member: "zoe", teams: [] })
      const sensible = record(behind, 3, setTeam("Norden"))
      const rows: Array<Uint8Array> = []
      const olga = yield* open(2, rows)
      yield* olga.receive(sent(...tree.after(0)))
      expect(yield* olga.receive(sent(later, behind, sensible))).toMatchObject({ added: 3, refused: [] })
      for (const each of [olga, yield* open(2, rows)]) {
        expect(each.state()).toMatchObject({ version: 5, unread: 3 })
        expect(each.state().teams.get("north")?.name).toBe("Norden")
      }
      // Beside it what makes no sense is refused as ever, and so is what somebody behind it has no say in.
      const beside = record(headOf(tree), 2, { _tag: "SetMemberTeams", member: "zoe", teams: [] })
      const byNobody = record(sensible, 9, setTeam("South"))
      expect((yield* olga.receive(sent(beside, byNobody))).refused).toHaveLength(2)
    })
  )

  it.effect("[CH-65] counts without a hub only by who manages the space, whose turn it is like any other's", () =>
    Effect.gen(function* () {
      const tree = team()
      const ann = yield* open(1)
      yield* ann.receive(sent(...tree.after(0)))
      for (const device of [5, 6, 9]) {
        const { refused } = yield* ann.receive(sent(laterRecord(headOf(tree), device)))
        expect(refused).toHaveLength(1)
      }
      yield* ann.write([remove("adam")])
      // Adam is out by somebody more senior, and did not know of it.
      const [ofAdam, behindIt] = [laterRecord(headOf(tree), 3), laterRecord(headOf(tree), 4)]
      yield* ann.receive(sent(ofAdam, record(ofAdam, 4, { _tag: "SetMemberTeams", member: "zoe", teams: [] })))
      expect(ann.state()).toMatchObject({ version: 3, unread: undefined })
      yield* ann.receive(sent(behindIt))
      expect(ann.state().unread).toBe(4)
      // Nor has a paused device.
      const paused = record(headOf(tree), 1, { _tag: "PauseDevice", device: key(3), isPaused: true })
      expect(
        (yield* (yield* open(6)).receive(sent(...tree.after(0), paused, laterRecord(paused, 3)))).refused
      ).toMatchObject([{ problem: "device 3 is paused" }])
      // Whoever knew the record before the removal comes to the same.
      const olga = yield* open(2)
      yield* olga.receive(sent(...tree.after(0), ofAdam))
      expect(olga.state().unread).toBe(3)
      yield* olga.receive([ann.beyond(olga.known(), 1e6)[0]!])
      expect(olga.state()).toMatchObject({ version: 3, unread: undefined })
    })
  )

  it.effect("[CH-65] counts with a hub where that has signed for it, and a hub that cannot judge it does not", () =>
    Effect.gen(function* () {
      const rows: Array<Uint8Array> = []
      const [hub, ann] = [yield* open(8), yield* open(1, rows)]
      yield* hub.write([{ ...found, device: key(8), hub: key(8) } as CharterOperation])
      yield* hub.write(join("bea", "owner", 1))
      yield* ann.receive(hub.beyond(ann.known(), 1e6))
      const { head: id, version } = hub.state()
      const later = laterRecord({ id, version }, 1)
      const handed = yield* hub.receive(sent(later))
      expect(handed.refused).toEqual([
        { problem: "a later version of the program wrote it; the hub is to be updated first", operations: [] }
      ])
      expect((yield* ann.receive(sent(later))).refused).toMatchObject([{ problem: /has not taken it in/ }])
      expect(ann.state().unread).toBe(undefined)
      const signed = CharterRecord.withReceipt(later, signerOf(8))
      for (const each of [ann, hub]) {
        yield* each.receive(sent(signed))
        expect(each.state()).toMatchObject({ version: 3, unread: 3 })
      }
      const more = record({ id: later.id, version: 3 }, 1, setTeam("x"))
      expect((yield* hub.receive(sent(more))).refused).toMatchObject([{ problem: /cannot judge record 3/ }])
      expect((yield* Effect.flip(hub.write([setTeam("x")]))).message).toContain("update it")
      // Damaged it is no record that the hub has not signed for.
      rows[2]![rows[2]!.length - 10]! ^= 1
      expect((yield* Effect.flip(open(1, rows))).message).toMatch(/record 3 of 3, .*has not taken it in/)
    })
  )
})

describe("a store at the start", () => {
  const rowsOf = Effect.fnUntraced(function* () {
    const rows: Array<Uint8Array> = []
    const hub = yield* open(8, rows)
    yield* hub.write([{ ...found, device: key(8), hub: key(8) } as CharterOperation])
    yield* hub.write([...join("bea", "owner", 1), ...join("eve", "admin", 3)])
    const { head: id, version } = hub.state()
    yield* hub.receive(sent(record({ id, version }, 1, remove("eve"))))
    yield* hub.write([setTeam("North")])
    return rows
  })

  it.effect("[CH-66] whichever bit of a record is changed, there is no charter, and the reason names the record", () =>
    Effect.gen(function* () {
      const rows = yield* rowsOf()
      const sound = (yield* open(8, rows)).state()
      expect(rows).toHaveLength(4)
      for (const [place, row] of rows.entries()) {
        for (let at = 0; at < row.length; at += 3) {
          const changed = rows.map((each) => Bytes.copy(each))
          changed[place]![at]! ^= 1 << (at & 7)
          const opened = yield* Effect.result(open(8, changed))
          if (Result.isFailure(opened)) {
            expect(opened.failure).toMatchObject({ reason: { path: "charter.db", isRetryable: false } })
            expect(opened.failure.message).toContain(`record ${place + 1} of 4`)
          } else {
            // A receipt that the hub's own records do not need.
            expect(at, `byte ${at} of record ${place + 1}`).toBeGreaterThan(row.length - 68)
            expect(place).not.toBe(2)
            expect(opened.success.state()).toEqual(sound)
          }
        }
      }
      const changed = rows.map((each) => Bytes.copy(each))
      changed[2]![40]! ^= 1
      expect((yield* Effect.flip(open(8, changed))).message).toMatch(
        /^charter\.db is damaged \(record 3 of 4: .*\); restore a backup of the whole data folder; .* never on the hub/
      )
    })
  )

  it.effect("[CH-66] where a record is gone that another one stands behind, there is no charter", () =>
    Effect.gen(function* () {
      const rows = yield* rowsOf()
      for (const gone of [0, 1, 2]) {
        const failure = yield* Effect.flip(
          open(
            8,
            rows.filter((_, place) => place !== gone)
          )
        )
        expect(failure.reason._tag).toBe("StoreCorrupt")
        expect(failure.message).toMatch(/record \d of 3, [0-9a-f]{64}: a record that it stands behind is gone/)
      }
    })
  )

  it.effect("[CH-66] what was judged before and would be refused now closes the charter, and loses nothing of it", () =>
    Effect.gen(function* () {
      const tree = team()
      // Only other rules would have let mia do this.
      const refused = record(headOf(tree), 5, remove("ada"))
      expect(tree.add(refused).kind).toBe("refused")
      const after = record(refused, 1, remove("adam"))
      const rows = sent(...tree.after(0), refused, after)
      const olga = yield* open(2, rows)
      expect(olga.state()).toMatchObject({ version: 4, unread: 3 })
      expect(olga.state().members.has("adam")).toBe(false)
      expect(rows).toHaveLength(4)
    })
  )

  it.effect("[CH-66] what was kept without being judged may be refused by who can judge it, and is gone then", () =>
    Effect.gen(function* () {
      const tree = team()
      const later = laterRecord(headOf(tree), 3)
      const behind = record(later, 3, remove("zoe"))
      const rows = sent(...tree.after(0))
      yield* (yield* open(2, rows)).receive(sent(later, behind))
      expect(rows).toHaveLength(4)
      const loaded = (...stored: ReadonlyArray<Uint8Array>) =>
        StoredRecords.load(crypto, space, { path: "charter.db", load: Effect.succeed(stored) })
      const sound = rows.slice(0, 2)
      // That is for what is refused, not for what is gone.
      expect((yield* Effect.flip(loaded(...sound, rows[3]!))).reason._tag).toBe("StoreCorrupt")
      // Marked as the store has what was not judged, records stand for later ones that this program has learnt to judge.
      const bad = record(headOf(tree), 5, remove("adam"))
      const mark = rows[2]!.subarray(0, 1)
      const marked = [bad, record(bad, 3, setTeam("x"))].map(({ bytes }) => Bytes.concat(mark, bytes))
      const graph = yield* loaded(...sound, ...marked)
      expect(graph.state).toEqual(tree.state)
      expect(graph.size).toBe(2)
    })
  )

  it.effect("[CH-66] of what does not count everything is there again, however much one device wrote", () =>
    Effect.gen(function* () {
      const rows: Array<Uint8Array> = []
      const [ann, adam, olga] = [yield* open(1, rows), yield* open(3), yield* open(2)]
      yield* ann.write([found])
      yield* ann.write([...join("adam", "admin", 3), ...join("olga", "owner", 2)])
      for (const each of [adam, olga]) yield* each.receive(ann.beyond({ marks: [], rivals: [] }, 1e6))
      for (let i = 0; i < 100; i++) yield* adam.write([setTeam(String(i))])
      // Apart from him; what counts when it comes is kept when it does not any more.
      yield* olga.write([{ _tag: "SetTeam", team: "east", name: "East" }])
      yield* ann.receive(olga.beyond(ann.known(), 1e6))
      yield* ann.receive(adam.beyond(ann.known(), 1e6))
      expect(ann.rivals()).toHaveLength(0)
      yield* olga.write([remove("adam")])
      yield* ann.receive(olga.beyond(ann.known(), 1e6))
      expect(ann.rivals()).toHaveLength(100)
      const again = yield* open(1, rows)
      expect(again.rivals()).toHaveLength(100)
      expect(again.state()).toEqual(ann.state())
    })
  )
})
