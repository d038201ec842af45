// What the seed systems' scenarios say of an audit: every decision is in it, refusals first of all.
import { describe, expect, it } from "@effect/vitest"
import { AuditStore, Crypto, DeviceKey, Gate } from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as AuditChain from "../../src/AuditChain.ts"
import * as AuditKeeper from "../../src/AuditKeeper.ts"
import * as AuditReport from "../../src/AuditReport.ts"
import { gateLayer } from "../../src/EnterprisePolicy.ts"
import { deviceOf, layerCharter, peer, world } from "../space.ts"
import { pass, seenBy } from "../teamNodes.ts"
import { disobey, openWatched, putAll } from "./openTeam.ts"

const crypto = world.functions(new SeededRandom.SeededRandom(1))
type Rows = Array<AuditStore.AuditRow>

/** Entries as `action device allowed? rule`, and in which partition. */
const linesOf = (rows: Rows) =>
  rows.map(({ text }) => {
    const { action, decision, detail, peer: who, times } = AuditChain.ofText(text)!
    const device = [1, 2, 3, 9].find((number) => peer(number) === who)
    const verdict = decision.allowed ? "allowed" : "denied"
    return { line: `${action} ${device} ${verdict} ${decision.rule}`, detail, times, decision }
  })

describe("an audit of a team", () => {
  it.effect(
    "[AU-4] [SE-24] privstack audit_log_records_all_policy_decisions: who was let in, what was sent, taken in and written, and what was not",
    () =>
      Effect.gen(function* () {
        const [audit, herAudit]: [Rows, Rows] = [[], []]
        const { enter, hub } = yield* openWatched({ audit }, ["mia", "member", 2, "north"], ["rob", "readonly", 3])
        yield* putAll(hub, "north", 2)
        yield* putAll(hub, "south", 2)
        yield* enter(9)
        const mia = yield* enter(2, { audit: herAudit })
        const rob = yield* enter(3)
        yield* pass(2_000)
        yield* mia.patch("n0", { title: "hers" })
        yield* Effect.flip(mia.put("s9", { team: "south", title: "no" }))
        disobey(rob)
        yield* rob.put("n9", { team: "north", title: "no" })
        yield* pass(5_000)
        const lines = new Set(linesOf(audit).map(({ line }) => line))
        for (const line of [
          "admit 9 denied charter/device",
          "admit 2 allowed charter/device",
          "send 2 allowed role/member",
          "send 2 denied team",
          "receive 2 allowed role/member",
          "receive 3 denied team",
          "write 1 allowed charter/owner"
        ]) {
          expect(lines).toContain(line)
        }
        const hers = linesOf(herAudit).map(({ line }) => line)
        expect(hers).toContain("admit 1 allowed charter/introducer")
        expect(hers).toContain("write 2 denied team")
        for (const { decision } of linesOf(audit)) {
          expect([decision.because.length > 0, decision.policyVersion > 0]).toEqual([true, true])
        }
        const store = Context.get(yield* Layer.build(AuditStore.AuditStore.layerMemory(audit)), AuditStore.AuditStore)
        expect(yield* AuditReport.verify(store, crypto, peer(1))).toMatchObject({ fault: undefined })
      })
  )

  it.effect(
    "[AU-4] [EP-10] privstack denied_handshake_produces_audit_entry: with the device, the rule and the reason",
    () =>
      Effect.gen(function* () {
        const audit: Rows = []
        const { enter } = yield* openWatched({ audit }, ["mia", "member", 2])
        const stranger = yield* enter(9)
        yield* pass(3_000)
        expect(linesOf(audit)[0]).toMatchObject({
          line: "admit 9 denied charter/device",
          decision: { because: `${peer(9)} is no device of a member of the space` }
        })
        expect(seenBy(stranger, "SyncError")[0]).toMatchObject({
          code: "PeerDenied",
          detail: "the peer refuses (PeerDenied): "
        })
      })
  )

  it.effect(
    "[AU-4] [SE-24] privstack denied_sync_request_produces_per_entity_audit_entries: one for each partition, not for each record",
    () =>
      Effect.gen(function* () {
        const audit: Rows = []
        const { enter, hub } = yield* openWatched({ audit }, ["mia", "member", 2, "north"])
        for (const team of ["north", "south", "east", "west"]) yield* putAll(hub, team, 20)
        yield* enter(2)
        yield* pass(3_000)
        const sent = linesOf(audit).filter(({ line }) => line.startsWith("send 2"))
        const teams = (line: string) =>
          [
            ...new Set(
              sent.filter((entry) => entry.line === line).map(({ detail }) => /"team":"(\w+)"/.exec(detail)?.[1])
            )
          ].toSorted((a, b) => String(a).localeCompare(String(b)))
        expect(teams("send 2 denied team")).toEqual(["east", "south", "west"])
        expect(teams("send 2 allowed role/member")).toEqual(["north"])
        expect(sent.length).toBeLessThan(20)
      })
  )
})

describe("an audit that is full", () => {
  it.effect("[AU-6] privstack audit_log_trims_beyond_max: the oldest go, and what is left is still a chain", () =>
    Effect.gen(function* () {
      const rows: Rows = []
      const store = AuditStore.AuditStore.layerMemory(rows)
      const keys = Layer.mergeAll(
        Layer.succeed(Crypto.Crypto, crypto),
        Layer.succeed(DeviceKey.DeviceKey, deviceOf(1)),
        store
      )
      const layer = gateLayer({ audit: { entriesMax: 1_000 } }).pipe(
        Layer.provide(layerCharter(1)),
        Layer.provideMerge(keys)
      )
      const services = yield* Layer.build(layer)
      const gate = Context.get(services, Gate.Gate)
      for (let n = 1; n <= 2_500; n++) {
        // What the node does itself has room each time; of strangers at the door a share of it would be kept.
        const decision = yield* gate.admits(peer(9))
        yield* gate.audit({ action: "forget", peer: peer(1), decision, detail: `try ${n}` })
        if (n % 100 === 0) yield* TestClock.adjust(AuditKeeper.writeEveryMs)
        expect(rows.length).toBeLessThanOrEqual(1_100)
      }
      expect(linesOf(rows).at(-1)?.detail).toBe("try 2500")
      expect(rows.length).toBeGreaterThanOrEqual(1_000)
      const verdict = yield* AuditReport.verify(Context.get(services, AuditStore.AuditStore), crypto, peer(1))
      expect(verdict).toMatchObject({ entries: rows.length, last: { number: 2_500 }, fault: undefined })
    })
  )
})
