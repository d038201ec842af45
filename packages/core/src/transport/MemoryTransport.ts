/**
 * The reference transport: links between nodes of one process, without faults. The simulated network of the testing
 * kit wraps it with loss, delay and partitions.
 */
import { Deferred, Effect, FiberSet, Queue } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import * as Limits from "../model/Limits.ts"
import { type Link, linkFramesMax } from "./Link.ts"
import type { Transport } from "./Transport.ts"
import {
  AddressInUse,
  AddressInvalid,
  FrameRefused,
  LinkClosed,
  TransportError,
  Unreachable
} from "./TransportError.ts"

type Accept = (link: Link) => Effect.Effect<void>

/** A network of one process: who listens where. */
export interface MemoryNetwork {
  readonly listeners: Map<string, Accept>
  nextLink: number
}

export const makeNetwork = (): MemoryNetwork => ({ listeners: new Map(), nextLink: 0 })

const name = "memory"
const scheme = "memory:"
const fail = (reason: TransportError["reason"]): TransportError => new TransportError({ transport: name, reason })
const closed = fail(new LinkClosed({ problem: "the other end closed it" }))

/** A transport that listens on `memory:<address>` and dials others of the same network. */
export const make = (network: MemoryNetwork, address: string): Transport => ({
  name,
  capabilities: { kind: "link", canListen: true, canDial: true, looksUp: true, frameBytesMax: Limits.frameBytesMax },
  accepts: (target) => target.startsWith(scheme),
  listen: (onLink) => listen(network, `${scheme}${address}`, onLink),
  dial: (target) => dial(network, `${scheme}${address}`, target)
})

const listen = Effect.fnUntraced(function* (network: MemoryNetwork, address: string, onLink: Accept) {
  if (network.listeners.has(address)) {
    return yield* Effect.fail(fail(new AddressInUse({ address, problem: "another node listens there" })))
  }
  const fibers = yield* FiberSet.make()
  const accept: Accept = (link) => onLink(link).pipe(Effect.ensuring(link.close), FiberSet.run(fibers), Effect.asVoid)
  yield* Effect.acquireRelease(
    Effect.sync(() => network.listeners.set(address, accept)),
    () => Effect.sync(() => network.listeners.delete(address))
  )
  return [address]
})

const dial = Effect.fnUntraced(function* (network: MemoryNetwork, from: string, target: string) {
  if (!target.startsWith(scheme)) {
    const reason = new AddressInvalid({ address: target, problem: `it does not begin with ${scheme}` })
    return yield* Effect.fail(fail(reason))
  }
  const accept = network.listeners.get(target)
  if (accept === undefined) {
    return yield* Effect.fail(fail(new Unreachable({ address: target, problem: "nobody listens there" })))
  }
  const [near, far] = yield* pair(from, target, network.nextLink++)
  yield* Effect.addFinalizer(() => near.close)
  yield* accept(far)
  return near
})

/** Two ends of one link. */
export const pair = Effect.fnUntraced(function* (nearName: string, farName: string, number: number) {
  const toFar = yield* Queue.bounded<Uint8Array, TransportError>(linkFramesMax)
  const toNear = yield* Queue.bounded<Uint8Array, TransportError>(linkFramesMax)
  const ended = yield* Deferred.make<never, TransportError>()
  const channelBinding = Bytes.utf8(`${name}/${number}`)
  const close = Effect.all([Queue.fail(toFar, closed), Queue.fail(toNear, closed), Deferred.fail(ended, closed)], {
    discard: true
  })
  const end = (remote: string, out: typeof toFar, into: typeof toNear): Link => ({
    remote,
    channelBinding,
    send: (frame) => send(out, ended, frame),
    receive: Queue.take(into),
    close
  })
  return [end(farName, toFar, toNear), end(nearName, toNear, toFar)] as const
})

const send = (
  queue: Queue.Queue<Uint8Array, TransportError>,
  ended: Deferred.Deferred<never, TransportError>,
  frame: Uint8Array
): Effect.Effect<void, TransportError> =>
  Effect.suspend(() => {
    if (frame.length > Limits.frameBytesMax) {
      return Effect.fail(fail(new FrameRefused({ bytes: frame.length, bytesMax: Limits.frameBytesMax })))
    }
    if (Queue.offerUnsafe(queue, frame)) return Effect.void
    // Full or ended. Who waits for room must also wake when the link ends.
    const offered = Effect.flatMap(Queue.offer(queue, frame), (isTaken) =>
      isTaken ? Effect.void : Effect.fail(closed)
    )
    return Effect.raceFirst(offered, Deferred.await(ended))
  })
