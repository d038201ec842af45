import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Metric, Schema } from "effect"
import { describe } from "vitest"
import { Journal, type JournalShape } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import type { EntityChange } from "../../src/model/EntityChange.ts"
import * as EventChannel from "../../src/orchestrator/EventChannel.ts"
import { type AppliedChange, type CommittedChange, entitiesPerCallMax, type Hook } from "../../src/orchestrator/Hook.ts"
import * as Hooks from "../../src/orchestrator/Hooks.ts"
import { HooksExhausted } from "../../src/orchestrator/OrchestratorError.ts"
import { Records } from "../../src/orchestrator/Records.ts"
import { SyncEvent } from "../../src/orchestrator/SyncEvent.ts"
import * as CoreMetrics from "../../src/telemetry/CoreMetrics.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { layerDevice } from "../nodeCrypto.ts"
import { peerOf, space } from "../session/SessionUnderTest.ts"
import {
  alone,
  failuresOf,
  happened,
  hook,
  idsOf,
  named,
  Note,
  noteOf,
  recorder,
  write,
  writeMany
} from "./hookRecorder.ts"
import { makeNode, sawEvent, send, until } from "./twoNodes.ts"

describe("Hooks", () => {
  it.live(
    "[HK-1] a hook that cannot keep up with 5,000 writes is told each once, in order, one at a time, and delays nobody",
    () =>
      Effect.gen(function* () {
        const node = yield* alone
        const [slow, quick] = [recorder("slow"), recorder("quick")]
        const goOn = yield* Deferred.make<void>()
        let running = 0
        let runningMost = 0
        yield* hook(node, {
          name: "slow",
          onCommit: (change) =>
            Effect.gen(function* () {
              runningMost = Math.max(runningMost, ++running)
              yield* Deferred.await(goOn)
              yield* Effect.yieldNow
              slow.committed.push(change)
              running--
            })
        })
        yield* hook(node, quick.hook)
        const made: Array<string> = []
        const keep = (id: string) => Effect.map(write(node, id), ({ commits }) => made.push(...commits))
        yield* Effect.forEach(named(5_000), keep, { concurrency: 50, discard: true })
        yield* happened("the quick one is done", () => quick.committed.length === 5_000)
        expect(slow.committed).toEqual([])
        yield* Deferred.succeed(goOn, undefined)
        yield* happened("the slow one is done", () => slow.committed.length === 5_000)
        expect(runningMost).toBe(1)
        for (const { committed } of [slow, quick]) {
          expect(committed.map(({ head }) => head)).toEqual(Array.from({ length: 5_000 }, (_, i) => i + 1))
          expect(committed.flatMap(({ commits }) => commits).sort()).toEqual([...made].sort())
          expect(committed.every(({ isComplete }) => isComplete)).toBe(true)
        }
      }),
    60_000
  )

  it.live("[HK-1] however much waits, a hook holds one page of it", () =>
    Effect.gen(function* () {
      const base = yield* MemoryJournal.make({ space }).pipe(Effect.provide(layerDevice(1)))
      let largest = 0
      let read = 0
      const journal: JournalShape = {
        ...base,
        changesAfter: (after, limit) =>
          Effect.tap(base.changesAfter(after, limit), ({ changes }) =>
            Effect.sync(() => {
              largest = Math.max(largest, changes.length)
              read += changes.length
            })
          )
      }
      const hooks = yield* Hooks.make(journal, yield* EventChannel.make)
      const goOn = yield* Deferred.make<void>()
      let told = 0
      yield* hooks.register({
        name: "slow",
        onCommit: () =>
          Effect.andThen(
            Deferred.await(goOn),
            Effect.sync(() => told++)
          )
      })
      for (const id of named(1_000)) yield* base.write([noteOf(id)])
      yield* Effect.sleep(50)
      expect(read).toBeLessThanOrEqual(128)
      yield* Deferred.succeed(goOn, undefined)
      yield* happened("all is told", () => told === 1_000)
      expect(largest).toBeLessThanOrEqual(64)
      expect(read).toBe(1_000)
    })
  )

  it.live("[HK-2] a local transaction is one call with its commits and entities; a very large one is several", () =>
    Effect.gen(function* () {
      const node = yield* alone
      const seen = recorder("all")
      yield* hook(node, seen.hook)
      const small = yield* writeMany(node, named(300))
      const one = yield* write(node, "n7", "changed")
      const another = yield* write(node, "n8", "changed")
      expect(small.commits.length).toBe(3)
      yield* happened("all are told", () => seen.committed.length === 3)
      const told = ({ commits, entities, head }: typeof small) => ({ commits, entities, head, isComplete: true })
      expect(seen.committed).toMatchObject([told(small), told(one), told(another)])
      const { author, incarnation } = (yield* node.run(Journal)).info
      expect(seen.committed[0]).toMatchObject({ author, incarnation, events: 300 })
      yield* node.run(Records.use((records) => records.remove(Note, "n7")))
      yield* happened("the removal is told", () => seen.committed.length === 4)
      expect(seen.committed[3]!.entities).toEqual([{ type: "note", header: {}, id: "n7", isDeleted: true }])

      const large = yield* writeMany(node, named(20_000, "m"))
      yield* happened("the large one is told", () => seen.committed.at(-1)!.head === large.head)
      const parts = seen.committed.slice(4)
      expect(parts.map(({ isComplete }) => isComplete)).toEqual([false, false, true])
      expect(parts.flatMap(idsOf)).toEqual(large.ids)
      expect(parts.flatMap(({ commits }) => commits)).toEqual(large.commits)
      for (const { entities } of parts) expect(entities.length).toBeLessThan(entitiesPerCallMax + 128)
    })
  )

  it.live("[HK-2] of two entities with one id both are told", () =>
    Effect.gen(function* () {
      const node = yield* alone
      const seen = recorder("all")
      yield* hook(node, seen.hook)
      const made = ["a", "b"].map((team): EntityChange => ({
        partition: { type: "note", header: { team } },
        id: "n1",
        change: { kind: "put", lww: {}, counters: {}, sets: {} }
      }))
      const { entities } = yield* node.run(Journal.use((journal) => journal.write(made)))
      yield* happened("both are told", () => seen.committed.length === 1)
      expect(seen.committed[0]!.entities).toEqual(entities)
      expect(entities.map(({ header }) => header)).toEqual([{ team: "a" }, { team: "b" }])
    })
  )

  it.live("[HK-3] what a peer sends is told once by onApplied, with the peer, and not by onCommit", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [2], [])
      const device = yield* makeNode(network, 2, [1], [1])
      const [ofHub, ofDevice] = [recorder("hub"), recorder("device")]
      yield* hook(hub, ofHub.hook)
      yield* hook(device, ofDevice.hook)
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(device, "SyncCompleted")
      const author = (yield* hub.run(Journal)).info.author
      for (let i = 0; i < 10; i++) {
        const { commits } = yield* writeMany(hub, [`n${i}`, `m${i}`])
        yield* happened("it is told", () => ofDevice.applied.length === i + 1)
        expect(ofDevice.applied[i]).toEqual({
          head: i + 1,
          incarnation: (yield* device.run(Journal)).info.incarnation,
          peer: peerOf(1),
          authors: [author],
          commits,
          events: 2,
          entities: [`n${i}`, `m${i}`].map((id) => ({ type: "note", header: {}, id, isDeleted: false }))
        })
      }
      yield* write(device, "of the device")
      yield* happened("the hub is told", () => ofHub.applied.length === 1)
      expect(ofHub.applied[0]).toMatchObject({ peer: peerOf(2), entities: [{ id: "of the device" }] })
      expect(ofHub.committed.flatMap(idsOf).length).toBe(20)
      expect(ofDevice.committed.flatMap(idsOf)).toEqual(["of the device"])
      yield* send(device, { _tag: "ForceSync", peer: null })
      yield* sawEvent(device, "SyncCompleted", 2)
      yield* Effect.sleep(50)
      expect([ofHub.applied.length, ofDevice.applied.length, ofDevice.committed.length]).toEqual([1, 10, 1])
    })
  )

  it.live(
    "[HK-3] batches that came while the hook was busy come together, each commit once, with own ones between",
    () =>
      Effect.gen(function* () {
        const network = MemoryTransport.makeNetwork()
        const hub = yield* makeNode(network, 1, [2], [])
        const device = yield* makeNode(network, 2, [1], [1])
        yield* send(hub, { _tag: "Start" })
        yield* send(device, { _tag: "Start" })
        yield* sawEvent(device, "SyncCompleted")
        const order: Array<CommittedChange | AppliedChange> = []
        const goOn = yield* Deferred.make<void>()
        const keep = (change: CommittedChange | AppliedChange) =>
          Effect.andThen(
            Deferred.await(goOn),
            Effect.sync(() => order.push(change))
          )
        yield* hook(device, { name: "slow", onCommit: keep, onApplied: keep })
        const made: Array<string> = []
        const arrived = (head: number) =>
          until(
            "it arrived",
            Effect.map(
              Effect.flatMap(device.run(Journal), (journal) => journal.head),
              (now) => now >= head
            )
          ).pipe(Effect.orDie)
        for (const id of named(200)) made.push(...(yield* write(hub, id)).commits)
        yield* arrived(200)
        made.push(...(yield* write(device, "between")).commits)
        for (const id of named(200, "m")) made.push(...(yield* write(hub, id)).commits)
        yield* arrived(401)
        yield* Deferred.succeed(goOn, undefined)
        yield* happened("all is told", () => order.at(-1)?.head === 401)
        expect(order.flatMap(({ commits }) => commits)).toEqual(made)
        expect(order.map(({ head }) => head)).toEqual(order.map(({ head }) => head).sort((a, b) => a - b))
        expect(order.filter((change) => "isComplete" in change)).toMatchObject([{ head: 201 }])
        expect(order.length).toBeLessThan(10)
      })
  )

  it.live("[HK-4] nothing is told before it is durable, and a refused write never", () =>
    Effect.gen(function* () {
      const base = yield* MemoryJournal.make({ space, commitDelayMs: 50 }).pipe(Effect.provide(layerDevice(1)))
      const hooks = yield* Hooks.make(base, yield* EventChannel.make)
      const order: Array<string> = []
      yield* hooks.register({
        name: "reads",
        onCommit: ({ entities }) =>
          Effect.gen(function* () {
            const found = yield* base.get("note", entities[0]!.id)
            order.push(`told ${found?.id}`)
          })
      })
      const writing = yield* Effect.forkChild(
        Effect.andThen(
          base.write([noteOf("a")]),
          Effect.sync(() => order.push("written"))
        )
      )
      yield* Effect.sleep(20)
      expect(order).toEqual([])
      yield* Fiber.join(writing)
      yield* Effect.flip(base.write([{ ...noteOf("b"), change: { kind: "delete" } }]))
      yield* base.write([noteOf("a")])
      yield* base.write([noteOf("c")])
      yield* happened("both are told", () => order.length === 3)
      expect(order.filter((each) => each !== "written")).toEqual(["told a", "told c"])
    })
  )

  it.live(
    "[HK-5] a hook that fails, throws or dies is reported each time, told the next change, and hurts nobody else",
    () =>
      Effect.gen(function* () {
        const node = yield* alone
        const good = recorder("good")
        const bad: Array<string> = []
        const onCommit: Hook["onCommit"] = (change) => {
          const [id] = idsOf(change)
          bad.push(id!)
          if (id === "n0") return Effect.fail(new HooksExhausted({ hooksMax: 1 }))
          if (id === "n1") throw new Error("it threw")
          if (id === "n2") return Effect.die("it died")
          if (id === "n3") return Effect.interrupt
          return Effect.void
        }
        yield* hook(node, { name: "bad", onCommit })
        yield* hook(node, good.hook)
        for (const id of named(5)) yield* write(node, id)
        yield* happened("both are told everything", () => bad.length === 5 && good.committed.length === 5)
        expect(bad).toEqual(named(5))
        yield* happened("it is reported", () => failuresOf(node).length === 4)
        expect(failuresOf(node)).toMatchObject([
          { hook: "bad", head: 1, problem: "a node has at most 1 hooks; take one away first" },
          { hook: "bad", head: 2, problem: "it threw" },
          { hook: "bad", head: 3, problem: "it died" },
          { hook: "bad", head: 4 }
        ])
        for (const event of failuresOf(node)) expect(yield* Schema.decodeUnknownEffect(SyncEvent)(event)).toEqual(event)
        const counted = yield* Metric.value(Metric.withAttributes(CoreMetrics.hookFailures, { hook: "bad" }))
        expect(counted.count).toBe(4)
      })
  )
})
