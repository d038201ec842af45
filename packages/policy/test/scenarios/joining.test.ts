// What the scenarios of Eidetica's bootstrap and approvals say of devices that come to a space: whoever manages the space names a
// device in the charter, and a device that is named is let in. Requests that wait for that are in `requests.test.ts`.
import { describe, expect, it } from "@effect/vitest"
import { type AuditStore, type CharterOperation, MemoryTransport, type SpaceId } from "@syncline/core"
import { Effect } from "effect"
import * as AuditChain from "../../src/AuditChain.ts"
import { enterprise } from "../../src/EnterprisePolicy.ts"
import { personal } from "../../src/PersonalPolicy.ts"
import { deviceOf, joining, peer, policy } from "../space.ts"
import { makeNode, pass, seenBy } from "../teamNodes.ts"
import { messagesIn, sendTo } from "./byHand.ts"
import { held, openTeam, openWatched, putAll, refusal, replicas } from "./openTeam.ts"

type Operation = CharterOperation.CharterOperation

const addMember = (member: string, role: string): Operation => ({
  _tag: "AddMember",
  member,
  name: member,
  role,
  teams: []
})
const addDevice = (member: string, device: number): Operation => ({
  _tag: "AddDevice",
  member,
  device: deviceOf(device).publicKey,
  name: "hers"
})

describe("a device that comes", () => {
  it.effect(
    "[CX-1] eidetica from_zero_state: takes the charter from its introducer, and then all that it may read",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 30)
        yield* hub.remove("n0")
        yield* hub.patch("n1", { title: "changed" })
        const mia = yield* enter(2)
        expect([mia.charter.state().version, yield* held(mia)]).toEqual([0, {}])
        yield* pass(2_000)
        expect(mia.charter.state()).toEqual(hub.charter.state())
        expect(yield* held(mia)).toEqual({ north: 30 })
        expect([yield* mia.titleOf("n0"), yield* mia.titleOf("n1")]).toEqual([undefined, "changed"])
        expect((yield* mia.status).peers[0]).toMatchObject({ state: "synced" })
      })
  )

  it.effect("[SE-15] eidetica incremental_after_bootstrap: comes back and gets what is new, and nothing twice", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
      yield* putAll(hub, "north", 30)
      const mia = yield* enter(2)
      yield* pass(2_000)
      yield* mia.stop
      yield* putAll(hub, "north", 5, 30)
      const before = (yield* mia.status).peers[0]!.receivedEvents
      yield* mia.start
      yield* pass(2_000)
      expect(yield* held(mia)).toEqual({ north: 35 })
      expect((yield* mia.status).peers[0]!.receivedEvents - before).toBe(5)
    })
  )

  it.effect(
    "[SE-10] [SE-1] eidetica nonexistent_tree: a space that is not there is named to members only, strangers hear the same as ever",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
        const space = "ffffffffffffffffffffffffffffffff" as SpaceId.SpaceId
        const mia = yield* enter(2, { space })
        const there = yield* enter(8)
        const elsewhere = yield* enter(9, { space })
        yield* pass(3_000)
        expect(seenBy(mia, "SyncError")[0]).toMatchObject({ code: "SpaceUnknown" })
        const heard = [there, elsewhere].map((node) => seenBy(node, "SyncError")[0])
        expect(heard[0]).toMatchObject({ code: "PeerDenied" })
        expect(heard[1]).toEqual(heard[0])
        expect(yield* held(hub)).toEqual({})
      })
  )

  it.effect(
    "[SE-9] [WI-7] eidetica malformed_request_data: bytes that are no frame end that link, and nobody else notices",
    () =>
      Effect.gen(function* () {
        const { enter, hub, network } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 3)
        const garbage = [
          new Uint8Array(0),
          new Uint8Array([0]),
          new Uint8Array(200).fill(0xc1),
          new Uint8Array(500).fill(0)
        ]
        for (const bytes of garbage) yield* sendTo(network, 1, [bytes])
        const mia = yield* enter(2)
        yield* pass(2_000)
        for (const bytes of garbage) yield* sendTo(network, 1, [bytes])
        yield* hub.put("n9", { team: "north", title: "later" })
        yield* pass(2_000)
        expect(yield* held(mia)).toEqual({ north: 4 })
        expect(seenBy(hub, "SyncError").map(({ code }) => code)).toContain("FrameMalformed")
        expect(seenBy(mia, "SyncError")).toEqual([])
      })
  )

  it.effect(
    "[CX-3] [CH-3] eidetica conflicting_tree_ids: a space that was founded twice stays two, and both say so",
    () =>
      Effect.gen(function* () {
        const { hub, network } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 2)
        const other = yield* makeNode(network, 2, [1])
        const { publicKey } = deviceOf(2)
        yield* other.write(
          {
            _tag: "Found",
            name: "Other",
            hub: publicKey,
            member: "m",
            memberName: "M",
            device: publicKey,
            deviceName: "x"
          },
          ...joining(["ann", "member", 1])
        )
        yield* other.put("x1", { team: "other", title: "of the other space" })
        const before = [hub.charter.state(), other.charter.state()]
        yield* other.start
        yield* pass(5_000)
        expect([hub.charter.state(), other.charter.state()]).toEqual(before)
        expect([yield* held(hub), yield* held(other)]).toEqual([{ north: 2 }, { other: 1 }])
        for (const node of [hub, other]) expect(seenBy(node, "SyncError")[0]).toMatchObject({ code: "CharterDiffers" })
      })
  )
})

describe("devices that come at the same time", () => {
  it.effect("[CX-1] eidetica multiple_clients_bootstrap_same_database: all of them get the same", () =>
    Effect.gen(function* () {
      const devices = [2, 3, 4, 5, 6, 7, 8]
      const { enter, hub } = yield* openTeam(
        ...devices.map((device) => [`m${device}`, "member", device, "north"] as const)
      )
      yield* putAll(hub, "north", 20)
      const nodes = yield* Effect.forEach(devices, (device) => enter(device), { concurrency: "unbounded" })
      yield* pass(2_000)
      for (const node of nodes) {
        expect([yield* held(node), node.charter.state()]).toEqual([{ north: 20 }, hub.charter.state()])
      }
    })
  )

  it.effect("[CH-4] [EP-36] eidetica concurrent_key_approval_requests: each that is named at once is in", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam()
      yield* putAll(hub, "north", 3)
      const devices = [2, 3, 4, 5]
      const nodes = yield* Effect.forEach(devices, (device) => enter(device))
      yield* pass(2_000)
      yield* Effect.forEach(devices, (device) => hub.write(...joining([`m${device}`, "member", device, "north"])), {
        concurrency: "unbounded"
      })
      expect(hub.charter.state().version).toBe(2 + devices.length)
      yield* pass(70_000)
      for (const node of nodes) expect(yield* held(node)).toEqual({ north: 3 })
    })
  )
})

describe("a device that is not let in", () => {
  it.effect("[CH-5] eidetica insufficient_admin: who stands lower names nobody in the place of who stands higher", () =>
    Effect.gen(function* () {
      const [, adam, mia] = yield* replicas(
        [
          ["adam", "admin", 2],
          ["mia", "member", 3]
        ],
        [2, 3]
      )
      expect(yield* refusal(mia!, addMember("eve", "member"))).toContain("does not manage the space")
      expect(yield* refusal(adam!, addMember("eve", "owner"))).toContain("nobody gives more than it has")
      expect(yield* refusal(adam!, addDevice("ann", 20))).toContain("which is not below admin")
      yield* adam!.write([addMember("eve", "admin"), addDevice("eve", 20)])
    })
  )

  it.effect(
    "[EP-23] [EP-10] eidetica no_auth_config: a hub that nobody has founded lets nobody in, and tells nothing",
    () =>
      Effect.gen(function* () {
        const network = MemoryTransport.makeNetwork()
        const bare = yield* makeNode(network, 1, [])
        yield* bare.start
        const frames: Array<Uint8Array> = []
        const mia = yield* makeNode(network, 2, [1], { onFrame: (frame) => void frames.push(frame) })
        yield* mia.start
        yield* pass(3_000)
        expect(seenBy(mia, "PeerConnected")).toEqual([])
        expect(seenBy(mia, "SyncError")[0]).toMatchObject({ code: "PeerDenied" })
        expect(new Set(messagesIn(frames).map(({ _tag }) => _tag))).toEqual(new Set(["ChallengeAck", "Error"]))
        expect((yield* bare.gate.admits(peer(2))).rule).toBe("charter/none")
      })
  )

  it.effect(
    "[CH-19] [GA-9] eidetica invalid_public_key_format: a key that is none gets into no charter, no list and no configuration",
    () =>
      Effect.gen(function* () {
        const { hub } = yield* openTeam(["mia", "member", 2])
        const { version } = hub.charter.state()
        for (const length of [0, 31, 33]) {
          const device: Operation = { _tag: "AddDevice", member: "mia", device: new Uint8Array(length), name: "x" }
          expect(yield* refusal(hub.charter, device)).toContain("none of a charter's operations")
        }
        expect(hub.charter.state().version).toBe(version)
        for (const text of ["", "ed25519:AAAA", "12D3KooW", `${peer(2)}x`]) {
          expect(() => enterprise({ introducer: text })).toThrow(TypeError)
          expect(() => personal({ trusted: [text] })).toThrow(TypeError)
        }
      })
  )

  it.effect("[CH-7] [EP-22] eidetica revoked_key: it opens nothing ever again, and what it wrote before counts", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"], ["max", "member", 3, "north"])
      const mia = yield* enter(2)
      yield* pass(2_000)
      yield* mia.put("n1", { team: "north", title: "before" })
      yield* pass(1_000)
      yield* hub.write({ _tag: "RemoveDevice", device: deviceOf(2).publicKey })
      yield* mia.put("n2", { team: "north", title: "behind it" })
      const max = yield* enter(3)
      yield* pass(70_000)
      for (const node of [hub, max]) {
        expect([yield* node.titleOf("n1"), yield* node.titleOf("n2")]).toEqual(["before", undefined])
      }
      for (const member of ["mia", "max"]) {
        expect(yield* refusal(hub.charter, addDevice(member, 2))).toContain("a device comes back with a new key")
      }
      expect(yield* hub.gate.admits(peer(2))).toMatchObject({ allowed: false, rule: "charter/device" })
    })
  )

  it.effect(
    "[EP-12] [EP-36] eidetica exceeds_granted_permissions: it has the role that it was given, whatever it asks for",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam()
        const rob = yield* enter(2)
        yield* pass(1_000)
        yield* hub.write(addMember("rob", "readonly"), addDevice("rob", 2))
        yield* pass(70_000)
        expect(yield* Effect.flip(rob.put("x1", { team: "north", title: "no" }))).toMatchObject({
          reason: { _tag: "WriteDenied" }
        })
        expect(yield* refusal(rob.charter, { _tag: "SetMemberRole", member: "rob", role: "admin" })).toContain(
          "does not manage"
        )
        expect(rob.charter.state().members.get("rob")).toMatchObject({ role: "readonly" })
      })
  )
})

describe("who is let in by people", () => {
  it.effect("[EP-36] eidetica approve: a device that waits outside is in once it is named, by itself", () =>
    Effect.gen(function* () {
      const { enter, hub } = yield* openTeam()
      yield* putAll(hub, "north", 3)
      const mia = yield* enter(2)
      yield* pass(30_000)
      expect(seenBy(mia, "PeerConnected")).toEqual([])
      yield* hub.write(...joining(["mia", "member", 2, "north"]))
      yield* pass(70_000)
      expect(yield* held(mia)).toEqual({ north: 3 })
    })
  )

  it.effect(
    "[EP-36] eidetica client_retry_after_approval: it has to do nothing but to go on dialling, and may write at once",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam()
        const mia = yield* enter(2)
        yield* pass(3_000)
        const tries = seenBy(mia, "SyncError").length
        expect(tries).toBeGreaterThan(1)
        expect(seenBy(mia, "SyncError").every(({ willRetry }) => willRetry)).toBe(true)
        yield* hub.write(...joining(["mia", "member", 2, "north"]))
        yield* pass(70_000)
        yield* mia.put("n1", { team: "north", title: "hers" })
        yield* pass(1_000)
        expect(yield* hub.titleOf("n1")).toBe("hers")
      })
  )

  it.effect(
    "[CH-7] [EP-10] eidetica client_denied_after_rejection: one that was removed is refused as often as it asks",
    () =>
      Effect.gen(function* () {
        const audit: Array<AuditStore.AuditRow> = []
        const { enter, hub } = yield* openWatched({ audit }, ["mia", "member", 2, "north"])
        yield* hub.write({ _tag: "RemoveMember", member: "mia" })
        yield* putAll(hub, "north", 2)
        const mia = yield* enter(2)
        yield* pass(70_000)
        expect(yield* held(mia)).toEqual({})
        expect(seenBy(mia, "PeerConnected")).toEqual([])
        const refusals = audit.map(({ text }) => AuditChain.ofText(text)!).filter(({ action }) => action === "admit")
        expect(refusals.length).toBeGreaterThan(1)
        expect(refusals.every(({ decision }) => !decision.allowed)).toBe(true)
        expect(yield* refusal(hub.charter, addMember("mia", "member"))).toContain("comes under another id")
      })
  )

  it.effect(
    "[EP-10] eidetica auto_approve_still_works: a device that the charter names needs nobody's word any more",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 2)
        const mia = yield* enter(2)
        yield* pass(1_000)
        expect(yield* held(mia)).toEqual({ north: 2 })
        expect(hub.charter.state().version).toBe(3)
      })
  )

  it.effect(
    "[AU-4] [CH-5] eidetica duplicate_requests_same_client: asking often leaves nothing but entries of the audit, and nobody is named twice",
    () =>
      Effect.gen(function* () {
        const audit: Array<AuditStore.AuditRow> = []
        const { enter, hub } = yield* openWatched({ audit }, ["max", "member", 3])
        const mia = yield* enter(2)
        yield* pass(20_000)
        const asked = audit.map(({ text }) => AuditChain.ofText(text)!).filter((entry) => entry.peer === peer(2))
        const tries = asked.reduce((sum, entry) => sum + entry.times, 0)
        expect(tries).toBe(seenBy(mia, "SyncError").length)
        expect(new Set(asked.map(({ action, decision }) => `${action} ${decision.rule}`))).toEqual(
          new Set(["admit charter/device"])
        )
        yield* hub.write(...joining(["mia", "member", 2]))
        expect(yield* refusal(hub.charter, addDevice("mia", 2))).toContain("is a device of mia already")
        expect(yield* refusal(hub.charter, addDevice("max", 2))).toContain("is a device of mia already")
        expect(yield* refusal(hub.charter, addMember("mia", "admin"))).toContain("there is a member mia already")
      })
  )

  it.effect("[CH-5] eidetica nonexistent_request_id: nothing is done to a device or member that is not there", () =>
    Effect.gen(function* () {
      const { hub } = yield* openTeam()
      const { version } = hub.charter.state()
      const { publicKey: device } = deviceOf(20)
      const tries: ReadonlyArray<Operation> = [
        { _tag: "PauseDevice", device, isPaused: false },
        { _tag: "RemoveDevice", device },
        { _tag: "RemoveMember", member: "nobody" },
        addDevice("nobody", 20),
        { _tag: "SetMemberRole", member: "nobody", role: "member" }
      ]
      for (const operation of tries) expect(yield* refusal(hub.charter, operation)).toContain("there is no")
      expect(hub.charter.state().version).toBe(version)
    })
  )

  it.effect("[CH-5] [CH-19] eidetica malformed_permission: a role or team that is not there is given to nobody", () =>
    Effect.gen(function* () {
      const { hub } = yield* openTeam()
      expect(yield* refusal(hub.charter, addMember("eve", "emperor"))).toContain("there is no role emperor")
      expect(yield* refusal(hub.charter, addMember("eve", "Not A Role!"))).toContain("none of a charter's operations")
      const eve = { ...addMember("eve", "member"), teams: ["nowhere"] } as Operation
      expect(yield* refusal(hub.charter, eve)).toContain("there is no team nowhere")
      expect(hub.charter.state().members.has("eve")).toBe(false)
    })
  )

  it.effect(
    "[EP-10] [EP-14] eidetica global_permission_auto_approval: a rule for everybody is for members; it lets no stranger in",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2])
        yield* putAll(hub, "north", 2)
        yield* hub.write(policy({ actions: ["read", "create", "update", "delete"], types: "all" }))
        const mia = yield* enter(2)
        const stranger = yield* enter(9)
        yield* pass(5_000)
        expect([yield* held(mia), yield* held(stranger)]).toEqual([{ north: 2 }, {}])
        expect(yield* hub.gate.admits(peer(9))).toMatchObject({ allowed: false, rule: "charter/device" })
      })
  )
})
