import { Crypto } from "@syncline/core"
import { LinkMeeting, PairingRendezvous } from "@syncline/core/pairing"
import { MeetingConformance } from "@syncline/core/testing"
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { socketIo } from "../src/SocketIoTransport.ts"
import * as TcpProxy from "./TcpProxy.ts"

// A meeting place only draws slots and tokens.
const nothing = (): never => {
  throw new Error("a meeting place hashes and verifies nothing")
}
const crypto: Crypto.CryptoFunctions = {
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  sha256: nothing,
  verify: nothing
}

MeetingConformance.meetingConformance(
  "socketio",
  Effect.gen(function* () {
    const proxy = yield* TcpProxy.make
    const { serve } = yield* PairingRendezvous.make
    const [address] = yield* socketIo({ server: { port: 0 }, path: "/pair" }).listen(serve)
    return {
      inviter: yield* LinkMeeting.make(socketIo(), yield* proxy.route(address!)),
      joiner: yield* LinkMeeting.make(socketIo(), address!),
      dropPaths: proxy.dropLink
    }
  }).pipe(Effect.provideService(Crypto.Crypto, crypto))
)
