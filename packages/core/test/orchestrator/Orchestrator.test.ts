import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Schema, Stream } from "effect"
import { describe } from "vitest"
import * as StateHash from "../../src/journal/StateHash.ts"
import * as Entity from "../../src/model/Entity.ts"
import * as EventChannel from "../../src/orchestrator/EventChannel.ts"
import { Orchestrator } from "../../src/orchestrator/Orchestrator.ts"
import { Records } from "../../src/orchestrator/Records.ts"
import { SyncEvent } from "../../src/orchestrator/SyncEvent.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { peerOf } from "../session/SessionUnderTest.ts"
import { makeNode, type NodeUnderTest, sawEvent, send, until } from "./twoNodes.ts"

const Note = Entity.make("note", {
  text: Entity.lww(Schema.String),
  tags: Entity.orSet(Schema.String),
  votes: Entity.counter
})

const put = (node: NodeUnderTest, id: string, text: string) =>
  node.run(Records.use((records) => records.put(Note, { text }, id)))
const textOf = (node: NodeUnderTest, id: string) =>
  node.run(Records.use((records) => records.get("note", id))).pipe(Effect.map((found) => found?.fields["text"]))
const hashOf = (node: NodeUnderTest) => node.run(StateHash.compute())
const statusOf = (node: NodeUnderTest) => node.run(Orchestrator.use((orchestrator) => orchestrator.status))

const startBoth = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const hub = yield* makeNode(network, 1, [2], [])
  const device = yield* makeNode(network, 2, [1], [1])
  return { hub, device }
})

describe("Orchestrator", () => {
  it.live("[OR-1] two nodes sync what both have, then each change as it comes, and say so after a proof", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* startBoth
      yield* put(hub, "h", "from the hub")
      yield* put(device, "d", "from the device")
      expect(yield* send(hub, { _tag: "Start" })).toEqual({ addresses: ["memory:1"] })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(device, "SyncCompleted")
      yield* sawEvent(hub, "SyncCompleted")
      expect(yield* hashOf(device)).toEqual(yield* hashOf(hub))
      expect((yield* statusOf(device)).peers).toMatchObject([{ peer: peerOf(1), state: "synced", pendingOut: 0 }])
      yield* put(device, "d", "changed")
      yield* until(
        "the change arrives",
        Effect.map(textOf(hub, "d"), (text) => text === "changed")
      )
      const tags = device.seen.map((event) => event._tag)
      expect(tags.indexOf("PeerConnected")).toBeLessThan(tags.indexOf("SyncStarted"))
      expect(tags.indexOf("SyncStarted")).toBeLessThan(tags.indexOf("SyncCompleted"))
    })
  )

  it.live("[OR-2] a peer that is not trusted is refused, told so, and tried again", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [], [])
      const device = yield* makeNode(network, 2, [1], [1])
      yield* put(hub, "secret", "x")
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(device, "SyncError", 2)
      expect(device.seen).toContainEqual(
        expect.objectContaining({ _tag: "SyncError", code: "PeerDenied", willRetry: true })
      )
      expect(yield* textOf(device, "secret")).toBeUndefined()
      expect((yield* statusOf(device)).routes).toMatchObject([{ address: "memory:1", peer: undefined }])
    })
  )

  it.live("[OR-3] a paused peer is let go and comes back when resumed; a removed one stays away", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* startBoth
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(hub, "SyncCompleted")
      expect(yield* send(hub, { _tag: "PausePeer", peer: peerOf(2) })).toEqual({ touched: 1 })
      yield* sawEvent(hub, "PeerDisconnected")
      yield* put(device, "while paused", "x")
      yield* Effect.sleep(200)
      expect(yield* textOf(hub, "while paused")).toBeUndefined()
      yield* send(hub, { _tag: "ResumePeer", peer: peerOf(2) })
      yield* until(
        "it comes back",
        Effect.map(textOf(hub, "while paused"), (text) => text === "x")
      )
      expect(yield* send(device, { _tag: "RemoveRoute", address: "memory:1" })).toEqual({ touched: 1 })
      const unknown = yield* Effect.flip(send(device, { _tag: "RemoveRoute", address: "memory:9" }))
      expect(unknown.reason._tag).toBe("RouteUnknown")
    })
  )

  it.live("[OR-4] stopping ends the sessions, starting again goes on where it was", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* startBoth
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      // The hub may know first; a device that has not heard of it was never connected.
      yield* sawEvent(hub, "SyncCompleted")
      yield* sawEvent(device, "SyncCompleted")
      yield* send(hub, { _tag: "Stop" })
      yield* sawEvent(device, "PeerDisconnected")
      expect((yield* statusOf(hub)).isStarted).toBe(false)
      yield* put(device, "later", "x")
      yield* send(hub, { _tag: "Start" })
      yield* until(
        "it arrives",
        Effect.map(textOf(hub, "later"), (text) => text === "x")
      )
    })
  )

  it.live("[OR-5] an address that no transport accepts is refused at once", () =>
    Effect.gen(function* () {
      const { device } = yield* startBoth
      const refused = yield* Effect.flip(send(device, { _tag: "AddRoute", address: "gopher://x" }))
      expect(refused.reason._tag).toBe("TransportError")
    })
  )

  it.live("[OR-6] forcing a sync compares roots again", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* startBoth
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(device, "SyncCompleted")
      expect(yield* send(device, { _tag: "ForceSync", peer: null })).toEqual({ touched: 1 })
      yield* sawEvent(device, "SyncCompleted", 2)
    })
  )

  it.live("[OR-7] a slow subscriber loses the oldest events and learns how many", () =>
    Effect.gen(function* () {
      const channel = yield* EventChannel.make
      const taken: Array<SyncEvent> = []
      const goOn = yield* Deferred.make<void>()
      yield* channel.events.pipe(
        Stream.runForEach((event) =>
          Effect.andThen(
            Deferred.await(goOn),
            Effect.sync(() => void taken.push(event))
          )
        ),
        Effect.forkScoped
      )
      yield* Effect.sleep(200)
      const total = EventChannel.eventsBufferedMax + 500
      for (let i = 0; i < total; i++) yield* channel.publish({ _tag: "Stalled", peer: null, awaiting: String(i) })
      yield* Deferred.succeed(goOn, undefined)
      const isLast = (event: SyncEvent | undefined) => event?._tag === "Stalled" && event.awaiting === String(total - 1)
      yield* until(
        "the last is seen",
        Effect.sync(() => isLast(taken.at(-1)))
      )
      const missed = taken.reduce((sum, event) => sum + (event._tag === "Lagged" ? event.missed : 0), 0)
      expect(missed).toBeGreaterThan(0)
      expect(taken.filter((event) => event._tag === "Stalled").length + missed).toBe(total)
    })
  )

  it.live("[OR-8] every event on the channel fits its schema", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* startBoth
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* put(device, "a", "x")
      yield* sawEvent(hub, "EntitiesUpdated")
      yield* send(hub, { _tag: "Stop" })
      yield* sawEvent(device, "PeerDisconnected")
      for (const event of [...device.seen, ...hub.seen]) {
        expect(yield* Schema.decodeUnknownEffect(SyncEvent)(event)).toEqual(event)
      }
    })
  )

  it.live("[SE-15] after a break only what is new is sent", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* startBoth
      for (let i = 0; i < 20; i++) yield* put(hub, `n${i}`, "x")
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(device, "SyncCompleted")
      yield* send(hub, { _tag: "Stop" })
      const before = (yield* statusOf(hub)).peers[0]!.sentEvents
      yield* put(hub, "new", "y")
      yield* send(hub, { _tag: "Start" })
      yield* until(
        "it arrives",
        Effect.map(textOf(device, "new"), (text) => text === "y")
      )
      yield* sawEvent(device, "SyncCompleted", 2)
      expect((yield* statusOf(hub)).peers[0]!.sentEvents - before).toBe(1)
    })
  )

  it.live("[OR-11] a defect ends one session, is reported, and the route is dialled again", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode(network, 1, [2], [])
      const device = yield* makeNode(network, 2, [1], [1], { failuresOfFeed: 2 })
      yield* put(device, "a", "x")
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(device, "SyncCompleted")
      const codes = device.seen.flatMap((event) => (event._tag === "SyncError" ? [event.code] : []))
      expect(codes.filter((code) => code === "SessionFailed")).toHaveLength(2)
      expect(yield* textOf(hub, "a")).toBe("x")
      expect((yield* statusOf(hub)).peers.map(({ state }) => state)).toEqual(["synced"])
    })
  )

  it.live("[OR-10] synced is said only while a proof covers everything, and said again soon after changes", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* startBoth
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(device, "SyncCompleted")
      const stateOf = Effect.map(statusOf(device), ({ peers }) => peers[0]?.state)
      expect(yield* stateOf).toBe("synced")
      yield* put(device, "a", "x")
      expect(yield* stateOf).toBe("syncing")
      yield* until(
        "it is proven again",
        Effect.map(stateOf, (state) => state === "synced")
      )
      expect(yield* hashOf(hub)).toEqual(yield* hashOf(device))
      yield* until(
        "and on the hub",
        Effect.map(statusOf(hub), ({ peers }) => peers[0]?.state === "synced")
      )
    })
  )

  it.live("[OR-9] a write breaks no schema and no policy, and leaves nothing when refused", () =>
    Effect.gen(function* () {
      const { device } = yield* startBoth
      const before = yield* hashOf(device)
      const wrong = yield* Effect.flip(device.run(Records.use((records) => records.put(Note, { text: 5 }, "a"))))
      expect(wrong).toMatchObject({ _tag: "WriteError", reason: { _tag: "EntityInvalid", field: "text" } })
      const missing = yield* Effect.flip(device.run(Records.use((records) => records.patch(Note, "zz", { text: "x" }))))
      expect(missing).toMatchObject({ reason: { _tag: "EntityNotFound", id: "zz" } })
      expect(yield* hashOf(device)).toEqual(before)
      const id = yield* device.run(Records.use((records) => records.put(Note, { text: "x", extra: { deep: [1] } })))
      const found = yield* device.run(Records.use((records) => records.get("note", id)))
      expect(found?.fields).toEqual({ text: "x", extra: { deep: [1] } })
    })
  )
})
