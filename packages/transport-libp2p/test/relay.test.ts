import { describe, expect, it } from "@effect/vitest"
import { type PeerId, TransportError } from "@syncline/core"
import { Effect, Exit, Scope } from "effect"
import { createServer } from "node:net"
import { addressesOf } from "../src/Libp2pNode.ts"
import { settings } from "../src/Libp2pOptions.ts"
import { counted, device, echo, eventually, listen, peerOf, quic, refused, tcp, until, visit } from "./Harness.ts"

const timeoutMs = 60_000

/** The relay is device 9; a later one takes over its addresses, as a machine does that restarts. */
const relay = (
  addresses: ReadonlyArray<string> = [tcp, quic],
  admits?: (peer: PeerId.PeerId) => Effect.Effect<boolean>
) => device(9, { serves: true, listen: addresses, maxConnectionsPerSecond: 100 }, admits).listen(() => Effect.void)

/** A device that others reach by the relays only, as far as they are told. */
const far = (number: number, relays: ReadonlyArray<string>) => device(number, { listen: [tcp], relays }).listen(echo)

const circuit = (addresses: ReadonlyArray<string>, number: number): string =>
  `${addresses[0]}/p2p-circuit/p2p/${peerOf(number)}`

describe.concurrent("through a relay", () => {
  it.live(
    "[LP-11] two peers meet through it, and each proves its own id to the other",
    () =>
      Effect.gen(function* () {
        const addresses = yield* relay()
        yield* far(1, addresses)
        const near = device(2, { listen: [], relays: addresses })
        const met = yield* eventually(visit(near, circuit(addresses, 1)))
        expect(met.echoed).toBe("1,2,3")
        expect(met.path).toBe("relayed")
        expect(met.remote).toContain(peerOf(1))
      }),
    timeoutMs
  )

  it.live(
    "[LP-5] a relay gives a peer no place that the policy does not admit",
    () =>
      Effect.gen(function* () {
        const admits = (peer: PeerId.PeerId) => Effect.succeed(peer !== peerOf(1))
        const addresses = yield* relay([tcp], admits)
        yield* far(1, addresses)
        yield* far(3, addresses)
        const near = device(2, { listen: [], relays: addresses })
        yield* eventually(visit(near, circuit(addresses, 3)))
        expect((yield* Effect.flip(visit(near, circuit(addresses, 1)))).reason._tag).toBe("Unreachable")
        expect(yield* refused("not-admitted")).toBeGreaterThan(0)
      }).pipe(counted),
    timeoutMs
  )

  it.live(
    "[LP-11] a way through it stays though the peer has others told of another address",
    () =>
      Effect.gen(function* () {
        const relays = yield* relay([tcp])
        yield* device(1, { listen: [tcp], announce: ["/ip4/10.255.255.1/tcp/1"], relays }).listen(echo)
        const link = yield* eventually(device(2, { listen: [], relays }).dial(circuit(relays, 1)))
        // A relay that gives no place is left after 8 s.
        yield* Effect.sleep(10_000)
        yield* link.send(Uint8Array.of(1))
        expect([...(yield* link.receive)]).toEqual([1])
      }),
    timeoutMs
  )

  it.live(
    "[LP-12] a relay that restarts again and again is found each time",
    () =>
      Effect.gen(function* () {
        let scope = yield* Scope.make()
        const addresses = yield* relay().pipe(Scope.provide(scope))
        yield* far(1, addresses)
        const near = device(2, { listen: [], relays: addresses })
        yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
        for (let restarts = 0; restarts < 3; restarts++) {
          yield* eventually(visit(near, circuit(addresses, 1)))
          yield* Scope.close(scope, Exit.void)
          scope = yield* Scope.make()
          yield* relay(addresses.map((address) => address.replace(/\/p2p\/.*/, ""))).pipe(Scope.provide(scope))
        }
        expect((yield* eventually(visit(near, circuit(addresses, 1)))).path).toBe("relayed")
      }),
    timeoutMs
  )

  it.live(
    "[LP-21] whoever watches is told each time a relay is there, and when it gives a place",
    () =>
      Effect.gen(function* () {
        let scope = yield* Scope.make()
        yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
        const addresses = yield* relay([tcp]).pipe(Scope.provide(scope))
        const told = { dialler: 0, listener: 0 }
        const near = device(2, { listen: [], relays: addresses })
        const placed = device(1, { listen: [tcp], relays: addresses })
        yield* placed.listen(echo)
        yield* near.finder!.watch(
          () => Effect.void,
          Effect.sync(() => void told.dialler++)
        )
        yield* placed.finder!.watch(
          () => Effect.void,
          Effect.sync(() => void told.listener++)
        )
        for (let times = 1; times <= 2; times++) {
          // One that listens may have had its place before it watched, and later is told of relay and place, or of both at once.
          yield* until(Effect.sync(() => told.dialler >= times && told.listener >= times - 1))
          expect((yield* eventually(visit(near, circuit(addresses, 1)))).path).toBe("relayed")
          yield* Effect.sleep(3_000)
          expect(told.dialler).toBe(times)
          expect(told.listener).toBeLessThanOrEqual(2 * times)
          if (times === 2) break
          yield* Scope.close(scope, Exit.void)
          scope = yield* Scope.make()
          yield* relay(addresses.map((address) => address.replace(/\/p2p\/.*/, ""))).pipe(Scope.provide(scope))
        }
      }),
    timeoutMs
  )

  it.live(
    "[LP-13] a peer is found by its id, and the direct way is taken where there is one",
    () =>
      Effect.gen(function* () {
        const addresses = yield* relay([tcp])
        yield* far(1, addresses)
        const near = device(2, { listen: [], relays: addresses })
        // Its node, and so its relay, stays while something uses it.
        yield* near.finder!.watch(() => Effect.void)
        // A busy machine may be slower than the delay of the relayed way.
        const direct = Effect.filterOrFail(visit(near, `/p2p/${peerOf(1)}`), ({ path }) => path === "lan")
        const met = yield* eventually(direct)
        expect(met.remote).not.toContain("p2p-circuit")
      }),
    timeoutMs
  )

  it.live(
    "[LP-19] a link through it makes way for a direct one where there is a way, and the next one stays",
    () =>
      Effect.gen(function* () {
        const addresses = yield* relay()
        yield* far(1, addresses)
        const near = device(2, { listen: [], relays: addresses })
        const first = yield* eventually(near.dial(circuit(addresses, 1)))
        expect(first.path).toBe("relayed")
        yield* first.send(Uint8Array.of(1))
        expect([...(yield* first.receive)]).toEqual([1])
        expect((yield* Effect.flip(first.receive)).reason._tag).toBe("LinkClosed")
        const next = yield* near.dial(circuit(addresses, 1))
        expect(next.path).toBe("lan")
        yield* Effect.sleep(5_000)
        yield* next.send(Uint8Array.of(2))
        expect([...(yield* next.receive)]).toEqual([2])
      }),
    timeoutMs
  )
})

describe("addresses", () => {
  it.live("[LP-10] what cannot be listened on is named", () =>
    Effect.gen(function* () {
      const server = createServer()
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
        () => Effect.sync(() => server.close())
      )
      const bound = server.address()
      const port = typeof bound === "object" && bound !== null ? bound.port : 0
      const address = `/ip4/127.0.0.1/tcp/${port}`
      const failure = yield* Effect.flip(listen(device(1, { listen: [address] })))
      expect(failure.reason).toBeInstanceOf(TransportError.AddressInUse)
      expect(failure.message).toContain(address)
    })
  )

  it("[LP-26] those that are named with host and port are told others at once", () => {
    const exact = ["/ip4/198.51.100.1/udp/4001/quic-v1", "/ip6/2001:db8::1/tcp/4001"]
    const open = ["/ip4/0.0.0.0/udp/4001/quic-v1", "/ip6/::/tcp/4001", "/ip4/198.51.100.1/tcp/0"]
    expect(addressesOf(settings({ listen: [...exact, ...open] }), true).appendAnnounce).toEqual(exact)
    expect(addressesOf(settings({}), true).appendAnnounce).toEqual([])
  })

  it.live(
    "[LP-10] who listens already is not listened on again, and goes on",
    () =>
      Effect.gen(function* () {
        const twice = device(1, { listen: [tcp] })
        const address = yield* listen(twice)
        expect((yield* Effect.flip(listen(twice))).reason._tag).toBe("AddressInUse")
        expect((yield* visit(device(2, { listen: [] }), address)).echoed).toBe("1,2,3")
      }),
    timeoutMs
  )

  it("[LP-10] options have bounds", () => {
    expect(() => device(1, { maxConnections: 0 })).toThrow(RangeError)
    expect(() => device(1, { idleMs: 100 })).toThrow(RangeError)
    expect(() => device(1, { relays: ["/ip4/192.0.2.1/tcp/4001"] })).toThrow("/ip4/192.0.2.1/tcp/4001")
  })

  it.live("[LP-8] a name is looked up, and its numbers are dialled", () =>
    Effect.gen(function* () {
      const address = yield* listen(device(1, { listen: [quic] }))
      const named = address.replace("/ip4/127.0.0.1/", "/dns4/localhost/")
      expect((yield* visit(device(2, { listen: [] }), named)).echoed).toBe("1,2,3")
    })
  )
})
