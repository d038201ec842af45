import { expect, it } from "@effect/vitest"
import { Effect, Exit, Metric, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import * as Bytes from "../../src/identity/Bytes.ts"
import type { RemoteBatch } from "../../src/journal/Journal.ts"
import { quarantineReasons, type QuarantineReason } from "../../src/journal/Quarantine.ts"
import type { EntityChange } from "../../src/model/EntityChange.ts"
import type * as Event from "../../src/model/Event.ts"
import * as Limits from "../../src/model/Limits.ts"
import * as CoreMetrics from "../../src/telemetry/CoreMetrics.ts"
import {
  batch,
  commitsOf,
  firstEvent,
  forge,
  notes,
  type Opened,
  patch,
  put,
  remove,
  space,
  startMs,
  stateHash
} from "../../src/testing/JournalFixture.ts"
import { allowed, type DeskNode, openDesk, openOther, refused } from "./deskNode.ts"

const idsOf = (node: DeskNode) => Effect.map(node.desk.list({ limit: 1_000 }), (found) => found.map(({ id }) => id))

const denials = (reason: "Denied" | "Revoked", count: number): RemoteBatch["denials"] =>
  Array.from({ length: count }, (_, index) => ({ index, reason, rule: "old", policyVersion: 1, because: "once not" }))

/** Brings commits of another device that the policy had turned away, and gives their ids. */
const denied = Effect.fnUntraced(function* (
  node: DeskNode,
  from: Opened,
  changes: ReadonlyArray<EntityChange>,
  reason: "Denied" | "Revoked" = "Denied"
) {
  const head = yield* from.head
  for (const change of changes) yield* from.write([change])
  const commits = yield* commitsOf(from, head)
  yield* node.journal.receive({ ...batch(from, commits), denials: denials(reason, commits.length) })
  return (yield* idsOf(node)).slice(-commits.length)
})

/** A mass delete of 60 records out of 100, which waits. */
const massDelete = Effect.fnUntraced(function* (node: DeskNode, from: Opened) {
  yield* from.write(notes(0, 100))
  yield* node.journal.receive(batch(from, yield* commitsOf(from)))
  const head = yield* from.head
  for (const { id } of notes(0, 60)) yield* from.write([remove(id)])
  yield* node.journal.receive(batch(from, yield* commitsOf(from, head)))
  return yield* idsOf(node)
})

describe("QuarantineDesk", () => {
  it.effect("[QD-3] what waits for its time is applied when a person says so, unless it would spoil own stamps", () =>
    Effect.gen(function* () {
      const [node, a] = [yield* openDesk(), yield* openOther(2)]
      yield* TestClock.setTime(startMs + Limits.clockAheadPeerMs + 60_000)
      yield* a.write([put("early", { text: "x" })])
      yield* TestClock.setTime(startMs)
      yield* node.journal.receive(batch(a, yield* commitsOf(a)))
      const [id] = yield* idsOf(node)
      expect(yield* node.desk.release([id!])).toEqual([
        { id, outcome: "released", reason: "ClockAhead", rule: "", policyVersion: 0, because: "it is applied" }
      ])
      expect((yield* node.journal.get("note", "early"))?.fields).toEqual({ text: "x" })

      const yearMs = 365 * 24 * 60 * 60_000
      yield* TestClock.setTime(startMs + yearMs)
      yield* a.write([put("next year", { text: "x" })])
      yield* TestClock.setTime(startMs + yearMs - 600_000)
      yield* node.journal.receive(batch(a, yield* commitsOf(a, 1)))
      yield* TestClock.setTime(startMs)
      const [far] = yield* idsOf(node)
      expect(yield* node.desk.release([far!])).toMatchObject([{ id: far, outcome: "denied", rule: "clock" }])
      expect(yield* node.desk.discard([far!])).toMatchObject([{ id: far, outcome: "discarded", reason: "ClockAhead" }])
      expect(yield* node.desk.list()).toEqual([])
    })
  )

  for (const reason of ["Denied", "Revoked"] as const) {
    it.effect(`[QD-3] ${reason}: what is more than a day ahead would spoil own stamps and stays`, () =>
      Effect.gen(function* () {
        const [node, a] = [yield* openDesk(), yield* openOther(2)]
        yield* TestClock.setTime(startMs + Limits.clockAheadMsMax + 60_000)
        yield* a.write([put("far", { text: "x" })])
        yield* TestClock.setTime(startMs)
        const commits = yield* commitsOf(a)
        yield* node.journal.receive({ ...batch(a, commits), denials: denials(reason, commits.length) })
        const [id] = yield* idsOf(node)
        expect(yield* node.desk.release([id!])).toMatchObject([{ id, outcome: "denied", rule: "clock" }])
        yield* TestClock.setTime(startMs + 120_000)
        expect(yield* node.desk.release([id!])).toMatchObject([{ id, outcome: "released" }])
      })
    )
  }

  for (const [reason, question] of [
    ["Denied", "receive"],
    ["Revoked", "accept"]
  ] as const) {
    it.effect(`[QD-4] ${reason}: only what the policy allows now is released, and the answer says who forbids it`, () =>
      Effect.gen(function* () {
        const [node, a] = [yield* openDesk(), yield* openOther(2)]
        const [id] = yield* denied(node, a, [put("n1", { text: "x" })], reason)
        node.policy[question] = refused
        const { because, policyVersion, rule } = refused
        expect(yield* node.desk.release([id!])).toEqual([
          { id, outcome: "denied", reason, rule, policyVersion, because }
        ])
        expect(node.policy.audited).toMatchObject([{ action: "receive", peer: a.device, decision: refused }])
        expect(yield* idsOf(node)).toEqual([id])
        expect(yield* node.left).toEqual([])
        node.policy[question] = allowed
        expect(yield* node.desk.release([id!])).toMatchObject([{ outcome: "released" }])
        expect((yield* node.journal.get("note", "n1"))?.fields).toEqual({ text: "x" })
      })
    )
  }

  it.effect("[QD-4] [QD-9] a rejected commit of this device is submitted again only if the policy here allows it", () =>
    Effect.gen(function* () {
      const node = yield* openDesk()
      const [commit] = (yield* node.journal.write([put("n1", { text: "x" })])).commits
      yield* node.journal.write([put("n2", { text: "fine" })])
      const hub = (yield* openOther(2)).device
      const why = { rule: "hub/none", policyVersion: 3, because: "not yours" }
      yield* node.journal.settle({
        peer: hub,
        incarnation: "00112233445566ff",
        isCustodian: true,
        givesWay: false,
        acknowledged: 2,
        told: 2,
        proven: undefined,
        unsent: [],
        verdicts: [{ lseq: 1, code: "Denied", kind: "refused", ...why }]
      })
      expect(yield* node.desk.receipt(commit!)).toMatchObject({ status: "rejected", peer: hub, code: "Denied", ...why })
      expect(yield* node.desk.receipts({ status: "rejected" })).toMatchObject([{ commit }])
      expect(yield* node.desk.receipts({ status: "accepted", limit: 1 })).toMatchObject([{ lseq: 2 }])
      expect(yield* node.desk.receipt("none")).toBeUndefined()
      node.policy.write = refused
      expect(yield* node.desk.release([commit!])).toMatchObject([{ outcome: "denied", rule: refused.rule }])
      expect(node.policy.audited).toMatchObject([{ action: "write", peer: node.device }])
      node.policy.write = allowed
      expect(yield* node.desk.release([commit!])).toMatchObject([{ outcome: "released", reason: "Rejected" }])
      expect((yield* node.journal.get("note", "n1"))?.fields).toEqual({ text: "x" })
      expect(yield* node.desk.receipt(commit!)).toMatchObject({ status: "deferred" })
      expect(yield* node.desk.receipts({ after: 1, limit: 10 })).toHaveLength(2)
    })
  )

  it.effect("[QD-3] a mass delete is applied when a person confirms it", () =>
    Effect.gen(function* () {
      const [node, a] = [yield* openDesk(), yield* openOther(2)]
      const ids = yield* massDelete(node, a)
      expect(ids).toHaveLength(60)
      const answers = yield* node.desk.release(ids)
      expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(["released"]))
      expect(yield* node.journal.count("note")).toBe(40)
    })
  )

  it.effect(
    "[QD-3] [OR-22] a mass delete stays, whatever a person says, once the policy turns away who delivers it",
    () =>
      Effect.gen(function* () {
        const [node, a] = [yield* openDesk(), yield* openOther(2)]
        const ids = yield* massDelete(node, a)
        node.policy.receive = refused
        const answers = yield* node.desk.release(ids)
        expect(new Set(answers.map(({ outcome, rule }) => `${outcome} ${rule}`))).toEqual(
          new Set([`denied ${refused.rule}`])
        )
        expect(yield* node.journal.count("note")).toBe(100)
        node.policy.receive = allowed
        expect(yield* node.desk.releaseWhere({ reason: "MassDelete" })).toMatchObject({ done: 60, stayed: 0 })
      })
  )

  it.effect("[QD-6] a mass delete that is discarded leaves the records here and with whoever let it pass", () =>
    Effect.gen(function* () {
      const [node, a, c] = [yield* openDesk(), yield* openOther(2), yield* openOther(3)]
      const ids = yield* massDelete(node, a)
      yield* c.receive({ ...batch(node.opened, yield* commitsOf(a)), isCustodian: true })
      node.policy.write = refused
      expect(yield* node.desk.discard(ids.slice(0, 1))).toMatchObject([{ outcome: "denied", rule: refused.rule }])
      expect(yield* node.journal.head).toBe(1)
      node.policy.write = allowed
      const answers = yield* node.desk.discard(ids)
      expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(["discarded"]))
      expect([yield* node.journal.count("note"), yield* idsOf(node)]).toEqual([100, []])
      for (const other of [a, c]) {
        yield* other.receive({ ...batch(node.opened, yield* commitsOf(node.journal)), isCustodian: true })
        expect(yield* stateHash(other)).toEqual(yield* stateHash(node.opened))
      }
      expect(yield* node.left).toMatchObject([{ reason: "MassDelete", how: "discarded", commits: 60 }])
    })
  )

  it.effect("[QD-6] a mass delete that rests on something missing is discarded, and the answer says that", () =>
    Effect.gen(function* () {
      const [node, a] = [yield* openDesk(), yield* openOther(2)]
      yield* a.write(notes(0, 100))
      yield* node.journal.receive(batch(a, yield* commitsOf(a)))
      const { head } = yield* a.write([patch("note 0", { text: "never comes" })])
      yield* a.write(notes(0, 40).map(({ id }) => remove(id)))
      yield* node.journal.receive(batch(a, yield* commitsOf(a, head)))
      const ids = yield* idsOf(node)
      expect(yield* node.desk.release(ids)).toMatchObject([{ outcome: "waiting" }])
      expect([yield* node.journal.count("note"), yield* idsOf(node)]).toEqual([100, ids])
      const gone = { outcome: "discarded", because: expect.stringContaining("lacks something here") }
      expect(yield* node.desk.discard(ids)).toMatchObject([gone])
      expect([yield* node.journal.count("note"), yield* idsOf(node)]).toEqual([100, []])
    })
  )

  it.effect("[QD-5] what rests on something missing or cannot be read stays, and the answer says so", () =>
    Effect.gen(function* () {
      const [node, a] = [yield* openDesk(), yield* openOther(2)]
      yield* a.write([put("n1", { text: "first" })])
      const [id] = yield* denied(node, a, [patch("n1", { text: "second" })])
      const later: Event.Event = { ...firstEvent("n2", "x"), ops: { later: 1 } as Event.Operations }
      yield* node.journal.receive(batch(a, [{ bytes: forge(a, space, startMs, later) }]))
      const [, newer] = yield* idsOf(node)
      expect(yield* node.desk.release([newer!, id!, "none", id!])).toMatchObject([
        { id: newer, outcome: "waiting", reason: "SchemaUnknown", because: expect.stringContaining("later version") },
        { id, outcome: "waiting", reason: "Denied", because: expect.stringContaining("is missing here") },
        { id: "none", outcome: "unknown", reason: null }
      ])
      expect(yield* idsOf(node)).toEqual([id, newer])
      expect(yield* node.desk.discard([newer!, "none"])).toMatchObject([
        { id: newer, outcome: "discarded", reason: "SchemaUnknown" },
        { id: "none", outcome: "unknown" }
      ])
      expect(yield* idsOf(node)).toEqual([id])
    })
  )

  it.effect("[QD-3] the proof of a fork is put away, by releasing and by discarding", () =>
    Effect.gen(function* () {
      const [node, a] = [yield* openDesk(), yield* openOther(2)]
      for (const [entity, away] of [
        ["n1", { way: node.desk.release, outcome: "released" }],
        ["n2", { way: node.desk.discard, outcome: "discarded" }]
      ] as const) {
        for (const text of ["one", "other"]) {
          yield* node.journal.receive(batch(a, [{ bytes: forge(a, space, startMs, firstEvent(entity, text)) }]))
        }
        const before = yield* stateHash(node.opened)
        expect(yield* away.way(yield* idsOf(node))).toMatchObject([{ outcome: away.outcome, reason: "Forked" }])
        expect([yield* idsOf(node), yield* stateHash(node.opened)]).toEqual([[], before])
      }
    })
  )

  it.effect("[QD-1] lists page by page and by reason, and shows what a commit would do", () =>
    Effect.gen(function* () {
      const [node, a] = [yield* openDesk(), yield* openOther(2)]
      const change: EntityChange["change"] = {
        kind: "put",
        lww: { text: "x", deep: { list: [1, null] } },
        counters: { hits: 3 },
        sets: { tags: ["a", "b"] }
      }
      const partition = { type: "note", header: { team: "blue" } }
      const sets = { tags: { add: ["c"], remove: ["a"] } }
      const ids = yield* denied(node, a, [
        { partition, id: "n1", change },
        { partition, id: "n1", change: { kind: "patch", lww: {}, counters: { hits: -1 }, sets } },
        { partition, id: "n1", change: { kind: "delete" } },
        { partition, id: "n1", change: { kind: "put", lww: {}, counters: {}, sets: {} } }
      ])
      yield* denied(node, a, [put("n2", {})], "Revoked")
      expect(yield* node.desk.counts).toMatchObject({ Denied: 4, Revoked: 1, MassDelete: 0 })
      const all = yield* node.desk.list()
      expect(yield* node.desk.list({ after: all[0]!.place, limit: 2 })).toEqual(all.slice(1, 3))
      expect(yield* node.desk.list({ reason: "Revoked" })).toEqual(all.slice(4))
      const shown = yield* Effect.forEach(ids, node.desk.show)
      expect(shown[0]).toMatchObject({ ...all[0], problem: null, contents: { partition, group: null, at: all[0]!.at } })
      expect(shown[0]!.size).toBe((yield* node.journal.quarantined(ids[0]!))!.bytes.length)
      expect(shown.flatMap((each) => each!.contents!.entities)).toEqual([
        {
          id: "n1",
          kind: "changed",
          changes: [
            { kind: "lww", field: "text", value: "x" },
            { kind: "lww", field: "deep", value: { list: [1, null] } },
            { kind: "counter", field: "hits", by: 3 },
            { kind: "orSet", field: "tags", added: ["a", "b"], removed: [] }
          ]
        },
        {
          id: "n1",
          kind: "changed",
          changes: [
            { kind: "counter", field: "hits", by: -1 },
            { kind: "orSet", field: "tags", added: ["c"], removed: ["a"] }
          ]
        },
        { id: "n1", kind: "deleted", changes: [] },
        { id: "n1", kind: "revived", changes: [] }
      ])
      const later: Event.Event = { ...firstEvent("n9", "x"), ops: { later: 1 } as Event.Operations }
      yield* node.journal.receive(batch(a, [{ bytes: forge(a, space, startMs, later) }]))
      const newer = (yield* node.desk.list({ reason: "SchemaUnknown" }))[0]!
      expect(yield* node.desk.show(newer.id)).toMatchObject({
        contents: null,
        problem: expect.stringContaining("later version")
      })
      expect(yield* node.desk.show("none")).toBeUndefined()
      for (const wrong of [{ limit: 0 }, { limit: 1_001 }, { after: -1 }, { after: 0.5 }]) {
        expect(Exit.isFailure(yield* Effect.exit(node.desk.list(wrong)))).toBe(true)
        expect(Exit.isFailure(yield* Effect.exit(node.desk.receipts(wrong)))).toBe(true)
      }
    })
  )

  it.effect("[QD-2] an export gives every commit as it came and holds one of them at a time", () =>
    Effect.gen(function* () {
      let read = 0
      const node = yield* openDesk((journal) => ({
        quarantined: (id) => Effect.suspend(() => (read++, journal.quarantined(id)))
      }))
      const a = yield* openOther(2)
      const ids = yield* denied(node, a, notes(0, 250))
      const commits = yield* commitsOf(a)
      yield* Stream.runDrain(Stream.take(node.desk.export(), 3))
      expect(read).toBeLessThanOrEqual(4)
      const lines = yield* Stream.runCollect(node.desk.export())
      expect(lines.map(({ id }) => id)).toEqual(ids)
      expect(lines.map(({ bytes }) => Bytes.toHex(new Uint8Array(Buffer.from(bytes, "base64url"))))).toEqual(
        commits.map(({ bytes }) => Bytes.toHex(bytes))
      )
      const [entry] = yield* node.desk.list({ limit: 1 })
      expect(JSON.parse(JSON.stringify(lines[0]))).toEqual({
        format: "syncline-quarantine/1",
        ...entry,
        bytes: Buffer.from(commits[0]!.bytes).toString("base64url")
      })
      expect(yield* Stream.runCollect(node.desk.export("Forked"))).toEqual([])
    })
  )

  it.effect("[QD-7] all commits of a reason, an author or a deliverer are decided on at once, and nothing else", () =>
    Effect.gen(function* () {
      const meanwhile: Array<Effect.Effect<unknown>> = []
      const node = yield* openDesk((journal) => ({
        release: (ids, limits) => Effect.andThen(meanwhile.pop() ?? Effect.void, journal.release(ids, limits))
      }))
      const [a, b] = [yield* openOther(2), yield* openOther(3)]
      yield* a.write([put("missing", {})])
      const [waits] = yield* denied(node, a, [patch("missing", { text: "x" })])
      yield* denied(node, a, notes(0, 300))
      const ofB = yield* denied(node, b, notes(300, 310))
      const revoked = yield* denied(node, b, notes(310, 311), "Revoked")
      meanwhile.push(Effect.orDie(denied(node, a, notes(400, 401))))
      const sum = yield* node.desk.releaseWhere({ reason: "Denied", author: a.device })
      expect(sum).toMatchObject({ done: 300, stayed: 1, answers: [{ id: waits, outcome: "waiting" }] })
      const left = yield* idsOf(node)
      expect(left).toEqual([waits, ...ofB, ...revoked, left.at(-1)])
      expect(yield* node.desk.show(left.at(-1)!)).toMatchObject({ contents: { entities: [{ id: "note 400" }] } })
      expect(yield* node.desk.discardWhere({ reason: "Denied", peer: b.device, author: a.info.author })).toEqual({
        done: 0,
        stayed: 0,
        answers: []
      })
      expect(yield* node.desk.discardWhere({ reason: "Denied", author: b.info.author })).toMatchObject({ done: 10 })
      node.policy.accept = refused
      expect(yield* node.desk.releaseWhere({ reason: "Revoked" })).toMatchObject({
        done: 0,
        stayed: 1,
        answers: [{ outcome: "denied", rule: refused.rule }]
      })
      expect(yield* idsOf(node)).toEqual([waits, ...revoked, left.at(-1)])
    })
  )

  it.effect("[QD-5] commits that rest on each other are released in whatever order they are named", () =>
    Effect.gen(function* () {
      const [node, a] = [yield* openDesk(), yield* openOther(2)]
      const ids = yield* denied(node, a, [put("n1", { text: "1" }), patch("n1", { text: "2" }), remove("n1")])
      const answers = yield* node.desk.release([...ids].reverse())
      expect(answers.map(({ id, outcome }) => [id, outcome])).toEqual([...ids].reverse().map((id) => [id, "released"]))
      expect(Exit.isFailure(yield* Effect.exit(node.desk.release(notes(0, 1_001).map(({ id }) => id))))).toBe(true)
    })
  )

  it.effect("[QD-8] [QD-10] commands answer for each commit, and what leaves is told, counted and logged", () =>
    Effect.gen(function* () {
      const [node, a] = [yield* openDesk(), yield* openOther(2)]
      const ids = yield* denied(node, a, notes(0, 3))
      const counted = (how: string) =>
        Effect.map(
          Metric.value(Metric.withAttributes(CoreMetrics.quarantineLeft, { reason: "Denied", how })),
          ({ count }) => count
        )
      const waiting = (reason: QuarantineReason) =>
        Effect.map(Metric.value(Metric.withAttributes(CoreMetrics.quarantineCommits, { reason })), ({ value }) => value)
      const [released, discarded] = [yield* counted("released"), yield* counted("discarded")]
      const { orchestrator } = node
      const first = yield* node.run(orchestrator.send({ _tag: "ReleaseQuarantined", ids: ids.slice(0, 2) }))
      expect(first.answers.map(({ outcome }) => outcome)).toEqual(["released", "released"])
      expect(yield* waiting("Denied")).toBe(1)
      const second = yield* node.run(orchestrator.send({ _tag: "DiscardQuarantined", ids: ids.slice(1) }))
      expect(second.answers.map(({ outcome }) => outcome)).toEqual(["unknown", "discarded"])
      expect(yield* node.left).toEqual([
        { _tag: "QuarantineLeft", reason: "Denied", how: "released", commits: 2 },
        { _tag: "QuarantineLeft", reason: "Denied", how: "discarded", commits: 1 }
      ])
      expect([(yield* counted("released")) - released, (yield* counted("discarded")) - discarded]).toEqual([2, 1])
      for (const reason of quarantineReasons) expect(yield* waiting(reason)).toBe(0)
      expect(node.logged).toHaveLength(2)
      expect(node.logged[0]).toContain(ids[0])
      expect(node.logged[1]).toContain(ids[2])
    })
  )
})
