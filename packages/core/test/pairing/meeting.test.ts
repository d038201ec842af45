// The roads of a pairing that core has: the double of one process, and a meeting place on links.
import { Effect, Layer } from "effect"
import { Crypto } from "../../src/crypto/Crypto.ts"
import * as LinkMeeting from "../../src/pairing/LinkMeeting.ts"
import * as MemoryMeeting from "../../src/pairing/MemoryMeeting.ts"
import * as PairingRendezvous from "../../src/pairing/PairingRendezvous.ts"
import { meetingConformance } from "../../src/testing/MeetingConformance.ts"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { crypto } from "../nodeCrypto.ts"
import * as FaultyTransport from "../transport/FaultyTransport.ts"

const layerCrypto = Layer.succeed(Crypto, crypto)
const address = "memory:hub"

meetingConformance(
  "memory",
  Effect.sync(() => {
    const place = MemoryMeeting.makePlace()
    return { inviter: MemoryMeeting.make(place), joiner: MemoryMeeting.make(place) }
  })
)

meetingConformance(
  "memory, directly",
  Effect.sync(() => {
    const place = MemoryMeeting.makePlace()
    return {
      inviter: MemoryMeeting.make(place, { isDirect: true }),
      joiner: MemoryMeeting.make(place, { isDirect: true })
    }
  })
)

const hubOn = Effect.fnUntraced(function* (network: MemoryTransport.MemoryNetwork) {
  const rendezvous = yield* PairingRendezvous.make
  yield* MemoryTransport.make(network, "hub").listen(rendezvous.serve)
})

meetingConformance(
  "a meeting place on links",
  Effect.gen(function* () {
    const network = MemoryTransport.makeNetwork()
    yield* hubOn(network)
    const faulty = FaultyTransport.make(MemoryTransport.make(network, "a"))
    return {
      inviter: yield* LinkMeeting.make(faulty.transport, address),
      joiner: yield* LinkMeeting.make(MemoryTransport.make(network, "b"), address),
      dropPaths: faulty.dropLink
    }
  }).pipe(Effect.provide(layerCrypto))
)
