/**
 * The default gate: closed in every direction.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gate } from "../../src/gate/Gate.ts"
import * as PeerId from "../../src/identity/PeerId.ts"
import * as GateConformance from "../../src/testing/GateConformance.ts"

const peer = PeerId.fromPublicKey(new Uint8Array(32).fill(7))
const partition = { type: "note", header: {} }

describe("the closed gate", () => {
  GateConformance.suite(() => ({
    layer: Gate.layerClosed,
    peers: [peer],
    partitions: [partition],
    change: undefined
  }))

  it.effect("[GA-5] lets nothing pass", () =>
    Effect.gen(function* () {
      const gate = yield* Gate
      const decisions = [
        yield* gate.admits(peer),
        yield* gate.canSend(partition, peer),
        yield* gate.canReceive(partition, peer),
        yield* gate.canRead(partition),
        yield* gate.canWrite(partition, Effect.never)
      ]
      expect(decisions.map(({ allowed }) => allowed)).toEqual([false, false, false, false, false])
      expect(decisions[0]!.because).toContain("no policy was given")
    }).pipe(Effect.provide(Gate.layerClosed))
  )
})
