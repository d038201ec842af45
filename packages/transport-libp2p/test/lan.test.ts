import { describe, expect, it } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { device, echo, peerOf, tcp, visit } from "./Harness.ts"

describe("in a local network", () => {
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
})
