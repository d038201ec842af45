/**
 * The personal policy: its own rules, and those of every gate.
 */
import { describe, expect, it } from "@effect/vitest"
import { Gate, PeerId } from "@syncline/core"
import { GateConformance } from "@syncline/core/testing"
import { Effect, Metric, Stream, SubscriptionRef } from "effect"
import { personal } from "../src/PersonalPolicy.ts"
import type { TrustedPeers } from "../src/TrustedPeers.ts"

const peerOf = (byte: number): PeerId.PeerId => PeerId.fromPublicKey(new Uint8Array(32).fill(byte))
const friend = peerOf(1)
const stranger = peerOf(2)
const partitions = [
  { type: "task", header: {} },
  { type: "note", header: { team: "red" } }
]

/** A list in memory that a test may replace. */
const changeable = (...peers: ReadonlyArray<PeerId.PeerId>) => {
  const ref = Effect.runSync(SubscriptionRef.make<ReadonlySet<PeerId.PeerId>>(new Set(peers)))
  const trusted: TrustedPeers = {
    current: () => SubscriptionRef.getUnsafe(ref),
    changes: SubscriptionRef.changes(ref).pipe(
      Stream.drop(1),
      Stream.map(() => undefined)
    )
  }
  return { trusted, trust: (...next: ReadonlyArray<PeerId.PeerId>) => SubscriptionRef.set(ref, new Set(next)) }
}

const ask = Effect.fnUntraced(function* (peer: PeerId.PeerId) {
  const gate = yield* Gate.Gate
  const decisions = [yield* gate.admits(peer)]
  for (const partition of partitions) {
    decisions.push(yield* gate.canSend(partition, peer), yield* gate.canReceive(partition, peer))
  }
  return decisions
})

describe("the personal policy as a gate", () => {
  GateConformance.suite(() => {
    const list = changeable(friend)
    return {
      layer: personal({ trusted: list.trusted }),
      peers: [friend, stranger],
      partitions,
      change: list.trust(friend, stranger)
    }
  })
})

describe("the personal policy", () => {
  it.effect("[GA-6] trusted peers sync everything in both directions", () =>
    Effect.gen(function* () {
      for (const decision of yield* ask(friend)) {
        expect(decision).toMatchObject({ allowed: true, rule: "personal/trusted", policyVersion: 1 })
      }
    }).pipe(Effect.provide(personal({ trusted: [friend] })))
  )

  it.effect("[GA-7] strangers get nothing in either direction", () =>
    Effect.gen(function* () {
      for (const decision of yield* ask(stranger)) {
        expect(decision).toMatchObject({ allowed: false, rule: "personal/trusted", policyVersion: 1 })
        expect(decision.because).toContain(stranger)
        expect(decision.because).toContain("add it to the trusted peers")
      }
    }).pipe(Effect.provide(personal({ trusted: [friend] })))
  )

  it.effect("[GA-8] own writes are allowed, also when nobody is trusted", () =>
    Effect.gen(function* () {
      const gate = yield* Gate.Gate
      for (const partition of partitions) expect((yield* gate.canWrite(partition, Effect.never)).allowed).toBe(true)
    }).pipe(Effect.provide(personal({ trusted: [] })))
  )

  it("[GA-9] a text that is no peer id is named", () => {
    for (const text of ["", "alice", `${friend}x`, ` ${friend}`, friend.toLowerCase()]) {
      expect(() => personal({ trusted: [friend, text] })).toThrow(TypeError)
      expect(() => personal({ trusted: [friend, text] })).toThrow(JSON.stringify(text))
    }
  })

  it.effect("[GA-10] a change of the list holds from the next question on", () => {
    const list = changeable(friend)
    return Effect.gen(function* () {
      const gate = yield* Gate.Gate
      expect(yield* gate.admits(stranger)).toMatchObject({ allowed: false, policyVersion: 1 })
      expect(yield* gate.devices).toEqual([friend])
      yield* list.trust(friend, stranger)
      expect(yield* gate.admits(stranger)).toMatchObject({ allowed: true, policyVersion: 2 })
      expect(yield* gate.devices).toEqual([friend, stranger])
      yield* list.trust()
      expect(yield* gate.devices).toEqual([])
      expect(yield* gate.admits(friend)).toMatchObject({ allowed: false, policyVersion: 3 })
    }).pipe(Effect.provide(personal({ trusted: list.trusted })))
  })

  it.effect("[GA-12] some types are shared with a peer, all with another, and none with whom nobody names", () => {
    const third = peerOf(3)
    const shares = { [friend]: ["task"], [third]: "all" } as const
    return Effect.gen(function* () {
      const gate = yield* Gate.Gate
      const answers = (peer: PeerId.PeerId) =>
        Effect.forEach(partitions, (partition) =>
          Effect.map(Effect.all([gate.canSend(partition, peer), gate.canReceive(partition, peer)]), ([out, into]) => {
            expect(out).toEqual(into)
            return out
          })
        )
      expect(yield* answers(friend)).toMatchObject([
        { allowed: true, rule: "personal/share", because: `task is shared with ${friend}` },
        { allowed: false, rule: "personal/share", because: `note is not shared with ${friend}` }
      ])
      expect(yield* answers(third)).toMatchObject([{ allowed: true, rule: "personal/trusted" }, { allowed: true }])
      expect(yield* answers(peerOf(4))).toMatchObject([{ rule: "personal/share", allowed: false }, { allowed: false }])
      expect(yield* answers(stranger)).toMatchObject([{ rule: "personal/trusted" }, { rule: "personal/trusted" }])
      expect((yield* gate.admits(friend)).allowed).toBe(true)
      expect(yield* Effect.forEach([friend, third, peerOf(4), stranger], gate.isCustodian)).toEqual([
        false,
        true,
        false,
        false
      ])
      expect(() => personal({ trusted: [], shares: { bob: "all" } })).toThrow(TypeError)
    }).pipe(Effect.provide(personal({ trusted: [friend, third, peerOf(4)], shares })))
  })

  it.effect("[GA-11] refusals are counted by action, permissions are not", () =>
    Effect.gen(function* () {
      const gate = yield* Gate.Gate
      const refused = yield* gate.admits(stranger)
      const allowed = yield* gate.admits(friend)
      yield* gate.audit({ action: "admit", peer: stranger, decision: refused, detail: "session" })
      yield* gate.audit({ action: "admit", peer: stranger, decision: refused, detail: "session" })
      yield* gate.audit({ action: "send", peer: stranger, decision: refused, detail: "note" })
      yield* gate.audit({ action: "write", peer: friend, decision: allowed, detail: "note" })
      expect(yield* denials).toEqual({ admit: 2, send: 1 })
    }).pipe(Effect.provide(personal({ trusted: [friend] })), Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})

const denials = Effect.map(Metric.snapshot, (snapshots) =>
  Object.fromEntries(
    snapshots
      .filter(({ id }) => id === "syncline_decisions_denied_total")
      .map((each) => [each.attributes?.["action"], (each.state as { readonly count: number }).count])
  )
)
