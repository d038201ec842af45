import { assert, describe, it } from "@effect/vitest"
import type { Link } from "@syncline/core"
import { Effect, Exit, Queue, Scope } from "effect"
import { device, peerOf, quic, tcp } from "./Harness.ts"

const echo = (link: Link.Link): Effect.Effect<void> =>
  Effect.ignore(Effect.forever(Effect.flatMap(link.receive, link.send)))

const relayOn = (ports: { readonly tcp: number; readonly udp: number }) =>
  device(9, { serves: true, lan: false, listen: [`/ip4/127.0.0.1/tcp/${ports.tcp}`, `/ip4/127.0.0.1/udp/${ports.udp}/quic-v1`] })

describe("relays", () => {
  it.live("[LP-x] relayed", () => Effect.gen(function* () {
    const t0 = performance.now(); const log = (...x: unknown[]) => console.log((performance.now()-t0).toFixed(0), ...x)
    const addresses = yield* relayOn({ tcp: 0, udp: 0 }).listen(() => Effect.void)
    log(addresses)
    const far = device(1, { listen: [tcp], lan: false, relays: addresses })
    yield* far.listen(echo)
    const near = device(2, { listen: [], relays: addresses })
    for (;;) {
      const link = yield* Effect.option(near.dial(`${addresses[0]}/p2p-circuit/p2p/${peerOf(1)}`))
      if (link._tag === "Some") {
        yield* link.value.send(new Uint8Array(100)); yield* link.value.receive
        log(link.value.path, link.value.remote); break }
      yield* Effect.sleep(100)
    }
    yield* Effect.scoped(Effect.gen(function* () {
    const near3 = device(3, { listen: [], relays: addresses })
    for (;;) {
      const link = yield* Effect.result(near3.dial(`/p2p/${peerOf(1)}`))
      if (link._tag === "Success") { 
        yield* link.success.send(new Uint8Array(100)); yield* link.success.receive
        log(link.success.path, link.success.remote); break }
        log(link.failure.message)
      yield* Effect.sleep(500)
    }
    }))
  }), 20000)
})
