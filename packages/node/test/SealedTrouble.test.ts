/** Keys of a sealed space where not all goes well: what a member, a clash of records or a full disk can bring about. */
import { expect, it } from "@effect/vitest"
import {
  Bytes,
  type CharterOperation,
  CharterRecord,
  CoreMetrics,
  HybridTime,
  JournalError,
  KeyWrap,
  SpaceKey
} from "@syncline/core"
import { Effect, Metric, Redacted } from "effect"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import {
  areReady,
  everything,
  feedInto,
  founding,
  handOver,
  isSealed,
  joining,
  keyOf,
  keysIn,
  makeAlone,
  makeNode,
  openTeam,
  peerOf,
  sealing,
  secretOf,
  space,
  until
} from "./sealedTeam.ts"
import { seedOf } from "./temporaryFolder.ts"

const wrapped = (key: SpaceKey.SpaceKey, ...devices: ReadonlyArray<number>) => KeyWrap.wrap(key, devices.map(keyOf))

/** The same team, sealed. */
const sealedTeam = Effect.fnUntraced(function* (...more: ReadonlyArray<CharterOperation.CharterOperation>) {
  const team = yield* openTeam(...more, sealing)
  yield* until("alice and mia have the key", areReady(team.alice, team.mia))
  return team
})

it.live(
  "[SK-37] a new key is put in force beside a device key of low order",
  () =>
    Effect.gen(function* () {
      const { alice, hub } = yield* sealedTeam(...joining("bob", "member", 4))
      const low = Buffer.from("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "hex")
      yield* hub.charter.write([
        { _tag: "AddDevice", member: "mia", device: Uint8Array.from(low), name: "of low order" },
        { _tag: "RemoveMember", member: "bob" }
      ])
      yield* until(
        "a new key is in force",
        Effect.sync(() => keysIn(hub) === 2)
      )
      yield* until("alice has it", areReady(alice))
    }),
  30_000
)

it.live(
  "[SK-40] who leaves by its own record, or gives its role up, adds no key to it, and others follow up",
  () =>
    Effect.gen(function* () {
      const ann = yield* makeAlone(1)
      yield* ann.charter.write([founding(false), ...joining("bob", "admin", 2), ...joining("eve", "admin", 3), sealing])
      yield* until("ann has the key", areReady(ann))
      const [bob, eve] = [yield* makeAlone(2), yield* makeAlone(3)]
      for (const node of [bob, eve]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
      yield* until("all have it", areReady(bob, eve))
      yield* bob.keys.write([{ _tag: "RemoveMember", member: "bob" }])
      expect(keysIn(bob)).toBe(1)
      yield* handOver(bob, ann)
      yield* until("a new key is in force", areReady(ann))
      yield* handOver(ann, eve)
      yield* until("eve has it", areReady(eve))
      const stepping: CharterOperation.CharterOperation = { _tag: "SetMemberRole", member: "eve", role: "member" }
      yield* eve.keys.write([stepping, { _tag: "RemoveDevice", device: keyOf(3) }])
      yield* handOver(eve, ann)
      yield* until("and one more", areReady(ann))
      expect(keysIn(ann)).toBe(3)
    }),
  30_000
)

it.live(
  "[SK-40][CH-63] who manages a sealed space leaves it through its hub, is told so at once, and others follow up",
  () =>
    Effect.gen(function* () {
      const { alice, hub, network } = yield* sealedTeam(...joining("bob", "admin", 4))
      const bob = yield* makeNode({ network, device: 4, dials: [1] })
      yield* until("bob has the key", areReady(bob))
      const leaving = alice.keys.write([{ _tag: "RemoveMember", member: "alice" }])
      const left = yield* Effect.timeout(leaving, "3 seconds")
      expect([left.members.has("alice"), left.seal!.keys.length]).toEqual([false, 1])
      expect(hub.charter.state().members.has("alice")).toBe(false)
      yield* until(
        "a new key is in force",
        Effect.sync(() => keysIn(hub) === 2)
      )
      expect(alice.charter.state().version).toBe(left.version)
    }),
  30_000
)

it.live(
  "[SK-41] two who each remove somebody at the same time both succeed, each with a key of its own",
  () =>
    Effect.gen(function* () {
      const others = [...joining("x", "member", 5), ...joining("y", "member", 6)]
      const { alice, hub, network } = yield* sealedTeam(...joining("bob", "admin", 4), ...others)
      const bob = yield* makeNode({ network, device: 4, dials: [1] })
      yield* until("bob has the key", areReady(bob))
      yield* Effect.all(
        [
          alice.keys.write([{ _tag: "RemoveMember", member: "x" }]),
          bob.keys.write([{ _tag: "RemoveMember", member: "y" }])
        ],
        { concurrency: 2 }
      )
      expect([keysIn(hub), hub.charter.state().members.size]).toEqual([3, 4])
    }),
  30_000
)

it.live(
  "[SK-41] a record that is full is written, and its keys follow",
  () =>
    Effect.gen(function* () {
      const ann = yield* makeAlone(1)
      yield* ann.charter.write([founding(false), ...joining("bob", "member", 2), sealing])
      yield* until("ann has the key", areReady(ann))
      const renaming: CharterOperation.CharterOperation = { _tag: "RenameMember", member: "ann", name: "Ann A." }
      const full = [{ _tag: "RemoveMember", member: "bob" } as const, ...Array.from({ length: 63 }, () => renaming)]
      yield* ann.keys.write(full)
      expect(keysIn(ann)).toBe(1)
      yield* until("a new key is in force", areReady(ann))
      expect(keysIn(ann)).toBe(2)
    }),
  30_000
)

it.live(
  "[SK-42] more keys than a record holds are handed on by several",
  () =>
    Effect.gen(function* () {
      const ann = yield* makeAlone(1)
      yield* ann.charter.write([founding(false), { _tag: "SealSpace", showsHistory: false, periodDays: null }])
      yield* until("ann has the key", areReady(ann))
      for (let number = 1; number <= 40; number++) {
        const [key, inForce] = [secretOf(number), ann.charter.state().seal!.keys.at(-1)!]
        const wraps = yield* wrapped(key, 1)
        yield* ann.charter.write([
          { _tag: "RotateKey", key: key.commitment, behind: inForce.commitment, before: null, wraps }
        ])
      }
      const second: CharterOperation.CharterOperation = {
        _tag: "AddDevice",
        member: "ann",
        device: keyOf(2),
        name: "ann's second"
      }
      const { version } = yield* ann.keys.write([second])
      yield* until("all are handed on", areReady(ann))
      expect(ann.charter.state().version).toBe(version + 1)
      const lists = ann.charter.state().seal!.keys.map(({ wraps }) => wraps.length)
      expect(lists).toEqual(Array.from({ length: 41 }, () => 2))
    }),
  30_000
)

it.live("[SK-43] a new key is wrapped for the device that makes it first, then for others that manage the space", () =>
  Effect.gen(function* () {
    const ann = yield* makeAlone(1)
    yield* ann.charter.write([founding(false), ...joining("mia", "member", 3), ...joining("bob", "admin", 2)])
    const bob = yield* makeAlone(2)
    yield* bob.charter.receive(ann.charter.beyond(everything, 1e7))
    yield* bob.keys.write([sealing])
    const [list] = bob.charter.state().seal!.keys[0]!.wraps
    expect(KeyWrap.tagsIn(list!)).toEqual([2, 1, 3].map((device) => KeyWrap.tagOf(keyOf(device))))
  })
)

it.live(
  "[SK-44] a device finds the key that it was given, whatever order records come to have",
  () =>
    Effect.gen(function* () {
      const key = secretOf(1)
      type Operations = CharterRecord.CharterRecord["operations"]
      const record = (device: number, before: CharterRecord.CharterRecord | undefined, operations: Operations) =>
        CharterRecord.seal(NodeCrypto.functions, NodeCrypto.signerOf(Redacted.value(seedOf(device))), {
          space,
          version: (before?.version ?? 0) + 1,
          behind: before === undefined ? [] : [before.id],
          at: HybridTime.make(1_800_000_000_000, 0),
          behalf: "",
          note: "",
          operations
        })
      const sharing = (wraps: Uint8Array) => ({ _tag: "ShareKey", key: key.commitment, wraps }) as const
      const people = [...joining("bob", "admin", 2), ...joining("mia", "member", 3), ...joining("zed", "member", 4)]
      const first = record(1, undefined, [founding(false), ...people])
      const wraps = yield* wrapped(key, 1, 2)
      const rotating = { _tag: "RotateKey", key: key.commitment, behind: null, before: null, wraps } as const
      const second = record(1, first, [sealing, rotating])
      const byBob = record(2, second, [sharing(yield* wrapped(key, 4))])
      // It takes the place of bob's, which does not count beside it.
      const byAnn = record(1, second, [sharing(yield* wrapped(key, 3)), { _tag: "RemoveMember", member: "bob" }])
      const mia = yield* makeAlone(3)
      yield* mia.charter.receive([first.bytes, second.bytes, byBob.bytes])
      yield* mia.keys.settle
      expect((yield* mia.keys.status).state).toBe("waiting")
      yield* mia.charter.receive([byAnn.bytes])
      yield* until(
        "mia has it",
        Effect.map(mia.keys.status, ({ state }) => state === "sealed")
      )
    }),
  30_000
)

it.live(
  "[SK-45] keys that the journal did not take and commits that it did not open are tried again with the next look",
  () =>
    Effect.gen(function* () {
      const ann = yield* makeAlone(1)
      yield* ann.charter.write([founding(false), ...joining("eve", "member", 2), sealing])
      yield* until("ann has the key", areReady(ann))
      yield* ann.put("n1", "for eve too")
      let isFull = true
      const full = new JournalError.JournalError({ reason: new JournalError.StoreFull({ path: "journal" }) })
      const eve = yield* makeAlone(2, (journal) => ({
        ...journal,
        hold: (held) => (isFull && held.keys.length > 0 ? Effect.fail(full) : journal.hold(held)),
        unlock: Effect.suspend(() => (isFull ? Effect.fail(full) : journal.unlock))
      }))
      yield* feedInto(ann.journal, peerOf(1), eve.journal)
      yield* eve.charter.receive(ann.charter.beyond(everything, 1e7))
      const failed = yield* Effect.flip(eve.keys.settle)
      expect(failed.reason._tag).toBe("StoreFull")
      expect(eve.journal.keys.sealing).not.toHaveProperty("id")
      isFull = false
      yield* eve.keys.settle
      expect(yield* eve.textOf("n1")).toBe("for eve too")
    }),
  30_000
)

it.live(
  "[SK-45] what was not opened is opened with the next look though no key is new",
  () =>
    Effect.gen(function* () {
      const ann = yield* makeAlone(1)
      yield* ann.charter.write([founding(false), ...joining("eve", "member", 2), sealing])
      yield* until("ann has the key", areReady(ann))
      yield* ann.put("n1", "for eve too")
      let failures = 1
      const full = new JournalError.JournalError({ reason: new JournalError.StoreFull({ path: "journal" }) })
      const eve = yield* makeAlone(2, (journal) => ({
        ...journal,
        unlock: Effect.suspend(() => (failures-- > 0 ? Effect.fail(full) : journal.unlock))
      }))
      yield* feedInto(ann.journal, peerOf(1), eve.journal)
      yield* eve.charter.receive(ann.charter.beyond(everything, 1e7))
      yield* until(
        "eve has the key",
        Effect.map(eve.keys.status, ({ state }) => state === "sealed")
      )
      yield* eve.keys.settle
      expect(yield* eve.textOf("n1")).toBe("for eve too")
    }),
  30_000
)

it.live(
  "[SK-46] a key in force that nobody was given who manages the space, or that does not open, is replaced",
  () =>
    Effect.gen(function* () {
      const { alice, hub, mia, network } = yield* sealedTeam(...joining("bob", "admin", 4))
      const bob = yield* makeNode({ network, device: 4, dials: [1] })
      yield* until("bob has the key", areReady(bob))
      const rotating = (wraps: Uint8Array): CharterOperation.CharterOperation => ({
        _tag: "RotateKey",
        key: NodeCrypto.functions.randomBytes(SpaceKey.commitmentBytes),
        behind: bob.charter.state().seal!.keys.at(-1)!.commitment,
        before: null,
        wraps
      })
      // Of a key that nobody knows, handed to nobody.
      yield* bob.charter.write([rotating(new Uint8Array(0))])
      yield* until("another one is in force", areReady(alice, bob, mia))
      expect(keysIn(hub)).toBe(3)
      // The same, and what everybody is handed is not the key.
      yield* bob.charter.write([rotating(yield* wrapped(secretOf(9), 2, 3, 4))])
      yield* until(
        "another one is in force again",
        Effect.sync(() => keysIn(hub) === 5)
      )
      yield* until("all have it", areReady(alice, bob, mia))
      yield* mia.put("n1", "work goes on")
      yield* until(
        "alice reads it",
        Effect.map(alice.textOf("n1"), (text) => text === "work goes on")
      )
    }),
  60_000
)

it.live(
  "[SK-57] a key that was wrapped for a member wrongly is told on that member's device, until another one leads to it",
  () =>
    Effect.gen(function* () {
      const { alice, hub, mia } = yield* sealedTeam(...joining("bob", "member", 4))
      const spoilt = Effect.map(mia.keys.status, ({ keysSpoilt }) => keysSpoilt)
      const counted = Effect.map(Metric.value(CoreMetrics.keysSpoilt), ({ count }) => count)
      const wraps = Bytes.concat(yield* wrapped(secretOf(2), 2, 4), yield* wrapped(secretOf(3), 3))
      const first = alice.charter.state().seal!.keys[0]!
      yield* alice.charter.write([
        { _tag: "RotateKey", key: secretOf(2).commitment, behind: first.commitment, before: null, wraps }
      ])
      yield* until(
        "mia is told",
        Effect.map(spoilt, (keys) => keys === 1)
      )
      expect(yield* mia.keys.status).toMatchObject({ state: "waiting", keysHeld: 1, keys: 2 })
      expect((yield* alice.keys.status).keysSpoilt).toBe(0)
      yield* hub.charter.write([{ _tag: "RemoveMember", member: "bob" }])
      yield* until("mia has the next key", areReady(mia))
      expect([keysIn(mia), yield* spoilt, yield* counted]).toEqual([3, 0, 1])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
  30_000
)

it.live(
  "[SK-47] what was sealed with a key that does not count is read by those who were handed it",
  () =>
    Effect.gen(function* () {
      const [ann, bob] = [yield* makeAlone(1), yield* makeAlone(2)]
      yield* ann.charter.write([founding(false), ...joining("bob", "admin", 2)])
      yield* bob.charter.receive(ann.charter.beyond(everything, 1e7))
      // Each on its own seals the space, and makes a key.
      for (const node of [ann, bob]) yield* node.charter.write([sealing])
      yield* until("both have one", areReady(ann, bob))
      yield* bob.put("n1", "work of a week")
      yield* ann.charter.receive(bob.charter.beyond(everything, 1e7))
      yield* bob.charter.receive(ann.charter.beyond(everything, 1e7))
      expect(keysIn(ann)).toBe(1)
      yield* feedInto(bob.journal, peerOf(2), ann.journal)
      yield* until(
        "ann reads it",
        Effect.map(ann.textOf("n1"), (text) => text === "work of a week")
      )
      expect(yield* bob.textOf("n1")).toBe("work of a week")
    }),
  30_000
)

it.live(
  "[SK-48] a device that has seen a key of a sealed space writes nothing in the clear when none counts any more",
  () =>
    Effect.gen(function* () {
      const [ann, bob, mia] = [yield* makeAlone(1), yield* makeAlone(2), yield* makeAlone(3)]
      yield* ann.charter.write([founding(false), ...joining("bob", "admin", 2), ...joining("mia", "member", 3)])
      for (const node of [bob, mia]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
      yield* bob.charter.write([sealing])
      yield* until("bob made a key", areReady(bob))
      yield* handOver(bob, mia)
      yield* until("mia has it", areReady(mia))
      yield* mia.put("n1", "sealed")
      // Ann has not heard of that; what bob did beside it does not count.
      yield* ann.charter.write([{ _tag: "RemoveMember", member: "bob" }, sealing])
      const [removal] = ann.charter.beyond(mia.charter.known(), 1e7)
      yield* mia.charter.receive([removal!])
      yield* mia.keys.settle
      expect([mia.charter.state().seal === undefined, keysIn(mia)]).toEqual([false, 0])
      expect(yield* mia.keys.status).toMatchObject({ state: "waiting", due: "first" })
      const refused = yield* Effect.flip(mia.put("n2", "a secret"))
      expect(refused).toMatchObject({ reason: { _tag: "SpaceLocked" } })
      expect((yield* mia.commits).map(isSealed)).toEqual([true])
      yield* until("ann made a key", areReady(ann))
      yield* handOver(ann, mia)
      yield* until("mia has it", areReady(mia))
      yield* mia.put("n2", "a secret")
      expect((yield* mia.commits).map(isSealed)).toEqual([true, true])
    }),
  30_000
)

it.live(
  "[SK-51] a key that does not lead to the one before does not take the history from newcomers",
  () =>
    Effect.gen(function* () {
      const { alice, hub, mia, network } = yield* sealedTeam()
      yield* mia.put("n1", "written before")
      const [first] = alice.charter.state().seal!.keys
      const wraps = yield* wrapped(secretOf(2), 2, 3)
      const before = new Uint8Array(SpaceKey.sealedKeyBytes)
      yield* alice.charter.write([
        { _tag: "RotateKey", key: secretOf(2).commitment, behind: first!.commitment, before, wraps }
      ])
      yield* hub.charter.write(joining("bob", "member", 4))
      const bob = yield* makeNode({ network, device: 4, dials: [1] })
      yield* until(
        "bob reads it",
        Effect.map(bob.textOf("n1"), (text) => text === "written before")
      )
    }),
  30_000
)
