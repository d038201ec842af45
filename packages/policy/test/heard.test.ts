// A team without a hub whose owners took each other out while they were apart: who was removed is heard, and not more.
import { describe, expect, it } from "@effect/vitest"
import { type AuditStore, Bytes, Compression, FrameCodec, MemoryTransport, type WireMessage } from "@syncline/core"
import { Effect, Result } from "effect"
import { deviceOf, founding, joining } from "./space.ts"
import { makeNode, pass, seenBy, type TeamNode } from "./teamNodes.ts"

/** Who dials whom, by device: ann is 1 and founded the space, olga is 4, carl is 5; all own it. */
type Dials = Readonly<Record<"ann" | "olga" | "carl", ReadonlyArray<number>>>
const removedDials: Dials = { ann: [5], olga: [1, 5], carl: [] }
const removedIsDialled: Dials = { ann: [], olga: [1, 5], carl: [1] }

const isMember = (node: TeamNode, member: string): boolean => node.charter.state().members.has(member)

/** What went over links, as long as `isOn`. */
interface Wire {
  readonly fromRemoved: Array<WireMessage.WireMessage>
  readonly toRemoved: Array<WireMessage.WireMessage>
  isOn: boolean
}

const noting = (wire: Wire, messages: Array<WireMessage.WireMessage>) => (frame: Uint8Array) => {
  const decoded = FrameCodec.decode(Compression.stored, frame)
  if (wire.isOn && Result.isSuccess(decoded)) messages.push(decoded.success.message)
}

/** All three know the same; then ann is apart from the others. `wire` sees what ann and carl say to each other, whoever dials. */
const threeOwners = Effect.fnUntraced(function* (dials: Dials, auditOfCarl: Array<AuditStore.AuditRow> = []) {
  const network = MemoryTransport.makeNetwork()
  const wire: Wire = { fromRemoved: [], toRemoved: [], isOn: false }
  const [fromAnn, toAnn] = [noting(wire, wire.fromRemoved), noting(wire, wire.toRemoved)]
  const ann = yield* makeNode(network, 1, dials.ann, { onSent: fromAnn, onFrame: toAnn })
  const olga = yield* makeNode(network, 4, dials.olga)
  const carl = yield* makeNode(network, 5, dials.carl, { onSent: toAnn, onFrame: fromAnn, audit: auditOfCarl })
  yield* ann.write(founding())
  yield* ann.write(
    { _tag: "SetTeam", team: "north", name: "North" },
    ...joining(["olga", "owner", 4]),
    ...joining(["carl", "owner", 5])
  )
  yield* ann.put("before", { team: "north", title: "before" })
  for (const node of [ann, olga, carl]) yield* node.start
  yield* pass(5_000)
  for (const node of [olga, carl]) expect(yield* node.titleOf("before")).toBe("before")
  yield* ann.stop
  yield* pass(1_000)
  return { ann, carl, olga, wire }
})

const ways = [
  ["dials", removedDials],
  ["is dialled", removedIsDialled]
] as const

describe("a removed device of a space without a hub", () => {
  for (const [how, dials] of ways) {
    it.effect(`[CX-5] [EP-38] ${how}: its senior removal counts, and both sync again`, () =>
      Effect.gen(function* () {
        const { ann, carl, olga } = yield* threeOwners(dials)
        yield* ann.write({ _tag: "RemoveMember", member: "olga" })
        yield* ann.put("apart", { team: "north", title: "written by ann" })
        yield* olga.write({ _tag: "RemoveMember", member: "ann" })
        yield* pass(3_000)
        expect([isMember(carl, "ann"), isMember(carl, "olga")]).toEqual([false, true])
        yield* carl.put("there", { team: "north", title: "written by carl" })
        yield* ann.start
        yield* pass(15_000)
        for (const node of [ann, carl]) {
          expect([isMember(node, "ann"), isMember(node, "olga")]).toEqual([true, false])
          expect(yield* node.titleOf("apart")).toBe("written by ann")
          expect(yield* node.titleOf("there")).toBe("written by carl")
        }
        expect(carl.charter.digest()).toEqual(ann.charter.digest())
        const { peers } = yield* carl.status
        expect(peers.find(({ peer }) => peer === ann.peer)).toMatchObject({ state: "synced" })
        // Olga knows of no removal but her own, and learns no more.
        expect([isMember(olga, "ann"), isMember(olga, "olga")]).toEqual([false, true])
      })
    )

    it.effect(`[CX-5] [EP-38] ${how}: what it says counts also when it was paused`, () =>
      Effect.gen(function* () {
        const { ann, carl, olga } = yield* threeOwners(dials)
        yield* ann.write({ _tag: "PauseDevice", device: deviceOf(4).publicKey, isPaused: true })
        yield* olga.write({ _tag: "PauseDevice", device: deviceOf(1).publicKey, isPaused: true })
        yield* pass(3_000)
        expect(carl.charter.state().devices.get(ann.peer)!.isPaused).toBe(true)
        yield* ann.start
        yield* pass(15_000)
        for (const node of [ann, carl]) {
          const { devices } = node.charter.state()
          expect([ann.peer, olga.peer].map((peer) => devices.get(peer)!.isPaused)).toEqual([false, true])
        }
        expect(carl.charter.digest()).toEqual(ann.charter.digest())
      })
    )

    it.effect(`[CX-6] [EP-10] ${how}: it is shown nothing, and nothing of it is taken but records of the charter`, () =>
      Effect.gen(function* () {
        const audit: Array<AuditStore.AuditRow> = []
        const { ann, carl, olga, wire } = yield* threeOwners(dials, audit)
        // Ann has said nothing that would keep her in.
        yield* ann.write({ _tag: "SetTeam", team: "east", name: "East" })
        yield* ann.put("apart", { team: "north", title: "written by ann" })
        const hidden = [...(yield* removedBy(olga, "ann")), ...(yield* removedBy(olga, null))]
        yield* pass(3_000)
        yield* carl.put("there", { team: "north", title: "written by carl" })
        const before = yield* carl.journal.peer(ann.peer)
        const [annBefore, refusals] = [yield* ann.journal.peer(carl.peer), denials(audit)]
        wire.isOn = true
        yield* ann.start
        yield* pass(20_000)
        const shown = wire.toRemoved.filter(({ _tag }) => _tag !== "Challenge" && _tag !== "ChallengeAck")
        expect(shown.map(({ _tag }) => _tag)).toContain("CharterSync")
        for (const message of shown) {
          expect(["Hello", "HelloAck", "CharterSync", "Error"]).toContain(message._tag)
          if (message._tag === "Hello" || message._tag === "HelloAck") {
            const { count, cursor, cursorOf, head } = message
            expect({ count, cursor, cursorOf, head }).toEqual({ count: 0, cursor: 0, cursorOf: null, head: 0 })
            const blanks = [message.incarnation, message.root, message.charter!]
            for (const bytes of blanks) expect(new Set(bytes)).toEqual(new Set([0]))
          }
          if (message._tag === "Error") expect(message).toMatchObject({ code: "PeerDenied", detail: "" })
          if (message._tag === "CharterSync") {
            expect(message.records).toEqual([])
            expect(new Set(message.digest)).toEqual(new Set([0]))
            const named = [...message.marks.map(([, id]) => id), ...message.rivals].map(Bytes.toHex)
            for (const id of hidden.slice(1)) expect(named).not.toContain(id)
          }
        }
        // Her team is there now, as it was not silenced by a removal that does not outrank her, and she is out.
        expect([isMember(carl, "ann"), isMember(ann, "ann")]).toEqual([false, true])
        expect(wire.fromRemoved.filter(({ _tag }) => _tag === "EventBatch")).toEqual([])
        expect(yield* carl.titleOf("apart")).toBe(undefined)
        expect(yield* ann.titleOf("there")).toBe(undefined)
        for (const node of [ann, carl]) expect(seenBy(node, "ClockSkewed")).toEqual([])
        expect(yield* carl.journal.peer(ann.peer)).toEqual(before)
        expect(yield* ann.journal.peer(carl.peer)).toEqual(annBefore)
        // One refusal for each attempt, as ever.
        const attempts = wire.toRemoved.filter(({ _tag }) => _tag === "Error").length
        expect(attempts).toBeGreaterThan(2)
        expect(denials(audit) - refusals).toBe(attempts)
        expect(ann.charter.state().version).toBeLessThan(carl.charter.state().version)
      })
    )
  }

  it.effect("[SE-36] it is heard every 2 s at most, however often both dial", () =>
    Effect.gen(function* () {
      const { ann, olga, wire } = yield* threeOwners({ ...removedDials, carl: [1] })
      yield* ann.write({ _tag: "SetTeam", team: "east", name: "East" })
      yield* olga.write({ _tag: "RemoveMember", member: "ann" })
      yield* pass(3_000)
      wire.isOn = true
      yield* ann.start
      yield* pass(4_000)
      const isGreeting = ({ _tag }: WireMessage.WireMessage) => _tag === "Hello" || _tag === "HelloAck"
      const heard = wire.toRemoved.filter(isGreeting).length
      expect(heard).toBeGreaterThan(0)
      expect(heard).toBeLessThanOrEqual(2)
      expect(wire.toRemoved.filter(({ _tag }) => _tag === "Error").length).toBeGreaterThan(heard)
    })
  )

  it.effect("[CX-5] two owners who took each other out, and nobody else, stay as they are", () =>
    Effect.gen(function* () {
      const { ann, carl, olga } = yield* threeOwners(removedDials)
      yield* carl.close
      yield* ann.write({ _tag: "RemoveMember", member: "olga" })
      yield* olga.write({ _tag: "RemoveMember", member: "ann" })
      yield* ann.start
      yield* pass(20_000)
      expect([isMember(ann, "ann"), isMember(ann, "olga")]).toEqual([true, false])
      expect([isMember(olga, "ann"), isMember(olga, "olga")]).toEqual([false, true])
      for (const node of [ann, olga]) {
        expect(new Set(seenBy(node, "SyncError").map(({ code }) => code))).not.toContain("ProtocolViolated")
      }
    })
  )

  it.effect("[EP-38] who was removed by a device of its own member is not heard: it is lost, not apart", () =>
    Effect.gen(function* () {
      const { ann, carl, wire } = yield* threeOwners(removedDials)
      yield* ann.start
      yield* ann.write({ _tag: "AddDevice", member: "ann", device: deviceOf(6).publicKey, name: "laptop" })
      yield* pass(3_000)
      yield* ann.stop
      const network = MemoryTransport.makeNetwork()
      const laptop = yield* makeNode(network, 6, [])
      yield* laptop.charter.receive(carl.charter.beyond({ marks: [], rivals: [] }, 1e6))
      yield* laptop.write({ _tag: "RemoveDevice", device: deviceOf(1).publicKey })
      yield* carl.charter.receive(laptop.charter.beyond(carl.charter.known(), 1e6))
      expect(carl.charter.state().devices.has(ann.peer)).toBe(false)
      // Whoever found the phone takes the others out behind an older record.
      yield* ann.write(
        { _tag: "RemoveMember", member: "olga" },
        { _tag: "RemoveDevice", device: deviceOf(6).publicKey }
      )
      wire.isOn = true
      yield* ann.start
      yield* pass(15_000)
      expect([isMember(carl, "olga"), carl.charter.state().devices.has(laptop.peer)]).toEqual([true, true])
      const told = new Set(wire.toRemoved.map(({ _tag }) => _tag))
      expect(told).toEqual(new Set(["ChallengeAck", "Error"]))
    })
  )
})

/** Removes a member, or writes something else; gives the id of the record. */
const removedBy = Effect.fnUntraced(function* (node: TeamNode, member: string | null) {
  const name = `East ${node.charter.state().version}`
  yield* node.write(
    member === null
      ? { _tag: "SetTeam", team: `t${node.charter.state().version}`, name }
      : { _tag: "RemoveMember", member }
  )
  return [node.charter.state().head]
})

const denials = (audit: ReadonlyArray<AuditStore.AuditRow>): number =>
  audit.filter(
    ({ text }) => text.includes('"admit"') && text.includes("charter/device") && text.includes("is no device")
  ).length
