// What is written into an audit, and what reads it.
import { describe, expect, it } from "@effect/vitest"
import { AuditStore, Crypto, DeviceKey, type Gate, JournalError } from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as AuditChain from "../src/AuditChain.ts"
import * as AuditKeeper from "../src/AuditKeeper.ts"
import * as AuditReport from "../src/AuditReport.ts"
import { personal } from "../src/PersonalPolicy.ts"
import { deviceOf, peer, world } from "./space.ts"

const crypto = world.functions(new SeededRandom.SeededRandom(1))

/** A store whose disk may be full. */
const makeStore = Effect.gen(function* () {
  const rows: Array<AuditStore.AuditRow> = []
  const memory = Context.get(yield* Layer.build(AuditStore.AuditStore.layerMemory(rows)), AuditStore.AuditStore)
  const disk = { isFull: false, writes: 0 }
  const full = new JournalError.JournalError({ reason: new JournalError.StoreFull({ path: "audit.db" }) })
  const store: AuditStore.AuditStoreShape = {
    ...memory,
    append: (fresh) => {
      disk.writes++
      return disk.isFull ? Effect.fail(full) : memory.append(fresh)
    }
  }
  return { store, rows, disk }
})

const keeping = (store: AuditStore.AuditStoreShape, options?: AuditKeeper.AuditOptions) =>
  AuditKeeper.make(options).pipe(
    Effect.provideService(AuditStore.AuditStore, store),
    Effect.provideService(Crypto.Crypto, crypto),
    Effect.provideService(DeviceKey.DeviceKey, deviceOf(1))
  )

const action = (n: number, allowed = false, more: Partial<Gate.AuditedAction> = {}): Gate.AuditedAction => ({
  action: "receive",
  peer: peer(2),
  decision: { allowed, rule: "role/member", policyVersion: 3, because: "because" },
  detail: `task\n{"team":"${n}"}`,
  ...more
})

const entriesOf = (rows: ReadonlyArray<AuditStore.AuditRow>) => rows.map(({ text }) => AuditChain.ofText(text)!)
const second = TestClock.adjust(AuditKeeper.writeEveryMs)

describe("what is kept", () => {
  it.effect("[AU-4] refusals each time, permissions once, admissions each time", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      const tell = yield* keeping(store)
      for (let i = 0; i < 3; i++) {
        yield* tell(action(1))
        yield* tell(action(2, true))
        yield* tell(action(3, true, { action: "admit", detail: "session" }))
      }
      yield* second
      expect(entriesOf(rows).map(({ action: done, decision, times }) => [done, decision.allowed, times])).toEqual([
        ["receive", false, 3],
        ["receive", true, 1],
        ["admit", true, 3]
      ])
      yield* tell(action(1))
      yield* tell(action(2, true))
      yield* tell(action(2, true, { decision: { ...action(2, true).decision, policyVersion: 4 } }))
      yield* second
      expect(entriesOf(rows.slice(3)).map(({ decision, times }) => [decision.policyVersion, times])).toEqual([
        [3, 1],
        [4, 1]
      ])
    })
  )

  it.effect("[AU-11] what people did about invitations, and who asked by one, each time", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      const tell = yield* keeping(store)
      const actions = ["invite", "revoke", "request", "approve", "reject"] as const
      for (let i = 0; i < 3; i++) {
        for (const each of actions) yield* tell(action(1, each !== "reject", { action: each, detail: "one" }))
        yield* second
      }
      expect(entriesOf(rows).map((entry) => [entry.action, entry.times])).toEqual(
        [0, 1, 2].flatMap(() => actions.map((each) => [each, 1]))
      )
    })
  )

  it.effect("[AU-14] what people who are signed in did or may not, and who signed in or tried to, each time", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      const tell = yield* keeping(store)
      const actions = ["manage", "signin"] as const
      for (let i = 0; i < 3; i++) {
        for (const each of actions) {
          yield* tell(action(1, true, { action: each, behalf: "ann", detail: "ann: the same" }))
          yield* tell(action(1, false, { action: each, behalf: "ann", detail: "ann: the same" }))
        }
        yield* second
      }
      const each = actions.flatMap((name) => [
        [name, true, "ann: the same"],
        [name, false, "ann: the same"]
      ])
      expect(entriesOf(rows).map((entry) => [entry.action, entry.decision.allowed, entry.detail])).toEqual(
        [0, 1, 2].flatMap(() => each)
      )
      expect(AuditChain.firstBad(crypto.sha256, AuditChain.beginning, entriesOf(rows))).toBeUndefined()
    })
  )

  it.effect("[AU-4] what every session passes over once for a version, what is asked for each time", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      const tell = yield* keeping(store)
      const passed = { action: "send", isPassedOver: true } as const
      const later = { ...passed, decision: { ...action(1).decision, policyVersion: 4 } }
      for (let session = 0; session < 5; session++) {
        yield* tell(action(1, false, passed))
        yield* tell(action(1, false, { action: "send", detail: "asked for" }))
        yield* second
      }
      yield* tell(action(1, false, later))
      yield* second
      const count = (detail: string) => entriesOf(rows).filter((entry) => entry.detail === detail).length
      expect([count(action(1).detail), count("asked for")]).toEqual([2, 5])
    })
  )

  it.effect("[AU-5] goes on after a restart, and nothing is lost when a node closes", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      for (let run = 0; run < 3; run++) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const tell = yield* keeping(store)
            for (let n = 0; n < 10; n++) yield* tell(action(n))
          })
        )
      }
      expect(rows.length).toBe(30)
      expect(yield* AuditReport.verify(store, crypto, peer(1))).toMatchObject({ entries: 30, fault: undefined })
    })
  )

  it.effect("[AU-5] waits for room on the disk, and counts what is more than it can hold", () =>
    Effect.gen(function* () {
      const { disk, rows, store } = yield* makeStore
      const tell = yield* keeping(store)
      disk.isFull = true
      for (let n = 0; n < 10; n++) yield* tell(action(n))
      yield* second
      yield* second
      expect([rows.length, disk.writes]).toEqual([0, 2])
      for (let n = 10; n < AuditKeeper.pendingMax + 50; n++) yield* tell(action(n, true, { action: "forget" }))
      disk.isFull = false
      yield* second
      yield* second
      expect(rows.length).toBe(AuditKeeper.pendingMax + 1)
      expect(entriesOf(rows).at(-1)).toMatchObject({
        action: "overflow",
        peer: peer(1),
        times: 50,
        decision: { rule: "audit/overflow" }
      })
      expect(yield* AuditReport.verify(store, crypto, peer(1))).toMatchObject({ fault: undefined })
    })
  )

  it.effect("[AU-5] a peer that is refused in thousands of ways drives nobody else's decisions out", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      const tell = yield* keeping(store)
      const { pendingMax, refusalsOfPeerMax } = AuditKeeper
      for (let n = 0; n < 2 * pendingMax; n++) yield* tell(action(n))
      yield* tell(action(1, false, { peer: peer(3) }))
      yield* tell(action(1, true, { action: "admit", peer: peer(3) }))
      yield* tell(action(0))
      yield* second
      expect(rows.length).toBe(refusalsOfPeerMax + 3)
      expect(entriesOf(rows).slice(-3)).toMatchObject([
        { action: "receive", peer: peer(3) },
        { action: "admit", peer: peer(3) },
        { action: "overflow", peer: peer(2), times: 2 * pendingMax - refusalsOfPeerMax, decision: { allowed: false } }
      ])
      expect(entriesOf(rows)[0]).toMatchObject({ times: 2 })
      // It begins anew with what is told after that.
      yield* tell(action(9_999))
      yield* second
      expect(entriesOf(rows).at(-1)).toMatchObject({ action: "receive", peer: peer(2), times: 1 })
    })
  )

  it.effect("[AU-5] nor do several together: everybody's first refusals are kept, and every purge", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      const tell = yield* keeping(store)
      const { refusalsOfPeerMin, refusalsPendingMax } = AuditKeeper
      for (const device of [2, 3, 4, 5, 6]) {
        for (let n = 0; n < 2_000; n++) yield* tell(action(n, false, { peer: peer(device) }))
      }
      for (let n = 0; n < 20; n++) yield* tell(action(n, false, { peer: peer(7) }))
      yield* tell(action(1, true, { action: "forget", peer: peer(1) }))
      yield* second
      const kept = entriesOf(rows).filter((entry) => entry.action !== "overflow")
      expect(kept.filter((entry) => entry.peer === peer(7))).toHaveLength(refusalsOfPeerMin)
      expect(kept.filter((entry) => entry.action === "forget")).toHaveLength(1)
      expect(kept.length).toBe(refusalsPendingMax + 4 * refusalsOfPeerMin + 1)
      const counted = entriesOf(rows).filter((entry) => entry.action === "overflow")
      expect(counted.map((entry) => entry.peer).toSorted()).toEqual([2, 3, 4, 5, 6, 7].map(peer).toSorted())
    })
  )

  it.effect("[AU-5] permissions in thousands drive out no refusal", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      const tell = yield* keeping(store)
      for (let n = 0; n < 5_000; n++) yield* tell(action(n, true))
      yield* tell(action(1, false, { peer: peer(3) }))
      yield* second
      expect(entriesOf(rows).filter((entry) => entry.peer === peer(3))).toHaveLength(1)
      yield* tell(action(4_999, true))
      yield* second
      expect(entriesOf(rows).at(-1)).toMatchObject({ action: "receive", times: 1 })
    })
  )

  it.effect("[AU-5] goes on behind a failure that came after it was written", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      const full = new JournalError.JournalError({ reason: new JournalError.StoreFull({ path: "audit.db" }) })
      let isFailing = true
      const tell = yield* keeping({
        ...store,
        append: (fresh) => {
          if (fresh.some(({ number }) => number <= (rows.at(-1)?.number ?? 0))) return Effect.die("a number twice")
          return isFailing ? Effect.andThen(store.append(fresh), Effect.fail(full)) : store.append(fresh)
        }
      })
      yield* tell(action(1))
      yield* second
      isFailing = false
      yield* tell(action(2))
      yield* second
      yield* second
      expect(rows.map(({ number }) => number)).toEqual([1, 2])
      expect(yield* AuditReport.verify(store, crypto, peer(1))).toMatchObject({ entries: 2, fault: undefined })
    })
  )

  it.effect("[AU-6] makes room behind a checkpoint that this device has signed", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* makeStore
      const tell = yield* keeping(store, { entriesMax: 1_000 })
      for (let n = 0; n < 3_000; n++) {
        yield* tell(action(n, true, { action: "forget" }))
        if (n % 50 === 49) yield* second
        expect(rows.length).toBeLessThanOrEqual(1_100)
      }
      const verdict = yield* AuditReport.verify(store, crypto, peer(1))
      expect(verdict).toMatchObject({ fault: undefined, last: { number: 3_000 } })
      expect(verdict.entries).toBeGreaterThanOrEqual(1_000)
      expect((yield* AuditReport.verify(store, crypto, peer(2))).fault?.problem).toContain(`not by ${peer(2)}`)
      for (const entriesMax of [0, 999, 1.5, 1e9, Number.NaN]) {
        expect(() => AuditKeeper.make({ entriesMax })).toThrow(RangeError)
        expect(() => personal({ trusted: [], audit: { entriesMax } })).toThrow(RangeError)
      }
    })
  )
})

describe("reading an audit", () => {
  const kept = Effect.gen(function* () {
    const { rows, store } = yield* makeStore
    const tell = yield* keeping(store)
    for (let n = 0; n < 2_500; n++) {
      yield* tell(action(n, n % 5 === 0, { peer: peer(2 + (n % 2)) }))
      if (n % 1_000 === 999) yield* second
    }
    yield* second
    return { rows, store }
  })

  it.effect("[AU-7] names the first entry that does not hold", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* kept
      const verdict = () => Effect.map(AuditReport.verify(store, crypto, peer(1)), ({ fault }) => fault)
      expect(yield* verdict()).toBe(undefined)
      const changed = (at: number, row: AuditStore.AuditRow) =>
        Effect.gen(function* () {
          const before = rows[at]!
          rows[at] = row
          const found = yield* verdict()
          rows[at] = before
          return found
        })
      const { text } = rows[1_500]!
      expect(yield* changed(1_500, { number: 1_501, text: text.replace("because", "becausE") })).toMatchObject({
        number: 1_501
      })
      expect(yield* changed(1_500, { number: 1_501, text: "no JSON" })).toEqual({
        number: 1_501,
        problem: "it is no entry of an audit"
      })
      expect(yield* changed(1_500, rows[1_499]!)).toMatchObject({ number: 1_501 })
      const [gone] = rows.splice(2_000, 1)
      expect(yield* verdict()).toEqual({ number: 2_001, problem: "it is missing; 2002 stands in its place" })
      rows.splice(2_000, 0, gone!)
      yield* store.cut(100, "no checkpoint")
      expect(yield* verdict()).toEqual({ number: 1, problem: "the checkpoint that it begins behind cannot be read" })
    })
  )

  it.effect("[AU-7] entries that make room while it is verified are not missing", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* kept
      const checkpoint = AuditChain.checkpoint(deviceOf(1), AuditChain.ofText(rows[1_999]!.text)!, 7)
      let pages = 0
      const reads: AuditStore.AuditReads = {
        ...store,
        page: (after, limit) =>
          Effect.andThen(
            pages++ === 1 ? store.cut(2_000, JSON.stringify(checkpoint)) : Effect.void,
            store.page(after, limit)
          )
      }
      expect(yield* AuditReport.verify(reads, crypto, peer(1))).toMatchObject({ entries: 500, fault: undefined })
    })
  )

  it.effect("[AU-8] an export is verified like the audit, with a checkpoint and without, up to its signed end", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* kept
      const exported = Effect.gen(function* () {
        const lines: Array<string> = []
        const write = (page: ReadonlyArray<string>) => Effect.sync(() => void lines.push(...page))
        expect(yield* AuditReport.exportLines(store, deviceOf(1), write)).toBe(lines.length - 2)
        return lines
      })
      const faultOf = (lines: ReadonlyArray<string>, signer?: ReturnType<typeof peer>) =>
        AuditReport.verifyLines(lines, crypto, signer).fault
      const lines = yield* exported
      const holds = { entries: 2_500, signer: peer(1), fault: undefined }
      expect(AuditReport.verifyLines(lines, crypto)).toMatchObject(holds)
      expect(AuditReport.verifyLines(lines, crypto, peer(1))).toMatchObject(holds)
      expect(faultOf(lines, peer(2))?.problem).toContain(`signed by ${peer(1)}`)
      expect(faultOf(lines.toSpliced(1_800, 1))).toMatchObject({ number: 1_800 })
      expect(faultOf(lines.slice(1))).toMatchObject({ number: 1 })
      expect(faultOf([])).toMatchObject({ number: 1 })
      expect(faultOf(lines.slice(0, -1))).toMatchObject({ number: 2_501 })
      expect(faultOf(lines.toSpliced(-2, 1))?.problem).toContain("stands behind entry 2500")
      expect(faultOf([...lines.slice(0, -1), lines.at(-1)!.replace('"number":2500', '"number":2501')])).toBeDefined()
      // What a reader sees is what was hashed.
      const besides = lines.with(7, lines[7]!.replace('"number":7', '"number":7,"note":"innocent"'))
      expect(faultOf(besides)).toMatchObject({ number: 7, problem: "it is no entry of an audit" })
      const twice = lines.with(7, lines[7]!.replace('"number":7', '"number":8,"number":7'))
      expect(faultOf(twice)).toMatchObject({ number: 7 })
      const checkpoint = AuditChain.checkpoint(deviceOf(1), AuditChain.ofText(rows[999]!.text)!, 7)
      yield* store.cut(1_000, JSON.stringify(checkpoint))
      const later = yield* exported
      expect(later.length).toBe(1_502)
      expect(AuditReport.verifyLines(later, crypto, peer(1))).toMatchObject({ entries: 1_500, fault: undefined })
      expect(faultOf(later, peer(2))).toMatchObject({ number: 1 })
      const moved = [later[0]!.replace('"number":1000', '"number":1001'), ...later.slice(1)]
      expect(faultOf(moved)?.problem).toContain("not signed as it says")
      // Somebody else's end behind this device's beginning.
      const write = (page: ReadonlyArray<string>) => Effect.sync(() => void theirs.push(...page))
      const theirs: Array<string> = []
      yield* AuditReport.exportLines(store, deviceOf(2), write)
      expect(faultOf(theirs)?.problem).toContain(`signed by ${peer(2)}`)
    })
  )

  it.effect("[AU-8] entries that make room while they are exported are not left out in silence", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* kept
      const checkpoint = AuditChain.checkpoint(deviceOf(1), AuditChain.ofText(rows[1_999]!.text)!, 7)
      let pages = 0
      const cutting: AuditStore.AuditReads = {
        ...store,
        page: (after, limit) =>
          Effect.andThen(
            pages++ === 1 ? store.cut(2_000, JSON.stringify(checkpoint)) : Effect.void,
            store.page(after, limit)
          )
      }
      const failure = yield* Effect.flip(AuditReport.exportLines(cutting, deviceOf(1), () => Effect.void))
      expect(failure).toMatchObject({ _tag: "AuditCut", number: 1_001 })
      // One that was taken out by hand is exported as it is, and named by whoever verifies it.
      rows.splice(100, 1)
      expect(yield* AuditReport.exportLines(store, deviceOf(1), () => Effect.void)).toBe(499)
    })
  )

  it.effect("[AU-9] a list is the newest that are meant", () =>
    Effect.gen(function* () {
      const { rows, store } = yield* kept
      const numbers = (question: AuditReport.AuditQuestion) =>
        Effect.map(AuditReport.list(store, question), (found) => found.map(({ number }) => number))
      expect(yield* numbers({ limit: 3 })).toEqual([2_500, 2_499, 2_498])
      expect(yield* numbers({ limit: 3, before: 2_000 })).toEqual([1_999, 1_998, 1_997])
      expect((yield* numbers({ limit: 5_000 })).length).toBe(AuditReport.listMax)
      const theirs = yield* AuditReport.list(store, { limit: 1_000, peer: peer(2), isDenied: true })
      expect(theirs.every((entry) => entry.peer === peer(2) && !entry.decision.allowed)).toBe(true)
      expect(theirs.length).toBe(1_000)
      expect(yield* numbers({ limit: 3, action: "write" })).toEqual([])
      // A number that somebody made up is not walked down from.
      rows.push({ ...rows.at(-1)!, number: 2 ** 52 })
      expect((yield* numbers({ limit: 3, before: 2 ** 52 }))[0]).toBe(2_500)
      rows.splice(0, rows.length)
      expect(yield* numbers({ limit: 3 })).toEqual([])
    })
  )
})
