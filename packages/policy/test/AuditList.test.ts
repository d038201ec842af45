/**
 * What a list of an audit leaves out.
 */
import { expect, it } from "@effect/vitest"
import { AuditStore, Crypto } from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Context, Effect, Layer } from "effect"
import * as AuditChain from "../src/AuditChain.ts"
import * as AuditReport from "../src/AuditReport.ts"
import { peer, world } from "./space.ts"

const { sha256 }: Crypto.CryptoFunctions = world.functions(new SeededRandom.SeededRandom(1))

type Said = readonly [atMs: number, rule: string, because: string, detail: string, allowed?: boolean]

/** An audit of these, the first with the number 1. */
const audit = (...all: ReadonlyArray<Said>) => {
  let last: AuditChain.AuditStart = AuditChain.beginning
  const rows = all.map(([atMs, rule, because, detail, allowed = true]) => {
    const decision = { allowed, rule, policyVersion: 1, because }
    const entry = AuditChain.next(sha256, last, { atMs, action: "manage", peer: peer(1), decision, detail, times: 1 })
    last = entry
    return { number: entry.number, text: AuditChain.toText(entry) }
  })
  const layer = Layer.build(AuditStore.AuditStore.layerMemory(rows))
  return Effect.map(layer, (services) => (question: Partial<AuditReport.AuditQuestion>) => {
    const store = Context.get(services, AuditStore.AuditStore)
    return Effect.map(AuditReport.list(store, { limit: 100, ...question }), (found) =>
      found.map(({ number }) => number)
    )
  })
}

it.effect("[AU-15] is of a time, from a moment on and before another one, also where a clock was set back", () =>
  Effect.gen(function* () {
    const said = (atMs: number): Said => [atMs, "hub/members.add", "", ""]
    const numbers = yield* audit(said(100), said(300), said(200), said(400))
    expect(yield* numbers({ fromMs: 200 })).toEqual([4, 3, 2])
    expect(yield* numbers({ fromMs: 201 })).toEqual([4, 2])
    expect(yield* numbers({ toMs: 300 })).toEqual([3, 1])
    expect(yield* numbers({ fromMs: 200, toMs: 400 })).toEqual([3, 2])
    expect(yield* numbers({ fromMs: 300, toMs: 300 })).toEqual([])
    expect(yield* numbers({ fromMs: 0, limit: 2 })).toEqual([4, 3])
  }).pipe(Effect.scoped)
)

it.effect("[AU-15] is of a rule, or of all that begin alike", () =>
  Effect.gen(function* () {
    const numbers = yield* audit(
      ...["hub/members.add", "hub/members", "hub/tokens.make", "role/member"].map((rule): Said => [1, rule, "", ""])
    )
    expect(yield* numbers({ rule: "hub/members" })).toEqual([2])
    expect(yield* numbers({ rule: "hub/members*" })).toEqual([2, 1])
    expect(yield* numbers({ rule: "hub/*" })).toEqual([3, 2, 1])
    expect(yield* numbers({ rule: "*" })).toEqual([4, 3, 2, 1])
    expect(yield* numbers({ rule: "hub" })).toEqual([])
  }).pipe(Effect.scoped)
)

it.effect("[AU-15] is of what has a text in its detail or reason; all that is asked holds together", () =>
  Effect.gen(function* () {
    const numbers = yield* audit(
      [1, "one", "it manages the space", "Ann (ann): adds a member"],
      [2, "two", "Ännchen said so", "the member mia"],
      [3, "two", "no rule", "nothing", false]
    )
    expect(yield* numbers({ text: "MEMBER" })).toEqual([2, 1])
    expect(yield* numbers({ text: "ännchen" })).toEqual([2])
    expect(yield* numbers({ text: "(ann)" })).toEqual([1])
    expect(yield* numbers({ text: "two" })).toEqual([])
    expect(yield* numbers({ text: "" })).toEqual([3, 2, 1])
    expect(yield* numbers({ text: "member", rule: "two", fromMs: 2, toMs: 3 })).toEqual([2])
    expect(yield* numbers({ rule: "two", isDenied: true, peer: peer(1), action: "manage" })).toEqual([3])
    expect(yield* numbers({ text: "member", fromMs: 3 })).toEqual([])
  }).pipe(Effect.scoped)
)
