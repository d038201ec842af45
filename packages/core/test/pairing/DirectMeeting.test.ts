// Two devices that find each other by themselves, on links of one process.
import { assert, describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PeerId from "../../src/identity/PeerId.ts"
import * as DirectMeeting from "../../src/pairing/DirectMeeting.ts"
import { meetingConformance } from "../../src/testing/MeetingConformance.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import type { Finder, Transport } from "../../src/transport/Transport.ts"
import * as FaultyTransport from "../transport/FaultyTransport.ts"

const peerOf = (number: number) => PeerId.fromPublicKey(new Uint8Array(32).fill(number))
const inviters = [peerOf(1), peerOf(2)]
const findMsMax = 300

/** Tells once of each inviter that listens, as a finder in a local network does. */
const finderIn = ({ listeners }: MemoryTransport.MemoryNetwork): Finder => ({
  addressOf: (peer) => `memory:${peer}`,
  looksFar: false,
  watch: (onFound) => {
    const told = new Set<string>()
    const look = Effect.forEach(
      inviters.filter((peer) => listeners.has(`memory:${peer}`) && !told.has(peer)),
      (peer) =>
        Effect.andThen(
          onFound(peer),
          Effect.sync(() => told.add(peer))
        ),
      { discard: true }
    )
    return Effect.asVoid(Effect.forkScoped(Effect.forever(Effect.andThen(look, Effect.sleep(20)))))
  }
})

const inviterIn = (network: MemoryTransport.MemoryNetwork, peer: PeerId.PeerId) =>
  DirectMeeting.host(MemoryTransport.make(network, peer))

const joinerIn = (network: MemoryTransport.MemoryNetwork, transport: Transport, peer?: PeerId.PeerId) =>
  DirectMeeting.guest({ ...transport, finder: finderIn(network) }, { findMsMax, othersMs: 100, peer })

meetingConformance(
  "two devices on links",
  Effect.sync(() => {
    const network = MemoryTransport.makeNetwork()
    const faulty = FaultyTransport.make(MemoryTransport.make(network, "joiner"))
    return {
      inviter: inviterIn(network, peerOf(1)),
      joiner: joinerIn(network, faulty.transport),
      dropPaths: faulty.dropLink
    }
  })
)

describe("several inviters", () => {
  it.live("[PM-10] nobody is visited where several invite, unless one is named", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const held = yield* Effect.forEach(inviters, (peer) => inviterIn(network, peer).hold(undefined))
      const joiner = MemoryTransport.make(network, "joiner")
      const { reason } = yield* Effect.flip(joinerIn(network, joiner).visit(undefined))
      assert(reason._tag === "SeveralInvite")
      expect(reason.peers).toEqual([...inviters].sort())
      const near = yield* joinerIn(network, joiner, peerOf(2)).visit(undefined)
      const far = yield* held[1]!.visit
      yield* near.send(Uint8Array.of(7))
      expect(yield* far.receive).toEqual(Uint8Array.of(7))
    })
  )
})
