import { expect, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import { Journal, type JournalShape } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as EventChannel from "../../src/orchestrator/EventChannel.ts"
import { type Hook, hookCallMsDefault, hooksMax } from "../../src/orchestrator/Hook.ts"
import * as Hooks from "../../src/orchestrator/Hooks.ts"
import { Records } from "../../src/orchestrator/Records.ts"
import type { SyncEvent } from "../../src/orchestrator/SyncEvent.ts"
import { settlement } from "../../src/testing/JournalFixture.ts"
import { layerDevice } from "../nodeCrypto.ts"
import { peerOf, space } from "../session/SessionUnderTest.ts"
import { alone, failuresOf, happened, hook, idsOf, named, Note, noteOf, recorder, write } from "./hookRecorder.ts"

/** Hooks on a journal of their own, and what they report. The clock stands until the test moves it. */
const bare = Effect.fnUntraced(function* (change: (journal: JournalShape) => JournalShape = (journal) => journal) {
  const journal = change(yield* MemoryJournal.make({ space }).pipe(Effect.provide(layerDevice(1))))
  const reported: Array<SyncEvent> = []
  const channel: EventChannel.EventChannel = {
    ...(yield* EventChannel.make),
    publish: (event) => Effect.sync(() => reported.push(event))
  }
  return { journal, reported, hooks: yield* Hooks.make(journal, channel) }
})

/** Lets other fibers run until they all wait. */
const settle = Effect.forEach(Array.from({ length: 100 }), () => Effect.yieldNow, { discard: true })

const writeEach = (journal: JournalShape, ids: ReadonlyArray<string>) =>
  Effect.forEach(ids, (id) => journal.write([noteOf(id)]), { discard: true })

describe("lifetime of hooks", () => {
  it.effect("[HK-6] a call that takes too long is interrupted and reported, and the next change is told", () =>
    Effect.gen(function* () {
      const { hooks, journal, reported } = yield* bare()
      const told: Array<string> = []
      let interrupted = 0
      const onCommit: Hook["onCommit"] = (change) => {
        told.push(...idsOf(change))
        if (change.head > 1) return Effect.void
        return Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      }
      yield* hooks.register({ name: "stuck", onCommit })
      yield* hooks.register({ name: "short", onCommit: () => Effect.sleep(50), callMsMax: 20 })
      yield* writeEach(journal, ["a", "b"])
      yield* settle
      expect(told).toEqual(["a"])
      yield* TestClock.adjust(20)
      expect(reported).toMatchObject([{ hook: "short", head: 1, problem: "took longer than 20 ms and was given up" }])
      yield* TestClock.adjust(hookCallMsDefault - 21)
      expect([told, interrupted]).toEqual([["a"], 0])
      yield* TestClock.adjust(1)
      yield* settle
      expect([told, interrupted]).toEqual([["a", "b"], 1])
      expect(reported.filter((event) => event._tag === "HookFailed" && event.hook === "stuck")).toHaveLength(1)
    })
  )

  it.effect(
    "[HK-5] whatever a hook fails with, even what is no text, it is reported once and told the next change",
    () =>
      Effect.gen(function* () {
        const noText = Object.assign(Object.create(null), { code: 1 })
        const [noMessage, odd] = [new Error("x"), new Error("x")]
        Object.assign(noMessage, { message: undefined })
        Object.assign(odd, { message: { code: 1 } })
        const hostile = Object.defineProperty(new Error("x"), "message", {
          get: () => {
            throw new Error("no")
          }
        })
        const thrown: ReadonlyArray<unknown> = [
          noText,
          noMessage,
          odd,
          hostile,
          undefined,
          Symbol("s"),
          { toString: 1 }
        ]
        const { hooks, journal, reported } = yield* bare()
        const told: Array<number> = []
        const onCommit: Hook["onCommit"] = ({ head }) => {
          told.push(head)
          return head > thrown.length ? Effect.void : Effect.die(thrown[head - 1])
        }
        yield* hooks.register({ name: "odd", onCommit })
        yield* writeEach(journal, named(thrown.length + 1))
        yield* settle
        expect(told).toEqual(Array.from({ length: thrown.length + 1 }, (_, i) => i + 1))
        const unsaid = "it failed with what is no text"
        const problems = [unsaid, unsaid, unsaid, unsaid, "undefined", "Symbol(s)", unsaid]
        expect(reported).toMatchObject(problems.map((problem, i) => ({ hook: "odd", head: i + 1, problem })))
      })
  )

  it.live("[HK-7] a hook is told what comes after its registration, or after the place it goes on from", () =>
    Effect.gen(function* () {
      const node = yield* alone
      for (const id of named(200)) yield* write(node, id)
      const [now, begin, half] = [recorder("now"), recorder("begin"), recorder("half")]
      yield* hook(node, now.hook)
      yield* hook(node, { ...begin.hook, from: { head: 0 } })
      yield* happened("the beginning is told", () => begin.committed.length === 200)
      // What a hook was told is a place to go on from.
      yield* hook(node, { ...half.hook, from: begin.committed[99] })
      yield* write(node, "new")
      yield* happened("all are told", () => now.committed.length === 1 && half.committed.length === 101)
      expect(half.committed.flatMap(idsOf)).toEqual([...named(200).slice(100), "new"])
      expect(now.committed.flatMap(idsOf)).toEqual(["new"])
      const { incarnation } = (yield* node.run(Journal)).info
      const places = [{ head: 202 }, { head: -1 }, { head: 1.5 }, { head: 10, incarnation: "0011223344556677" }]
      // What a program reads from its file may be anything.
      const none: ReadonlyArray<unknown> = [{}, { head: "5" }, { head: null }, { incarnation }, null, "x"]
      for (const from of [...places, ...none] as typeof places) {
        const refused = yield* Effect.flip(hook(node, { ...half.hook, from }))
        expect(refused.message).toContain("the journal has no place")
        expect(refused.reason).toMatchObject({ _tag: "HookPlaceUnknown", head: 201 })
      }
      yield* hook(node, { ...half.hook, from: { head: 201, incarnation } })
    })
  )

  it.live("[HK-8] a hook may write; its own writes come to it later, and their ids tell that they are its own", () =>
    Effect.gen(function* () {
      const node = yield* alone
      const own = new Set<string>()
      const order: Array<string> = []
      yield* hook(node, {
        name: "counts",
        onCommit: (change) =>
          Effect.gen(function* () {
            if (change.commits.every((id) => own.has(id))) return void order.push(`own ${idsOf(change)[0]}`)
            const of = idsOf(change)[0]!
            const outcome = yield* write(node, `copy of ${of}`)
            for (const id of outcome.commits) own.add(id)
            order.push(`of others ${of}`)
          })
      })
      for (const id of named(3)) yield* write(node, id)
      yield* happened("all are told", () => order.length === 6)
      yield* Effect.sleep(50)
      expect(order.filter((each) => each.startsWith("of others")).sort()).toEqual(
        named(3).map((id) => `of others ${id}`)
      )
      for (const id of named(3)) {
        expect(order.indexOf(`own copy of ${id}`)).toBeGreaterThan(order.indexOf(`of others ${id}`))
      }
    })
  )

  it.live("[HK-9] a hook that is taken away in mid-stream finishes its call and is told nothing more", () =>
    Effect.gen(function* () {
      const node = yield* alone
      const [left, stays, late] = [recorder("left"), recorder("stays"), recorder("late")]
      const scope = yield* Scope.make()
      let finished = 0
      const onCommit: Hook["onCommit"] = (change) =>
        Effect.andThen(
          Effect.sleep(20),
          Effect.sync(() => {
            left.committed.push(change)
            finished++
          })
        )
      yield* hook(node, { name: "left", onCommit }).pipe(Scope.provide(scope))
      yield* hook(node, stays.hook)
      for (const id of named(100)) yield* write(node, id)
      yield* happened("it is called", () => left.committed.length === 3)
      yield* Effect.sleep(5)
      yield* Scope.close(scope, Exit.void)
      const told = left.committed.length
      expect([told, finished]).toEqual([4, 4])
      yield* hook(node, late.hook)
      yield* write(node, "new")
      yield* happened("the others are told", () => stays.committed.length === 101 && late.committed.length === 1)
      expect(left.committed.length).toBe(told)
      expect(failuresOf(node)).toEqual([])
    })
  )

  it.effect("[HK-9] closing gives a running call a second, interrupts it then, and does not wait for ever", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { hooks, journal, reported } = yield* bare().pipe(Scope.provide(scope))
      const ends: Array<string> = []
      const during = (name: string, effect: Effect.Effect<unknown>): Hook => ({
        name,
        onCommit: () =>
          effect.pipe(
            Effect.andThen(Effect.sync(() => ends.push(`${name} ended`))),
            Effect.onInterrupt(() => Effect.sync(() => ends.push(`${name} interrupted`)))
          )
      })
      // In a scope of their own, as of whoever leaves it to the node's end to take them away.
      const theirs = yield* Scope.make()
      const register = (its: Hook) => hooks.register(its).pipe(Scope.provide(theirs))
      yield* register(during("short", Effect.sleep(900)))
      yield* register(during("long", Effect.sleep(2_000)))
      yield* register(during("stubborn", Effect.uninterruptible(Effect.never)))
      yield* writeEach(journal, ["a", "b"])
      yield* settle
      const closing = yield* Effect.forkDetach(Effect.andThen(Scope.close(scope, Exit.void), Clock.currentTimeMillis))
      for (let stepped = 0; stepped < 25; stepped++) {
        yield* TestClock.adjust(100)
        yield* settle
      }
      expect(closing.pollUnsafe()).toMatchObject({ _tag: "Success", value: 2_000 })
      expect(ends).toEqual(["short ended", "long interrupted"])
      expect(reported).toEqual([])
    })
  )

  it.effect("[HK-10] a journal that cannot be read is reported, and the hook goes on where it was", () =>
    Effect.gen(function* () {
      let failures = 2
      const { hooks, journal, reported } = yield* bare((base) => ({
        ...base,
        changesAfter: (after, limit) =>
          Effect.suspend(() =>
            after >= 64 && failures-- > 0 ? Effect.die("a mistake in the program") : base.changesAfter(after, limit)
          )
      }))
      const told: Array<string> = []
      yield* hooks.register({ name: "h", onCommit: (change) => Effect.sync(() => told.push(...idsOf(change))) })
      yield* writeEach(journal, named(100))
      yield* settle
      expect(told).toEqual(named(64))
      for (let looks = 0; looks < 2; looks++) {
        yield* TestClock.adjust(5_000)
        yield* settle
      }
      expect(told).toEqual(named(100))
      const problem = "cannot go on, as the journal is not readable: a mistake in the program"
      expect(reported).toMatchObject([
        { hook: "h", head: 64, problem },
        { hook: "h", head: 64, problem }
      ])
    })
  )

  it.effect("[HK-12] what is taken back before a hook came to it is not told, and once when it is released", () =>
    Effect.gen(function* () {
      const { hooks, journal } = yield* bare()
      const goOn = yield* Deferred.make<void>()
      const told: Array<readonly [head: number, id: string]> = []
      yield* hooks.register({
        name: "slow",
        onCommit: (change) => {
          told.push([change.head, idsOf(change)[0]!])
          return Deferred.await(goOn)
        }
      })
      yield* writeEach(journal, named(4))
      yield* settle
      expect(told).toEqual([[1, "n0"]])
      const denied = { code: "Denied", kind: "refused", rule: "r", policyVersion: 1, because: "no" } as const
      yield* journal.settle(settlement(peerOf(2), [{ lseq: 2, ...denied }], 4))
      yield* Deferred.succeed(goOn, undefined)
      yield* settle
      const [entry] = yield* journal.quarantine({ after: 0, limit: 9 })
      yield* journal.release([entry!.id])
      yield* settle
      const rest = [3, 4].map((head) => [head, `n${head - 1}`])
      expect(told).toEqual([[1, "n0"], ...rest, [5, "n1"]])
    })
  )

  it.live("[HK-11] a node has at most 64 hooks, and what is no name or limit is refused", () =>
    Effect.gen(function* () {
      const node = yield* alone
      const seen = recorder("first")
      yield* hook(node, seen.hook)
      const scope = yield* Scope.make()
      for (const name of named(hooksMax - 1)) yield* hook(node, { name }).pipe(Scope.provide(scope))
      const refused = yield* Effect.flip(hook(node, { name: "one too many" }))
      expect(refused.reason).toMatchObject({ _tag: "HooksExhausted", hooksMax })
      yield* Scope.close(scope, Exit.void)
      yield* hook(node, { name: "again" })
      for (const wrong of [
        { name: "" },
        { name: "x".repeat(65) },
        { name: "x", callMsMax: 0 },
        { name: "x", callMsMax: 1e9 }
      ]) {
        expect(yield* Effect.flip(Effect.catchDefect(hook(node, wrong), Effect.fail))).toBeInstanceOf(RangeError)
      }
      yield* node.run(Records.use((records) => records.put(Note, { text: "x" }, "a")))
      yield* happened("it is told", () => seen.committed.length === 1)
    })
  )
})
