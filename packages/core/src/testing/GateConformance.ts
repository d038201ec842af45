/**
 * What every policy must do as a gate, as tests: rules GA-1 to GA-4 of the policy package's SPEC. It asks the same
 * questions of each policy and does not judge which answers are right.
 */
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, type Layer, Stream } from "effect"
import type { Decision } from "../gate/Decision.ts"
import { type AuditedAction, Gate } from "../gate/Gate.ts"
import * as Author from "../identity/Author.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { Partition } from "../model/Partition.ts"

export interface GateSample {
  readonly layer: Layer.Layer<Gate>
  /** Peers to ask about, at least one of each kind that the policy knows. */
  readonly peers: ReadonlyArray<PeerId>
  readonly partitions: ReadonlyArray<Partition>
  /** Changes the policy that `layer` holds; absent for a policy that cannot change. */
  readonly change: Effect.Effect<void> | undefined
}

/** Adds the suite to the test file that calls it. `make` gives a fresh policy for each test. */
export const suite = (make: () => GateSample): void => {
  it.effect("[GA-1] answers name rule, version and reason", () => {
    const sample = make()
    return Effect.gen(function* () {
      for (const decision of yield* askAll(sample)) {
        expect(typeof decision.allowed).toBe("boolean")
        expect(decision.rule.length).toBeGreaterThan(0)
        expect(Number.isSafeInteger(decision.policyVersion)).toBe(true)
        expect(decision.because.length).toBeGreaterThan(8)
      }
    }).pipe(Effect.provide(sample.layer))
  })

  it.effect("[GA-2] the same questions have the same answers", () => {
    const sample = make()
    return Effect.gen(function* () {
      const first = yield* askAll(sample)
      const backwards = yield* askAll({
        ...sample,
        peers: sample.peers.toReversed(),
        partitions: sample.partitions.toReversed()
      })
      expect(yield* askAll(sample)).toEqual(first)
      expect(texts(backwards)).toEqual(texts(first))
    }).pipe(Effect.provide(sample.layer))
  })

  it.effect("[GA-3] auditing never fails", () => {
    const sample = make()
    return Effect.gen(function* () {
      const gate = yield* Gate
      for (const action of [
        "admit",
        "send",
        "receive",
        "write",
        "forget",
        "invite",
        "revoke",
        "request",
        "approve",
        "reject",
        "manage",
        "signin"
      ] as const) {
        for (const peer of sample.peers) {
          const decision = yield* gate.admits(peer)
          for (const detail of ["", "session", "\u0000\n".repeat(10_000)]) {
            const audited: AuditedAction = { action, peer, decision, detail }
            yield* gate.audit(audited)
          }
        }
      }
    }).pipe(Effect.provide(sample.layer))
  })

  it.effect("[GA-4] a change is told and raises the version", () => {
    const sample = make()
    return Effect.gen(function* () {
      if (sample.change === undefined) return
      const gate = yield* Gate
      const before = yield* gate.admits(sample.peers[0]!)
      const told = yield* Effect.forkChild(Stream.runHead(gate.changes), { startImmediately: true })
      yield* Effect.yieldNow
      yield* sample.change
      expect((yield* Fiber.join(told))._tag).toBe("Some")
      const after = yield* gate.admits(sample.peers[0]!)
      expect(after.policyVersion).toBeGreaterThan(before.policyVersion)
    }).pipe(Effect.provide(sample.layer))
  })
}

const deeds = Effect.succeed({ creates: true, updates: true, deletes: true, fields: new Set(["name"]) })

const askAll = Effect.fnUntraced(function* (sample: Pick<GateSample, "peers" | "partitions">) {
  const gate = yield* Gate
  const decisions: Array<Decision> = []
  for (const peer of sample.peers) {
    decisions.push(yield* gate.admits(peer))
    for (const partition of sample.partitions) {
      decisions.push(yield* gate.canSend(partition, peer))
      decisions.push(yield* gate.canReceive(partition, peer))
      decisions.push(yield* gate.canRead(partition))
      decisions.push(yield* gate.canWrite(partition, deeds))
      const author = Author.make(peer, "00112233445566ff")
      decisions.push(yield* gate.accepts({ author, partition, at: HybridTime.zero, from: peer }, deeds))
    }
  }
  return decisions
})

const texts = (decisions: ReadonlyArray<Decision>): ReadonlyArray<string> =>
  decisions.map((decision) => JSON.stringify(decision)).sort()
