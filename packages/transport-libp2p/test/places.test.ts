import { describe, expect, it } from "@effect/vitest"
import type { PeerId } from "@syncline/core"
import { Effect } from "effect"
import type { Libp2pOptions } from "../src/Libp2pOptions.ts"
import { counted, device, echo, eventually, peerOf, quic, refused, tcp, until, visit } from "./Harness.ts"

const timeoutMs = 60_000

const relay = (number: number, options: Libp2pOptions = {}, admits?: (peer: PeerId.PeerId) => Effect.Effect<boolean>) =>
  Effect.map(
    device(number, { serves: true, listen: [tcp], maxConnectionsPerSecond: 100, ...options }, admits).listen(
      () => Effect.void
    ),
    ([address = ""]) => address
  )

/** A device that nobody reaches but by its relays: what it has others told leads nowhere. */
const far = (number: number, relays: ReadonlyArray<string>) =>
  device(number, { listen: [tcp], announce: ["/ip4/10.255.255.1/tcp/1"], relays })

const circuit = (address: string, number: number): string => `${address}/p2p-circuit/p2p/${peerOf(number)}`

/** Longer than a relay may give no place before it is asked anew. */
const whileMs = 12_000

describe.concurrent("places at relays", () => {
  it.live(
    "[LP-43] a device has a place at each of its relays, and links through each go on",
    () =>
      Effect.gen(function* () {
        const relays = [yield* relay(8), yield* relay(9)]
        yield* far(1, relays).listen(echo)
        // Each knows one of the two.
        const links = yield* Effect.forEach(relays, (address, at) =>
          eventually(far(2 + at, [address]).dial(circuit(address, 1)))
        )
        yield* Effect.sleep(whileMs)
        for (const link of links) {
          yield* link.send(Uint8Array.of(1))
          expect([...(yield* link.receive)]).toEqual([1])
        }
      }),
    timeoutMs
  )

  it.live(
    "[LP-43] a place at a machine that is none of its relays takes none from them",
    () =>
      Effect.gen(function* () {
        const [own, foreign] = [yield* relay(8), yield* relay(9)]
        const one = far(1, [own.replace(/tcp\/\d+/, "tcp/1")])
        yield* one.listen(echo)
        yield* one.dial(foreign)
        yield* eventually(visit(device(2, { listen: [], relays: [foreign] }), circuit(foreign, 1)))
        yield* one.dial(own)
        const met = yield* eventually(visit(device(3, { listen: [], relays: [own] }), circuit(own, 1)))
        expect(met.path).toBe("relayed")
      }),
    timeoutMs
  )

  it.live(
    "[LP-43] a relay that gives no place is asked anew, and neither ends the links through it nor is told of as new",
    () =>
      Effect.gen(function* () {
        const address = yield* relay(9, { maxRelayed: 1 })
        yield* far(1, [address]).listen(echo)
        const other = far(2, [address])
        yield* eventually(visit(device(3, { listen: [], relays: [address] }), circuit(address, 1)))
        let told = 0
        yield* other.listen(echo)
        yield* other.finder!.watch(
          () => Effect.void,
          Effect.sync(() => void told++)
        )
        yield* Effect.sleep(whileMs)
        expect(told).toBeLessThanOrEqual(1)
        const link = yield* eventually(other.dial(circuit(address, 1)))
        yield* Effect.sleep(2 * whileMs)
        yield* link.send(Uint8Array.of(1))
        expect([...(yield* link.receive)]).toEqual([1])
        expect(told).toBeLessThanOrEqual(1)
      }),
    timeoutMs
  )

  for (const [name, bind] of [
    ["TCP", tcp],
    ["QUIC", quic]
  ] as const) {
    it.live(
      `[LP-44] over ${name} a relay that turns the device away is dialled more and more rarely`,
      () =>
        Effect.gen(function* () {
          let asked = 0
          const address = yield* relay(9, { listen: [bind] }, () => Effect.sync(() => ++asked < 0))
          yield* device(1, { listen: [bind], relays: [address] }).listen(echo)
          yield* Effect.sleep(whileMs)
          expect(asked).toBeGreaterThan(1)
          // Without waits there are five in a second.
          expect(asked).toBeLessThan(15)
        }),
      timeoutMs
    )
  }

  it.live(
    "[LP-45] an address of a relay that cannot be read is passed over where a hub says it, and refused as an option",
    () =>
      Effect.gen(function* () {
        const unknown = `/newer/than/this/p2p/${peerOf(5)}`
        expect(() => device(1, { relays: [unknown] })).toThrow(unknown)
        const address = yield* relay(9)
        const announced = Effect.succeed([unknown, address])
        yield* device(1, { listen: [tcp], relays: "default" }, undefined, announced).listen(echo)
        const near = device(2, { listen: [], relays: [address] })
        expect((yield* eventually(visit(near, circuit(address, 1)))).path).toBe("relayed")
      }),
    timeoutMs
  )

  it.live(
    "[LP-46] a name among the addresses of a peer is looked up, also where the peer is sought by its id",
    () =>
      Effect.gen(function* () {
        const relays = [yield* relay(9)]
        const port = 40_000 + (process.pid % 20_000)
        const bound = `/ip4/127.0.0.1/udp/${port}/quic-v1`
        const announce = [bound.replace("/ip4/127.0.0.1/", "/dns4/localhost/")]
        yield* device(1, { listen: [bound], announce, relays }).listen(echo)
        const near = device(2, { listen: [], relays })
        yield* near.finder!.watch(() => Effect.void)
        const direct = Effect.filterOrFail(visit(near, `/p2p/${peerOf(1)}`), ({ path }) => path === "lan")
        expect((yield* eventually(direct)).remote).toContain("quic-v1")
      }),
    timeoutMs
  )

  it.live(
    "[LP-5] a relay that the policy does not admit gets no link on the connection that this device opened to it",
    () =>
      Effect.gen(function* () {
        const hostile = device(9, { serves: true, listen: [tcp] })
        const relays = yield* hostile.listen(() => Effect.void)
        let links = 0
        const one = device(1, { listen: [tcp], relays }, () => Effect.succeed(false))
        yield* one.listen(() => Effect.sync(() => void links++))
        yield* until(Effect.map(refused("not-admitted"), (count) => count > 0)).pipe(
          Effect.raceFirst(Effect.forever(Effect.delay(Effect.ignore(visit(hostile, `/p2p/${peerOf(1)}`)), 100)))
        )
        expect(links).toBe(0)
      }).pipe(counted),
    timeoutMs
  )
})
