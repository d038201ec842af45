/**
 * The gateway for iSync's own clients: they meet at this hub, tell each other their packets, and late ones get the last of each source. Packets
 * are kept and passed on as they come; the hub has no key of theirs, merges nothing and is no source itself.
 */
import { createHash } from "node:crypto"
import { DeviceKey, Occupancy, Orchestrator } from "@syncline/core"
import { Clock, Effect, FiberSet, Metric, Queue } from "effect"
import type { Gateway, GatewayHost } from "../Gateway.ts"
import { type GatewayError, ofStore } from "../GatewayError.ts"
import { addRoutes } from "./ISyncRoutes.ts"
import { ISyncMesh } from "./ISyncMesh.ts"
import * as ISyncPackets from "./ISyncPackets.ts"
import * as ISyncStore from "./ISyncStore.ts"

/** From what comes to its passing on, at most, in milliseconds: of one source so much comes through in a second, and the newest wins. */
const passMs = 50
/** Between two packets that are read, in milliseconds. */
const stepMs = 1

interface Timing {
  /** From a handshake to the last packets, in milliseconds. */
  readonly replayMs: number
  /** Between two times at which everybody gets the last packets, in milliseconds. */
  readonly everyMs: number
}

/** As iSync's own server keeps it. */
export const usual: Timing = { replayMs: 1_000, everyMs: 30_000 }
/** Between two looks for what is to be written, in milliseconds. */
const lookMs = 1_000
/** For what is not written yet when the hub stops, in milliseconds. */
const lastWriteMsMax = 500

const ignoredTotal = Metric.counter("syncline_gateway_isync_ignored_total", {
  description: "What clients of iSync's gateway sent that had no effect",
  incremental: true
})

export const make = (peersMax: number, timing = usual): Gateway => ({
  name: "isync",
  warning: "anybody may say to be any node; packets are kept and passed on as they come",
  bodyBytesMax: 64 * 1024,
  answerMsMax: 5_000,
  refuse: (reply, status, words) => reply.code(status).send({ error: words }),
  open: (host) => open(host, peersMax, timing)
})

const open = Effect.fnUntraced(function* (host: GatewayHost, peersMax: number, timing: Timing) {
  const nodeId = nodeIdOf((yield* DeviceKey.DeviceKey).peer)
  const store = yield* ISyncStore.make
  const clock = yield* Clock.Clock
  const work = yield* Queue.sliding<void>(1)
  const run = yield* FiberSet.runtime(yield* FiberSet.make())()
  const mesh: ISyncMesh = new ISyncMesh({
    nodeId,
    peersMax,
    nowMs: () => clock.currentTimeMillisUnsafe(),
    onWork: () => void Queue.offerUnsafe(work, undefined),
    onRegistered: (peer) =>
      void run(
        Effect.delay(
          Effect.sync(() => mesh.replay(peer)),
          timing.replayMs
        )
      ),
    onIgnored: (reason) => void run(Metric.update(Metric.withAttributes(ignoredTotal, { reason }), 1)),
    onPacket: store.note
  })
  for (const packet of yield* store.load) mesh.packets.take(packet)
  yield* watchSizes(mesh, store, peersMax)
  // Nobody is connected any more then.
  const lastWrite = Effect.suspend(() => {
    Array.from(mesh.pass())
    return store.write(true)
  })
  yield* Effect.addFinalizer(() => lastWrite.pipe(Effect.timeoutOption(lastWriteMsMax), Effect.ignore))
  yield* Effect.forkScoped(
    Effect.forever(Queue.take(work).pipe(Effect.andThen(passing(host, mesh)), Effect.andThen(Effect.sleep(passMs))))
  )
  yield* Effect.forkScoped(
    Effect.forever(
      Effect.delay(
        Effect.sync(() => mesh.replayToAll()),
        timing.everyMs
      )
    )
  )
  yield* Effect.forkScoped(keepWriting(host, mesh, store))
  yield* hearOthers(mesh, store)
  return { addRoutes: addRoutes(nodeId, mesh), onClient: mesh.onClient }
})

/** A name in the form that iSync's nodes have, the same for good. */
const nodeIdOf = (peer: string): string => {
  const hex = createHash("sha256").update(`isync\n${peer}`, "utf8").digest("hex")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-")
}

const watchSizes = (mesh: ISyncMesh, store: ISyncStore.ISyncStore, peersMax: number) =>
  Occupancy.watch([
    { kind: "queue", name: "isync_peers", limit: peersMax, length: () => mesh.peers },
    { kind: "queue", name: "isync_unwritten", limit: ISyncPackets.sourcesMax, length: store.noted },
    { kind: "cache", name: "isync_packets", limit: ISyncPackets.sourcesMax, length: () => mesh.packets.size },
    { kind: "cache", name: "isync_packet_bytes", limit: ISyncPackets.bytesMax, length: () => mesh.packets.bytes }
  ])

/** In a space that is sealed by now nobody is told anything any more. */
const passing = ({ whyClosed }: GatewayHost, mesh: ISyncMesh): Effect.Effect<void> =>
  Effect.suspend(() => (whyClosed() === undefined ? stepping(mesh.pass()) : Effect.sync(() => mesh.close())))

/** Others are served between any two steps. */
export const stepping = (steps: Generator<void>): Effect.Effect<void> =>
  Effect.suspend(() => (steps.next().done === true ? Effect.void : Effect.delay(stepping(steps), stepMs)))

const keepWriting = (
  { whyClosed }: GatewayHost,
  mesh: ISyncMesh,
  store: ISyncStore.ISyncStore
): Effect.Effect<never> => {
  let problem: string | undefined
  const told = (error: GatewayError): Effect.Effect<void> => {
    const isNew = problem !== error.message
    problem = error.message
    return isNew ? Effect.logWarning("packets of iSync cannot be kept", error) : Effect.void
  }
  const write = store.write().pipe(
    Effect.tap(() => Effect.sync(() => (problem = undefined))),
    Effect.catchTag("GatewayError", told)
  )
  const look = Effect.suspend(() => (whyClosed() === undefined ? write : Effect.sync(() => mesh.close())))
  return Effect.forever(Effect.delay(look, lookMs))
}

/** What clients of another hub said comes with its records. */
const hearOthers = Effect.fnUntraced(function* (mesh: ISyncMesh, store: ISyncStore.ISyncStore) {
  const orchestrator = yield* Orchestrator.Orchestrator
  const onApplied = (change: Parameters<ISyncStore.ISyncStore["changed"]>[0]) =>
    Effect.map(store.changed(change), (packets) => {
      for (const packet of packets) if (mesh.packets.take(packet)) mesh.relay(packet)
    })
  yield* Effect.mapError(orchestrator.hook({ name: "isync-gateway", onApplied }), ofStore)
})
