/**
 * What the audit says of work that counts, and of what was purged.
 */
import { describe, expect, it } from "@effect/vitest"
import { type AuditStore, type CharterOperation, MemoryTransport } from "@syncline/core"
import { Effect } from "effect"
import * as AuditChain from "../src/AuditChain.ts"
import * as PolicyDesk from "../src/PolicyDesk.ts"
import { joining, peer } from "./space.ts"
import { found, makeNode, pass } from "./teamNodes.ts"

type Rows = Array<AuditStore.AuditRow>

const linesOf = (rows: Rows, ...wanted: ReadonlyArray<string>): ReadonlyArray<string> =>
  rows
    .map(({ text }) => AuditChain.ofText(text)!)
    .filter(({ action }) => wanted.includes(action))
    .map(({ action, decision, detail, peer: who }) => {
      const device = [1, 2, 3, 4].find((number) => peer(number) === who)
      const from = [1, 2, 3, 4].find((number) => detail.endsWith(` from ${peer(number)}`))
      const how = from === undefined ? "" : ` from ${from}`
      return `${action} ${device} ${decision.allowed ? "allowed" : "denied"} ${decision.rule}${how}`
    })

const rules = (...given: ReadonlyArray<object>): CharterOperation.CharterOperation => ({
  _tag: "SetPolicy",
  text: JSON.stringify({
    version: 1,
    types: { task: { header: { team: "text" } } },
    rules: given.map((rule) => ({ effect: "allow", types: ["task"], ...rule }))
  })
})
const reads = { id: "r-read", actions: ["read"] }
const writes = { id: "r-write", actions: ["create", "update"], to: { members: ["mia"] } }

describe("what is told of real records", () => {
  it.effect("[EP-20] [EP-28] is told of live ones only", () =>
    Effect.gen(function* () {
      const hub = yield* makeNode(MemoryTransport.makeNetwork(), 1, [])
      yield* found(hub)
      yield* hub.write(...joining(["mia", "member", 2, "north"]))
      for (let i = 0; i < 5; i++) yield* hub.put(`t${i}`, { team: "north", title: "a" })
      for (let i = 0; i < 4; i++) yield* hub.remove(`t${i}`)
      const records = PolicyDesk.recordsOf(hub.journal)
      const reach = yield* PolicyDesk.simulate(hub.charter, records, undefined)
      expect(reach.find((each) => each.peer === peer(2))).toMatchObject({ action: "read", partitions: 1, records: 1 })
      yield* hub.remove("t4")
      expect((yield* PolicyDesk.simulate(hub.charter, records, undefined))[0]).toMatchObject({ partitions: 0 })
    })
  )
})

describe("the audit", () => {
  it.effect("[AU-10] says by which rule somebody's work counts, once for a version, and who vouched for it", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const [atHub, atMax, atZoe]: [Rows, Rows, Rows] = [[], [], []]
      const hub = yield* makeNode(network, 1, [], { audit: atHub })
      const mia = yield* makeNode(network, 2, [1])
      const max = yield* makeNode(network, 3, [1], { audit: atMax })
      yield* found(hub)
      yield* hub.write(...joining(["mia", "member", 2, "north"]), ...joining(["max", "member", 3, "north"]))
      yield* hub.write(rules(reads, writes))
      for (const node of [hub, mia, max]) yield* node.start
      yield* pass(3_000)
      for (const id of ["t1", "t2", "t3"]) {
        yield* mia.put(id, { team: "north", title: id })
        yield* pass(2_000)
      }
      yield* pass(3_000)
      expect(linesOf(atHub, "write")).toEqual(["write 2 allowed r-write"])
      expect(linesOf(atMax, "write")).toEqual(["write 2 allowed r-write from 1"])
      // Who comes after her right has ended takes the hub's word for it.
      yield* hub.write(rules(reads), ...joining(["zoe", "member", 4, "north"]))
      const zoe = yield* makeNode(network, 4, [1], { audit: atZoe })
      yield* zoe.start
      yield* pass(6_000)
      expect(yield* zoe.titleOf("t1")).toBe("t1")
      expect(linesOf(atZoe, "write")).toEqual(["write 2 allowed charter/custodian from 1"])
      const vouched = atZoe.map(({ text }) => AuditChain.ofText(text)!).find(({ action }) => action === "write")
      expect(vouched?.decision.because).toContain(
        "the hub has it, and took it in while its author had the right; now: "
      )
    })
  )

  it.effect("[AU-10] says of what left the quarantine by which rule it counts", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const atHub: Rows = []
      const hub = yield* makeNode(network, 1, [], { audit: atHub })
      const mia = yield* makeNode(network, 2, [1])
      yield* found(hub)
      yield* hub.write(...joining(["mia", "member", 2, "north"]))
      yield* hub.write(rules(reads, writes))
      yield* hub.start
      yield* mia.start
      yield* pass(3_000)
      yield* mia.stop
      yield* mia.put("t1", { team: "north", title: "offline" })
      yield* hub.write(rules(reads))
      yield* mia.start
      yield* pass(5_000)
      expect(linesOf(atHub, "write")).toEqual([])
      yield* hub.write(rules(reads, { ...writes, id: "r-again" }))
      yield* pass(10_000)
      expect(yield* hub.titleOf("t1")).toBe("offline")
      expect(linesOf(atHub, "write")).toEqual(["write 2 allowed r-again"])
    })
  )

  it.effect("[AU-10] [AU-4] says what was purged here and by which rule, each time", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const atMia: Rows = []
      const hub = yield* makeNode(network, 1, [])
      const mia = yield* makeNode(network, 2, [1], { audit: atMia })
      yield* found(hub)
      yield* hub.write(...joining(["mia", "member", 2, "north"]))
      yield* hub.write(rules(reads))
      for (const id of ["t1", "t2"]) yield* hub.put(id, { team: "north", title: id })
      yield* hub.start
      yield* mia.start
      yield* pass(3_000)
      expect(yield* mia.titleOf("t1")).toBe("t1")
      const hidden = { ...reads, id: "no-read", effect: "forbid", to: { members: ["mia"] } }
      for (const times of [1, 2]) {
        yield* hub.write(rules(reads, hidden))
        yield* pass(5_000)
        expect(yield* mia.titleOf("t1")).toBeUndefined()
        expect(linesOf(atMia, "forget")).toEqual(Array.from({ length: times }, () => "forget 2 allowed no-read"))
        yield* hub.write(rules(reads))
        yield* pass(5_000)
        expect(yield* mia.titleOf("t1")).toBe("t1")
      }
      const [entry] = atMia.map(({ text }) => AuditChain.ofText(text)!).filter(({ action }) => action === "forget")
      expect(entry).toMatchObject({ decision: { because: "the rule no-read forbids mia to read task" } })
      expect(entry?.detail).toMatch(/^task\n.*north.* 2 records$/)
    })
  )
})
