import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { device, echo, peerOf, tcp } from "./Harness.ts"

const timeoutMs = 30_000

const relay = (address: string) => device(9, { serves: true, listen: [address] }).listen(() => Effect.void)

/** A machine that takes connections and says nothing; it can stop taking them and go on saying nothing. */
const silentMachine = Effect.acquireRelease(
  Effect.promise(async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => {})
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    return { address: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`, server, sockets }
  }),
  ({ server, sockets }) =>
    Effect.sync(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
)

describe("once a relay is back", () => {
  it.live(
    "[LP-24] a dial that is under way begins anew",
    () =>
      Effect.gen(function* () {
        const { address, server } = yield* silentMachine
        const relays = [`${address}/p2p/${peerOf(9)}`]
        const near = device(2, { listen: [], relays })
        yield* near.finder!.watch(() => Effect.void)
        const dialled = yield* Effect.forkScoped(near.dial(`/p2p/${peerOf(1)}`))
        yield* Effect.sleep(500)
        server.close()
        yield* relay(address)
        // Reached by the relay alone.
        yield* device(1, { listen: [tcp], announce: ["/ip4/10.255.255.1/tcp/1"], relays }).listen(echo)
        const link = yield* Fiber.join(dialled)
        yield* link.send(Uint8Array.of(1))
        expect([...(yield* link.receive)]).toEqual([1])
      }),
    timeoutMs
  )
})
