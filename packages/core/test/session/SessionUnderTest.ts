// A session of this node with a hand-driven other end: what a hostile or broken peer can do to it.
import { Effect, Layer } from "effect"
import type * as PeerId from "../../src/identity/PeerId.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import type * as Proof from "../../src/session/Proof.ts"
import * as SpokenSession from "../../src/testing/SpokenSession.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { crypto, layerDevice } from "../nodeCrypto.ts"

export const { FarEnd, gateFor, greet, peerOf, prove, space } = SpokenSession
export type FarEnd = SpokenSession.FarEnd

const layerOf = (commitDelayMs: number) =>
  Layer.mergeAll(MemoryJournal.layer({ space, commitDelayMs }), gateFor([2])).pipe(Layer.provideMerge(layerDevice(1)))

/** Journal, gate and keys of device 1, which trusts device 2. */
export const nodeLayer = layerOf(0)

/** The same with a disk so slow that nothing becomes durable while a test's clock stands still. */
export const slowLayer = layerOf(60_000)

/** Starts this node's side of a session and gives the other end of the link. */
export const openSession = Effect.fnUntraced(function* (role: Proof.Role, expected?: PeerId.PeerId) {
  const [near, far] = yield* MemoryTransport.pair("near", "far", Math.floor(crypto.randomBytes(4)[0]! * 2 ** 20))
  const { notices, session } = yield* SpokenSession.run(near, role, expected === undefined ? {} : { expected })
  return { far, session, notices }
})
