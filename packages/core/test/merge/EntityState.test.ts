// The laws of merging, on random histories: any causal order, any duplication, the same state.
import { describe, expect, it } from "vitest"
import type { Author } from "../../src/identity/Author.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as EntityState from "../../src/merge/EntityState.ts"
import { wins } from "../../src/merge/LwwRegister.ts"
import * as OrSet from "../../src/merge/OrSet.ts"
import { planEvent } from "../../src/journal/EventPlan.ts"
import * as StateCodec from "../../src/journal/StateCodec.ts"
import type { EntityChange } from "../../src/model/EntityChange.ts"
import * as Event from "../../src/model/Event.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"
import { crypto } from "../nodeCrypto.ts"

interface Written {
  readonly event: Event.Event
  readonly origin: EntityState.Origin
}

const authors = ["A/1", "B/1", "C/1"] as unknown as ReadonlyArray<Author>

const randomChange = (random: SeededRandom): EntityChange["change"] => {
  const word = random.pick(["x", "y", "z"])
  switch (random.between(0, 5)) {
    case 0:
      return { kind: "put", lww: { title: word }, counters: {}, sets: { tags: [word] } }
    case 1:
      return { kind: "patch", lww: {}, counters: { votes: random.between(-3, 3) }, sets: {} }
    case 2:
      return { kind: "patch", lww: {}, counters: {}, sets: { tags: { add: [word], remove: [] } } }
    case 3:
      return { kind: "patch", lww: {}, counters: {}, sets: { tags: { add: [], remove: [word] } } }
    case 4:
      return { kind: "delete" }
    default:
      return { kind: "put", lww: { title: word, color: word }, counters: {}, sets: {} }
  }
}

/** Three replicas that write and now and then take in some of each other's events. */
const randomHistory = (random: SeededRandom): ReadonlyArray<Written> => {
  const replicas = authors.map(() => EntityState.empty())
  const log: Array<Written> = []
  for (let i = 0; i < 25; i++) {
    const at = random.between(0, 2)
    if (random.chance(0.4))
      deliver(replicas[at]!, random.chance(0.5) ? log : log.slice(0, random.between(0, log.length)))
    const written = writeOn(replicas[at]!, authors[at]!, randomChange(random), random.between(1, 40))
    if (written !== undefined) log.push(written)
  }
  return log
}

const writeOn = (
  state: EntityState.EntityState,
  author: Author,
  change: EntityChange["change"],
  ms: number
): Written | undefined => {
  if (change.kind !== "put" && (state.clock.size === 0 || state.isDeleted)) return undefined
  const commitAuthors: Array<Author> = [author]
  const placeOf = (other: Author): number =>
    commitAuthors.includes(other) ? commitAuthors.indexOf(other) : commitAuthors.push(other) - 1
  const partition = { type: "note", header: {} }
  const event = planEvent(state, { partition, id: "e", change }, author, placeOf)
  if (event === undefined) return undefined
  const hash = Bytes.copy(crypto.sha256(Event.encode(event)).subarray(0, 16))
  const written: Written = { event, origin: { at: HybridTime.make(ms, 0), authors: commitAuthors, hash } }
  EntityState.apply(state, event, written.origin)
  return written
}

/** Applies what is new and possible, again and again until nothing more is. */
const deliver = (state: EntityState.EntityState, log: ReadonlyArray<Written>): void => {
  for (let moved = true; moved;) {
    moved = false
    for (const { event, origin } of log) {
      if (EntityState.standing(state, event, origin, false) !== "new") continue
      EntityState.apply(state, event, origin)
      moved = true
    }
  }
}

const shuffle = <A>(random: SeededRandom, list: ReadonlyArray<A>): ReadonlyArray<A> =>
  list
    .map((item) => ({ item, rank: random.fraction() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)

const picture = (state: EntityState.EntityState): unknown => ({
  view: StateCodec.view(state, {}),
  isDeleted: state.isDeleted,
  clock: [...state.clock].sort(([a], [b]) => (a < b ? -1 : 1))
})

describe("EntityState", () => {
  it("[ME-1] the same events give the same state in every causal order", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = new SeededRandom(seed)
      const log = randomHistory(random)
      const one = EntityState.empty()
      const two = EntityState.empty()
      deliver(one, log)
      deliver(two, shuffle(random, log))
      expect(picture(two), `seed ${seed}`).toEqual(picture(one))
    }
  })

  it("[ME-2] applying again what is known changes nothing", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const log = randomHistory(new SeededRandom(seed))
      const state = EntityState.empty()
      deliver(state, log)
      const before = picture(state)
      for (const { event, origin } of log) expect(EntityState.standing(state, event, origin, false)).toBe("known")
      deliver(state, log)
      expect(picture(state)).toEqual(before)
    }
  })

  it("[ME-3] an event waits for those it depends on", () => {
    const a = EntityState.empty()
    const first = writeOn(a, authors[0]!, { kind: "put", lww: { title: "a" }, counters: {}, sets: {} }, 1)!
    const second = writeOn(a, authors[0]!, { kind: "put", lww: { title: "b" }, counters: {}, sets: {} }, 2)!
    const b = EntityState.empty()
    deliver(b, [first, second])
    const third = writeOn(b, authors[1]!, { kind: "put", lww: { title: "c" }, counters: {}, sets: {} }, 3)!
    const fresh = EntityState.empty()
    expect(EntityState.standing(fresh, second.event, second.origin, false)).toBe("gap")
    expect(EntityState.standing(fresh, third.event, third.origin, false)).toBe("gap")
    deliver(fresh, [third, second, first])
    expect(fresh.values.get("title")).toBe("c")
  })

  it("[ME-3] a removal waits for the additions that it names, also when its writer lists no dependency", () => {
    const hash = (event: Event.Event) => Bytes.copy(crypto.sha256(Event.encode(event)).subarray(0, 16))
    const add: Event.Event = { entity: "e", eseq: 1, prev: undefined, deps: [], ops: { a: { tags: ["red"] } } }
    const remove: Event.Event = {
      entity: "e",
      eseq: 1,
      prev: undefined,
      deps: [],
      ops: { r: { tags: [["red", [[1, 1]]]] } }
    }
    const written: ReadonlyArray<Written> = [
      { event: remove, origin: { at: HybridTime.make(2, 0), authors: [authors[1]!, authors[0]!], hash: hash(remove) } },
      { event: add, origin: { at: HybridTime.make(1, 0), authors: [authors[0]!], hash: hash(add) } }
    ]
    const state = EntityState.empty()
    expect(EntityState.standing(state, remove, written[0]!.origin, false)).toBe("gap")
    deliver(state, written)
    expect(OrSet.elements(state.sets.get("tags")!)).toEqual([])
  })

  it("[ME-4] a second event with a used number is a fork, whatever it says", () => {
    const a = EntityState.empty()
    const first = writeOn(a, authors[0]!, { kind: "put", lww: { title: "a" }, counters: {}, sets: {} }, 1)!
    const clone = EntityState.empty()
    const other = writeOn(clone, authors[0]!, { kind: "put", lww: { title: "b" }, counters: {}, sets: {} }, 1)!
    expect(EntityState.standing(a, other.event, other.origin, false)).toBe("fork")
    expect(EntityState.standing(clone, first.event, first.origin, false)).toBe("fork")
  })

  it("[ME-5] concurrent writes of one field are reported with winner and loser; ordered ones are not", () => {
    const a = EntityState.empty()
    const b = EntityState.empty()
    const base = writeOn(a, authors[0]!, { kind: "put", lww: { title: "a" }, counters: {}, sets: {} }, 1)!
    deliver(b, [base])
    const mine = writeOn(a, authors[0]!, { kind: "put", lww: { title: "m" }, counters: {}, sets: {} }, 5)!
    const theirs = writeOn(b, authors[1]!, { kind: "put", lww: { title: "t" }, counters: {}, sets: {} }, 6)!
    const conflicts = EntityState.apply(a, theirs.event, theirs.origin)
    expect(conflicts).toMatchObject([{ field: "title", winner: { author: "B/1" }, loser: { author: "A/1" } }])
    expect(EntityState.apply(b, mine.event, mine.origin)).toHaveLength(1)
    expect(a.values.get("title")).toBe("t")
    expect(b.values.get("title")).toBe("t")
  })

  it("[ME-6] a row gives back the state that was written to it", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const state = EntityState.empty()
      deliver(state, randomHistory(new SeededRandom(seed)))
      const encoded = StateCodec.encode(state, {}, (author) => authors.indexOf(author))
      const decoded = StateCodec.decode(encoded.state, encoded.value, {}, (index) => authors[index]!)
      expect(picture(decoded)).toEqual(picture(state))
      expect(Object.fromEntries(decoded.stamps)).toEqual(Object.fromEntries(state.stamps))
    }
  })

  it("[ME-6] fields of one name and several kinds keep all their values", () => {
    const state = EntityState.empty()
    const put = { kind: "put", lww: { votes: "many", team: "x" }, counters: { votes: 3 }, sets: {} } as const
    writeOn(state, authors[0]!, put, 1)
    const encoded = StateCodec.encode(state, { team: "red" }, (author) => authors.indexOf(author))
    expect(JSON.parse(encoded.value)).toEqual({ team: "red", votes: 3 })
    const decoded = StateCodec.decode(encoded.state, encoded.value, { team: "red" }, (index) => authors[index]!)
    expect(decoded.values.get("votes")).toBe("many")
    expect(decoded.values.get("team")).toBe("x")
  })
})

describe("LwwRegister", () => {
  it("[ME-7] the order is total and strict: of two different stamps exactly one wins, of equal ones none", () => {
    const random = new SeededRandom(3)
    const stamp = () => ({
      at: HybridTime.make(random.between(1, 2), random.between(0, 1)),
      author: random.pick(authors),
      eseq: 1,
      hash: Uint8Array.of(random.between(0, 1))
    })
    for (let i = 0; i < 500; i++) {
      const [a, b, c] = [stamp(), stamp(), stamp()]
      const isSame = a.at === b.at && a.author === b.author && a.hash[0] === b.hash[0]
      expect(Number(wins(a, b)) + Number(wins(b, a))).toBe(isSame ? 0 : 1)
      expect(wins(a, b) && wins(b, c) && !wins(a, c)).toBe(false)
    }
  })
})

describe("OrSet", () => {
  it("[ME-8] an addition wins over a removal that had not seen it", () => {
    const set = OrSet.empty()
    OrSet.add(set, "x", authors[0]!, 1)
    const seen = OrSet.observed(set, "x")
    OrSet.add(set, "x", authors[1]!, 1)
    for (const [author, eseq] of seen) OrSet.withdraw(set, "x", author, eseq)
    expect(OrSet.elements(set)).toEqual(["x"])
    for (const [author, eseq] of OrSet.observed(set, "x")) OrSet.withdraw(set, "x", author, eseq)
    expect(OrSet.elements(set)).toEqual([])
  })
})
