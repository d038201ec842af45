import { expect, it } from "@effect/vitest"
import {
  AuditStore,
  Charter,
  CharterStore,
  KeyWrap,
  MemoryJournal,
  MemoryTransport,
  SpaceKey,
  SpaceKeys
} from "@syncline/core"
import { enterprise } from "@syncline/policy"
import { Context, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as NodeCompression from "../src/NodeCompression.ts"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import {
  areReady,
  everything,
  founding,
  isSealed,
  joining,
  keyOf,
  keysIn,
  makeAlone,
  makeNode,
  openTeam,
  peerOf,
  type SealedNode,
  sealing,
  space,
  until
} from "./sealedTeam.ts"
import { seedOf } from "./temporaryFolder.ts"

const has = (node: SealedNode, id: string, text: string) => Effect.map(node.textOf(id), (found) => found === text)

it.live(
  "[SK-30][SK-31] a space is sealed by its hub's word, keyed by who manages it, and read by all but the hub",
  () =>
    Effect.gen(function* () {
      const { alice, hub, mia } = yield* openTeam()
      yield* mia.put("before", "in the clear")
      yield* hub.charter.write([sealing])
      yield* until("alice and mia have the key", areReady(alice, mia))
      expect(yield* hub.keys.status).toMatchObject({ state: "waiting", keysHeld: 0, keys: 1 })
      yield* mia.put("n1", "nobody but us reads this")
      yield* until("alice reads it", has(alice, "n1", "nobody but us reads this"))
      expect(yield* hub.textOf("n1")).toBeUndefined()
      expect(yield* hub.textOf("before")).toBe("in the clear")
      const commits = yield* hub.commits
      expect(commits.map(isSealed)).toEqual([false, true])
      const text = commits.map((bytes) => Buffer.from(bytes).toString("latin1")).join("")
      expect(text).not.toContain("nobody but us")
      const refused = yield* Effect.flip(hub.put("n2", "the hub cannot"))
      expect(refused).toMatchObject({ reason: { _tag: "SpaceLocked" } })
    }),
  30_000
)

it.live(
  "[SK-32][CH-60] a removal by who manages the space brings a new key in the same record, through the hub",
  () =>
    Effect.gen(function* () {
      const { alice, hub, mia } = yield* openTeam()
      yield* hub.charter.write([...joining("bob", "member", 4), sealing])
      yield* until("they have the key", areReady(alice, mia))
      yield* mia.put("n1", "old")
      yield* until("alice has it", has(alice, "n1", "old"))
      const before = alice.charter.state()
      const after = yield* alice.keys.write([{ _tag: "RemoveMember", member: "mia" }], { note: "left" })
      expect(after.version).toBe(before.version + 1)
      expect([after.seal!.keys.length, after.members.has("mia")]).toEqual([2, false])
      const [first, second] = after.seal!.keys
      const opener = KeyWrap.openerOf(Redacted.value(seedOf(3)))
      const space = after.space
      const old = yield* opener.open(space, first!.commitment, first!.wraps)
      expect(old?.id).toBe(first!.id)
      expect(yield* opener.open(space, second!.commitment, second!.wraps)).toBeUndefined()
      yield* until("alice seals with the new key", areReady(alice))
      yield* alice.put("n2", "new")
      yield* until(
        "the hub has it",
        Effect.map(hub.journal.head, (head) => head === 2)
      )
      const [, commit] = yield* hub.commits
      // All keys of the removed one, against everything that the hub keeps.
      expect(SpaceKey.openBefore(old!, second!.commitment, second!.before!)).toBeUndefined()
      expect(Buffer.from(commit!).toString("latin1")).not.toContain("new")
      expect(mia.charter.state().members.has("mia")).toBe(true)
      expect(yield* mia.textOf("n1")).toBe("old")
    }),
  30_000
)

it.live(
  "[SK-33] what the hub removed or brought in is followed by a new key, or the key for the newcomer, from who is online",
  () =>
    Effect.gen(function* () {
      const { alice, hub, mia, network } = yield* openTeam()
      yield* hub.charter.write([sealing])
      yield* until("they have the key", areReady(alice, mia))
      yield* mia.put("n1", "before bob came")
      yield* hub.charter.write(joining("bob", "member", 4))
      const bob = yield* makeNode({ network, device: 4, dials: [1] })
      yield* until("bob reads what was there", has(bob, "n1", "before bob came"))
      expect(yield* bob.journal.lockedCount).toBe(0)
      yield* hub.charter.write([{ _tag: "RemoveDevice", device: keyOf(3) }])
      yield* until(
        "a new key is in force",
        Effect.sync(() => keysIn(hub) === 2)
      )
      yield* until("bob has it", areReady(bob))
      yield* bob.put("n2", "after mia left")
      yield* until("alice reads it", has(alice, "n2", "after mia left"))
      expect(yield* bob.textOf("n1")).toBe("before bob came")
    }),
  30_000
)

it.live(
  "[SK-34] a space that hides its history gives newcomers later keys only, and further devices of its people all",
  () =>
    Effect.gen(function* () {
      const { alice, hub, mia, network } = yield* openTeam()
      yield* hub.charter.write([{ _tag: "SealSpace", showsHistory: false, periodDays: null }])
      yield* until("they have the key", areReady(alice, mia))
      yield* mia.put("n1", "before")
      yield* hub.charter.write(joining("eve", "member", 5))
      yield* until(
        "alice knows eve",
        Effect.sync(() => alice.charter.state().members.has("eve"))
      )
      yield* until("eve was given the key in force", areReady(alice))
      // Not the one that was when she came.
      expect(keysIn(alice)).toBe(2)
      yield* alice.keys.write([{ _tag: "RemoveMember", member: "eve" }])
      expect(keysIn(alice)).toBe(3)
      yield* hub.charter.write(joining("bob", "member", 4))
      yield* hub.charter.write([{ _tag: "AddDevice", member: "mia", device: keyOf(6), name: "mia's second" }])
      const bob = yield* makeNode({ network, device: 4, dials: [1] })
      const second = yield* makeNode({ network, device: 6, dials: [1] })
      yield* until("both have the key in force", areReady(bob, second))
      yield* until("mia's second device reads all", has(second, "n1", "before"))
      expect(yield* bob.keys.status).toMatchObject({ keysHeld: 1, keys: 4, lockedCommits: 1 })
      expect(yield* bob.textOf("n1")).toBeUndefined()
      yield* alice.put("n2", "after")
      yield* until("bob reads what came after", has(bob, "n2", "after"))
    }),
  30_000
)

it.live(
  "[CH-61] a record that the hub does not take in within 10 s fails, and one without the right is not even handed over",
  () =>
    Effect.gen(function* () {
      const network = MemoryTransport.makeNetwork()
      const hub = yield* makeNode({ network, device: 1 })
      yield* hub.charter.write([founding(true)])
      yield* hub.charter.write([...joining("alice", "admin", 2), ...joining("mia", "member", 3)])
      const alice = yield* makeNode({ network, device: 2, dials: [1] })
      const mia = yield* makeNode({ network, device: 3, dials: [1] })
      const areThere = Effect.sync(() => [alice, mia].every(({ charter }) => charter.state().version === 2))
      yield* until("the charter is there", areThere)
      for (const [node, operation] of [
        [mia, { _tag: "RemoveMember", member: "alice" }],
        // Where there is no hub, a member may do that.
        [mia, { _tag: "AddDevice", member: "mia", device: keyOf(9), name: "another" }],
        [alice, { _tag: "RemoveMember", member: "ann" }]
      ] as const) {
        const denied = yield* Effect.flip(node.charter.write([operation]))
        expect(denied.reason).toMatchObject({ _tag: "CharterDenied" })
        expect(node.charter.offered()).toBeUndefined()
      }
      yield* alice.charter.write([{ _tag: "RenameMember", member: "mia", name: "Mia M." }])
      expect(hub.charter.state().members.get("mia")?.name).toBe("Mia M.")
      const alone = yield* makeNode({ network: MemoryTransport.makeNetwork(), device: 2 })
      yield* alone.charter.receive(hub.charter.beyond({ marks: [], rivals: [] }, 1e6))
      const failed = yield* Effect.flip(alone.charter.write([{ _tag: "RenameMember", member: "alice", name: "A." }]))
      expect(failed.reason).toMatchObject({ _tag: "CharterElsewhere", hub: peerOf(1), isRetryable: true })
      expect(alone.charter.offered()).toBeUndefined()
    }),
  30_000
)

it.effect("[SK-35] a key that is older than the space wants its keys to be is replaced by itself", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(1_800_000_000_000)
    const layer = SpaceKeys.layer.pipe(
      Layer.provideMerge(enterprise()(space)),
      Layer.provideMerge(MemoryJournal.layer({ space })),
      Layer.provideMerge(
        Layer.mergeAll(
          DeviceKeyFile.layerSeed(seedOf(1)),
          NodeCrypto.layer,
          NodeCompression.layer,
          CharterStore.CharterStore.layerMemory(),
          AuditStore.AuditStore.layerMemory([])
        )
      )
    )
    const services = yield* Layer.build(layer)
    const charter = Context.get(services, Charter.Charter)
    // Wrapping a key takes real time.
    const untilKeys = Effect.fnUntraced(function* (keys: number) {
      for (let tries = 0; tries < 500 && charter.state().seal?.keys.length !== keys; tries++) {
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))
        yield* TestClock.adjust(100)
      }
      expect(charter.state().seal?.keys.length).toBe(keys)
    })
    yield* charter.write([founding(false), { _tag: "SealSpace", showsHistory: true, periodDays: 1 }])
    yield* untilKeys(1)
    yield* TestClock.adjust("23 hours")
    yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 50)))
    expect(charter.state().seal?.keys.length).toBe(1)
    yield* TestClock.adjust("61 minutes")
    yield* untilKeys(2)
    expect(charter.state().seal!.keys[1]!.before).toBeDefined()
    // It is opened once it is in force.
    const { settle, status } = Context.get(services, SpaceKeys.SpaceKeys)
    expect(yield* settle).toBe(false)
    expect(yield* status).toMatchObject({ state: "sealed", keysHeld: 2, keys: 2, due: null })
  })
)

it.live(
  "[SK-48] a device that was not handed the key which it has seen writes nothing in the clear when none counts any more",
  () =>
    Effect.gen(function* () {
      const [ann, bob, mia] = [yield* makeAlone(1), yield* makeAlone(2), yield* makeAlone(3)]
      yield* ann.charter.write([founding(false), ...joining("bob", "admin", 2), ...joining("mia", "member", 3)])
      for (const node of [bob, mia]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
      const key = SpaceKey.of(space, new Uint8Array(SpaceKey.spaceKeyBytes).fill(1))
      const wraps = yield* KeyWrap.wrap(key, [keyOf(2)])
      const rotating = { _tag: "RotateKey", key: key.commitment, behind: null, before: null, wraps } as const
      yield* bob.charter.write([sealing, rotating])
      yield* mia.charter.receive(bob.charter.beyond(mia.charter.known(), 1e7))
      // What bob did beside this does not count, and mia has no key.
      yield* ann.charter.write([{ _tag: "RemoveMember", member: "bob" }, sealing])
      const [removal] = ann.charter.beyond(mia.charter.known(), 1e7)
      yield* mia.charter.receive([removal!])
      yield* mia.keys.settle
      expect(mia.charter.state().seal?.keys).toEqual([])
      expect(yield* mia.keys.status).toMatchObject({ state: "waiting", keysHeld: 0, due: "first" })
      const refused = yield* Effect.flip(mia.put("n1", "a secret"))
      expect(refused).toMatchObject({ reason: { _tag: "SpaceLocked" } })
      expect(yield* mia.commits).toEqual([])
    }),
  30_000
)
