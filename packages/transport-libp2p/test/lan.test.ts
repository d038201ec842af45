import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Queue } from "effect"
import { device, echo, listen, peerOf, tcp, visit } from "./Harness.ts"

describe("in a local network", () => {
  it.live("[LP-20] who was merely met is not told of as found", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      // It looks for others, and no relay is there.
      const one = device(1, { listen: [tcp], relays: [`/ip4/127.0.0.1/tcp/1/p2p/${peerOf(9)}`] })
      const address = yield* listen(one)
      yield* one.finder!.watch((peer) => Effect.sync(() => void told.push(peer)))
      expect((yield* visit(device(2, { listen: [] }), address)).echoed).toBe("1,2,3")
      yield* Effect.sleep(500)
      expect(told).toEqual([])
    })
  )

  it.live(
    "[LP-20] who goes on answering is told of again",
    () =>
      Effect.gen(function* () {
        const found = yield* Queue.sliding<string>(64)
        yield* device(1, { listen: [tcp], lan: true }).listen(echo)
        yield* device(2, { listen: [], lan: true }).finder!.watch((peer) => Queue.offer(found, peer))
        for (let times = 0; times < 2;) if ((yield* Queue.take(found)) === peerOf(1)) times++
      }),
    40_000
  )

  it.live(
    "[LP-14] devices find each other, and reach each other by their ids",
    () =>
      Effect.gen(function* () {
        const found = yield* Queue.sliding<string>(16)
        yield* device(1, { listen: [tcp], lan: true }).listen(echo)
        const near = device(2, { listen: [], lan: true })
        yield* near.finder!.watch((peer) => Queue.offer(found, peer))
        // Others may be in the same network.
        while ((yield* Queue.take(found)) !== peerOf(1));
        expect((yield* visit(near, `/p2p/${peerOf(1)}`)).path).toBe("lan")
      }),
    20_000
  )

  it.live(
    "[LP-25] a device that comes while it is sought is reached",
    () =>
      Effect.gen(function* () {
        // The search far away, at a relay that is not there, takes the whole time of a dial.
        const near = device(2, { listen: [], lan: true, relays: [`/ip4/127.0.0.1/tcp/1/p2p/${peerOf(9)}`] })
        const dialled = yield* Effect.forkScoped(near.dial(`/p2p/${peerOf(7)}`))
        yield* Effect.sleep(1_000)
        yield* device(7, { listen: [tcp], lan: true }).listen(echo)
        expect((yield* Fiber.join(dialled)).path).toBe("lan")
      }),
    20_000
  )

  it("[LP-27] where it looks for nobody it is no finder", () => {
    expect(device(1, { lan: false, relays: "disabled" }).finder).toBe(undefined)
    expect(device(1, { lan: true, relays: "disabled" }).finder?.looksFar).toBe(false)
    expect(device(1, { lan: false, relays: "default" }).finder?.looksFar).toBe(true)
  })
})
