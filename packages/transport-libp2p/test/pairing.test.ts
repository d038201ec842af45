// Two devices that do not know each other meet by real mDNS and real libp2p. Keys are new each time: others may test in the same network.
import { describe, expect, it } from "@effect/vitest"
import { PeerId, type Transport } from "@syncline/core"
import { DirectMeeting } from "@syncline/core/pairing"
import { MeetingConformance } from "@syncline/core/testing"
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys"
import { Effect, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import type { Libp2pOptions } from "../src/Libp2pOptions.ts"
import { libp2p } from "../src/Libp2pTransport.ts"
import { device, echo, listen, peerOf, quic, rawConnection, tcp, until, visit } from "./Harness.ts"
import * as MultiaddrProxy from "./MultiaddrProxy.ts"

const findMsMax = 4_000

interface Stranger {
  readonly peer: PeerId.PeerId
  readonly transport: Transport.Transport
}

/** A device that no policy knows. */
const stranger = (options: Libp2pOptions) =>
  Effect.promise(async (): Promise<Stranger> => {
    const seed = new Uint8Array(randomBytes(32))
    const { publicKey } = await generateKeyPairFromSeed("Ed25519", seed)
    const host = { seed: Redacted.make(seed), admits: () => Effect.succeed(false) }
    return { peer: PeerId.fromPublicKey(publicKey.raw), transport: libp2p({ idleMs: 1_500, ...options })(host) }
  })

/** An inviter and a joiner with a wire between them that can be cut. */
const setup = (listen: string) =>
  Effect.gen(function* () {
    const proxy = yield* MultiaddrProxy.make
    const { peer, transport: inviting } = yield* stranger({ listen: [listen], pairing: true })
    const { transport: joining } = yield* stranger({ listen: [], pairing: true })
    let routed = ""
    const routing: Transport.Transport["listen"] = Effect.fnUntraced(function* (onLink) {
      const addresses = yield* inviting.listen(onLink)
      routed = yield* proxy.route(addresses[0]!)
      return addresses
    })
    const finder = { ...joining.finder!, addressOf: () => routed }
    return {
      inviter: DirectMeeting.host({ ...inviting, listen: routing }),
      joiner: DirectMeeting.guest({ ...joining, finder }, { findMsMax, peer }),
      dropPaths: proxy.dropLink
    }
  })

MeetingConformance.meetingConformance("[LP-16] libp2p", setup(tcp))

describe("pairing", () => {
  it.live(
    "[LP-16] who pairs is found by who pairs, whatever the policy says, and by nobody who syncs",
    () =>
      Effect.gen(function* () {
        const inviter = yield* stranger({ listen: [quic], pairing: true })
        const held = yield* DirectMeeting.host(inviter.transport).hold(undefined)
        const syncing = yield* stranger({ listen: [], relays: "disabled" })
        const found: Array<PeerId.PeerId> = []
        yield* syncing.transport.finder!.watch((peer) => Effect.sync(() => void found.push(peer)))
        const { transport } = yield* stranger({ listen: [], pairing: true })
        const near = yield* DirectMeeting.guest(transport, { findMsMax, peer: inviter.peer }).visit(undefined)
        const far = yield* held.visit
        yield* near.send(Uint8Array.of(1))
        expect(yield* far.receive).toEqual(Uint8Array.of(1))
        expect(found).not.toContain(inviter.peer)
      }),
    20_000
  )

  it.live(
    "[LP-16] a node that pairs carries nothing else, and the other way round",
    () =>
      Effect.gen(function* () {
        for (const pairing of [true, false]) {
          const host = { seed: Redacted.make(new Uint8Array(randomBytes(32))), admits: () => Effect.succeed(true) }
          const [address] = yield* libp2p({ listen: [tcp], lan: false, relays: "disabled", pairing })(host).listen(echo)
          const { transport } = yield* stranger({ listen: [], lan: false, relays: "disabled", pairing: !pairing })
          const { reason } = yield* Effect.flip(transport.dial(address!))
          expect(reason._tag).toBe("Unreachable")
        }
      }),
    20_000
  )

  it.live(
    "[LP-16] strangers get nothing there that makes it dial, or that brings others",
    () =>
      Effect.gen(function* () {
        const address = yield* listen(device(1, { listen: [tcp], pairing: true }))
        const connection = yield* rawConnection(66, address)
        const served: Array<string> = []
        for (const protocol of ["/libp2p/autonat/1.0.0", "/libp2p/dcutr", "/libp2p/circuit/relay/0.2.0/stop"]) {
          const opened = yield* Effect.exit(Effect.tryPromise(() => connection.newStream(protocol)))
          if (opened._tag === "Success") served.push(protocol)
        }
        expect(served).toEqual([])
        const { transport } = yield* stranger({ listen: [], lan: false, pairing: true })
        const through = `${address}/p2p-circuit/p2p/${peerOf(3)}`
        expect((yield* Effect.flip(transport.dial(through))).message).toContain("No transport available")
      }),
    20_000
  )

  it.live(
    "[LP-28] connections that nobody uses end and make room, and a link keeps its own",
    () =>
      Effect.gen(function* () {
        const address = yield* listen(device(1, { listen: [tcp], pairing: true, maxConnections: 3 }))
        const joiner = device(2, { listen: [], pairing: true })
        const link = yield* joiner.dial(address)
        const idle = [yield* rawConnection(66, address), yield* rawConnection(67, address)]
        expect((yield* Effect.flip(visit(device(3, { listen: [], pairing: true }), address))).reason._tag).toBe(
          "Unreachable"
        )
        for (const connection of idle) yield* until(Effect.sync(() => connection.status !== "open"))
        expect((yield* visit(device(3, { listen: [], pairing: true }), address)).echoed).toBe("1,2,3")
        yield* link.send(Uint8Array.of(4))
        expect(yield* link.receive).toEqual(Uint8Array.of(4))
      }),
    25_000
  )

  it("[LP-10] a relay does not pair", () => {
    expect(() => libp2p({ pairing: true, serves: true })).toThrow(RangeError)
  })
})
