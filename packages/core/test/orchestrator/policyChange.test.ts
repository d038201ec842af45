// A policy that changes while links are open.
import { expect, it } from "@effect/vitest"
import { Effect, Layer, PubSub, Stream } from "effect"
import { describe } from "vitest"
import { Gate } from "../../src/gate/Gate.ts"
import { Orchestrator } from "../../src/orchestrator/Orchestrator.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { makeNode, sawEvent, send, until } from "./twoNodes.ts"

/** A gate that lets everything pass while it is told to, and whose answer may change behind each admission. */
const changingGate = Effect.gen(function* () {
  const changes = yield* PubSub.sliding<void>(4)
  const policy = { isAllowed: true, changesAfterAdmission: false }
  const answer = Effect.sync(() => ({ allowed: policy.isAllowed, rule: "test", policyVersion: 1, because: "test" }))
  const admits = Effect.tap(answer, () =>
    Effect.sync(() => {
      if (policy.changesAfterAdmission) policy.isAllowed = false
    })
  )
  const layer = Layer.succeed(Gate, {
    devices: Effect.succeed([]),
    admits: () => admits,
    canSend: () => answer,
    canReceive: () => answer,
    canRead: () => answer,
    mustForget: () => Effect.undefined,
    accepts: () => answer,
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    isCustodian: () => Effect.succeed(true),
    canWrite: () => answer,
    audit: () => Effect.void,
    changes: Stream.fromPubSub(changes)
  })
  return { policy, layer, tell: PubSub.publish(changes, undefined) }
})

const peersOf = Orchestrator.use((orchestrator) => orchestrator.status).pipe(Effect.map(({ peers }) => peers))

describe("a policy that changes", () => {
  it.live("[OR-13] [OR-72] ends the sessions that it no longer admits, and lets them in again", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const { layer, policy, tell } = yield* changingGate
      const hub = yield* makeNode(network, 1, [], [], { gate: layer })
      const device = yield* makeNode(network, 2, [1], [1])
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(hub, "SyncCompleted")
      policy.isAllowed = false
      yield* tell
      yield* sawEvent(hub, "PeerDisconnected")
      yield* until(
        "the device is told",
        Effect.sync(() => device.seen.some((event) => event._tag === "SyncError" && event.code === "PeerDenied"))
      )
      expect(yield* hub.run(peersOf)).toMatchObject([{ state: "blocked" }])
      policy.isAllowed = true
      yield* tell
      yield* sawEvent(hub, "PeerConnected", 2)
    })
  )

  it.live("[OR-13] is asked again at the end of a greeting, so that a change meanwhile counts", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const { layer, policy } = yield* changingGate
      const hub = yield* makeNode(network, 1, [], [], { gate: layer })
      const device = yield* makeNode(network, 2, [1], [1])
      policy.changesAfterAdmission = true
      yield* send(hub, { _tag: "Start" })
      yield* send(device, { _tag: "Start" })
      yield* sawEvent(hub, "SyncError", 2)
      expect(hub.seen).toContainEqual(expect.objectContaining({ _tag: "SyncError", code: "PeerDenied" }))
      expect(hub.seen.filter((event) => event._tag === "PeerConnected")).toEqual([])
      expect(yield* hub.run(peersOf)).toEqual([])
    })
  )
})
