// What a device may not send to a custodian that it syncs with, and what its receipts say of that.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { peerOf } from "../session/SessionUnderTest.ts"
import { deniesNothing, deniesTeam, makeNode, makeRules, pass, receiptsOf, type Rules, seenBy } from "./virtualNodes.ts"

const [hubDevice, deviceDevice, otherDevice] = [1, 2, 3]
const isClosed = deniesTeam("closed")

/** From now on the device shares nothing of the closed team with one other node. */
const keepsFrom = (rules: Rules, device: number) =>
  rules.change((partition, peer) => peer === peerOf(device) && isClosed(partition, peer))

const statusesOf = (node: Parameters<typeof receiptsOf>[0]) =>
  Effect.map(receiptsOf(node), (receipts) => receipts.map(({ status }) => status))

/** A device with a hub, which is not started and takes nothing of the closed team, and a backup that does not get it. */
const withBackup = Effect.gen(function* () {
  const network = MemoryTransport.makeNetwork()
  const [hubRules, rules] = [yield* makeRules([deviceDevice]), yield* makeRules([hubDevice, otherDevice])]
  const others = { rules: yield* makeRules([deviceDevice]) }
  const hub = yield* makeNode(network, hubDevice, [], { rules: hubRules })
  const backup = yield* makeNode(network, otherDevice, [], others)
  const device = yield* makeNode(network, deviceDevice, [hubDevice, otherDevice], { rules })
  yield* hubRules.change(isClosed)
  yield* keepsFrom(rules, otherDevice)
  yield* backup.start
  return { hub, hubRules, backup, device, rules }
})

describe("a partition that is not shared with a custodian", () => {
  it.effect("[JR-111] a refusal stands when its partition is no longer compared with who refused it", () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const [hubRules, rules] = [
        yield* makeRules([deviceDevice]),
        yield* makeRules([hubDevice, otherDevice], [hubDevice])
      ]
      const hub = yield* makeNode(network, hubDevice, [], { rules: hubRules })
      const device = yield* makeNode(network, deviceDevice, [hubDevice], { rules })
      const mate = yield* makeNode(network, otherDevice, [deviceDevice], { rules: yield* makeRules([deviceDevice]) })
      yield* hubRules.change(isClosed)
      yield* device.put("t1", { team: "closed", title: "wanted" })
      yield* device.put("t2", { team: "open", title: "open" })
      yield* device.start
      yield* mate.start
      yield* pass(10_000)
      yield* hub.start
      yield* pass(90_000)
      const refused = (yield* receiptsOf(device)).filter(({ status }) => status === "rejected")
      expect(refused).toMatchObject([{ code: "Denied", peer: hub.peer }])
      yield* keepsFrom(rules, hubDevice)
      yield* pass(400_000)
      expect((yield* receiptsOf(device)).filter(({ status }) => status === "rejected")).toEqual(refused)
      expect((yield* statusesOf(device)).toSorted()).toEqual(["accepted", "rejected"])
    })
  )

  it.effect("[JR-121] [JR-54] what a backup is not sent is taken back when the hub refuses it", () =>
    Effect.gen(function* () {
      const { device, hub } = yield* withBackup
      yield* device.start
      yield* device.put("t1", { team: "closed", title: "wanted" })
      yield* device.put("t2", { team: "open", title: "open" })
      yield* pass(30_000)
      expect(yield* receiptsOf(device)).toMatchObject([
        { status: "deferred", code: "NotShared", peer: peerOf(otherDevice), atMs: null },
        { status: "accepted", peer: peerOf(otherDevice) }
      ])
      yield* hub.start
      yield* pass(90_000)
      expect(yield* receiptsOf(device)).toMatchObject([
        { status: "rejected", code: "Denied", peer: hub.peer },
        { status: "accepted" }
      ])
      expect(seenBy(device, "WriteRejected")).toHaveLength(1)
      expect(yield* device.fieldsOf("t1")).toBeUndefined()
    })
  )

  it.effect(
    "[JR-121] equal roots before anything was sent do not count for it, and it is accepted once it is shared",
    () =>
      Effect.gen(function* () {
        const { backup, device, rules } = yield* withBackup
        yield* device.put("t1", { team: "closed", title: "wanted" })
        yield* device.start
        yield* pass(30_000)
        expect(yield* receiptsOf(device)).toMatchObject([{ status: "deferred", code: "NotShared" }])
        yield* rules.change(deniesNothing)
        yield* pass(400_000)
        expect(yield* backup.fieldsOf("t1")).toMatchObject({ title: "wanted" })
        expect(yield* receiptsOf(device)).toMatchObject([{ status: "accepted", peer: backup.peer }])
        // What it has, it has, also when the policy changes back.
        yield* keepsFrom(rules, otherDevice)
        yield* pass(400_000)
        expect(yield* statusesOf(device)).toEqual(["accepted"])
      })
  )
})
