/** What the journal of a sealed space is told to seal with, as soon as the charter says something else. */
import { expect, it } from "@effect/vitest"
import { Commit, JournalError, Quarantine } from "@syncline/core"
import { Clock, Effect, Fiber } from "effect"
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
  type SealedNode,
  sealing,
  until
} from "./sealedTeam.ts"

/** The keys that its commits are sealed with. */
const usedKeys = (node: SealedNode) =>
  Effect.map(node.commits, (all) => all.map((bytes) => (Commit.open(bytes) as Commit.PackedCommit).header.seal?.key))

/** Long before a record that waits for the hub gives up. */
const atOnce = "3 seconds"

it.live("[SK-70] what is written behind a sealing that has returned, with a key in force, is sealed", () =>
  Effect.gen(function* () {
    const ann = yield* makeAlone(1)
    yield* ann.charter.write([founding(false)])
    const after = yield* ann.keys.write([sealing])
    expect(after.seal!.keys.length).toBe(1)
    yield* ann.put("n1", "a secret")
    expect((yield* ann.commits).map(isSealed)).toEqual([true])
  })
)

it.live("[SK-70] also where what was due was done by a call", () =>
  Effect.gen(function* () {
    const ann = yield* makeAlone(1)
    yield* ann.charter.write([founding(false), sealing])
    expect(yield* ann.keys.settle).toBe(true)
    yield* ann.put("n1", "a secret")
    expect((yield* ann.commits).map(isSealed)).toEqual([true])
  })
)

it.live("[SK-70] what is written behind a removal that has returned is not sealed with a key of who was removed", () =>
  Effect.gen(function* () {
    const [ann, xav] = [yield* makeAlone(1), yield* makeAlone(5)]
    yield* ann.charter.write([founding(false), ...joining("xav", "member", 5), sealing])
    yield* until("ann has the key", areReady(ann))
    yield* xav.charter.receive(ann.charter.beyond(everything, 1e7))
    yield* until("xav has it", areReady(xav))
    const after = yield* ann.keys.write([{ _tag: "RemoveMember", member: "xav" }])
    expect([after.members.has("xav"), after.seal!.keys.length]).toEqual([false, 2])
    yield* ann.put("n1", "written after xav's removal")
    yield* feedInto(ann.journal, peerOf(1), xav.journal)
    expect(yield* xav.textOf("n1")).toBeUndefined()
    expect(yield* usedKeys(ann)).toEqual([after.seal!.keys[1]!.id])
  })
)

it.live(
  "[SK-70] the same through a hub",
  () =>
    Effect.gen(function* () {
      const { alice, hub, network } = yield* openTeam(...joining("xav", "member", 5), sealing)
      const xav = yield* makeNode({ network, device: 5, dials: [1] })
      yield* until("all have the key", areReady(alice, xav))
      const after = yield* alice.keys.write([{ _tag: "RemoveMember", member: "xav" }])
      expect([after.members.has("xav"), after.seal!.keys.length]).toEqual([false, 2])
      yield* alice.put("n1", "written after xav's removal")
      yield* until(
        "the hub has it",
        Effect.map(hub.commits, (all) => all.length === 1)
      )
      // As from a copy of the hub's database.
      yield* feedInto(hub.journal, peerOf(1), xav.journal)
      expect(yield* xav.textOf("n1")).toBeUndefined()
      expect(yield* usedKeys(alice)).toEqual([after.seal!.keys[1]!.id])
    }),
  30_000
)

it.live("[SK-70] a record that is written, and whose key the journal does not take, does not return as if it did", () =>
  Effect.gen(function* () {
    let isFull = false
    const ann = yield* makeAlone(1, (journal) => ({
      ...journal,
      hold: (held) =>
        Effect.suspend(() => {
          const reason = new JournalError.StoreFull({ path: "journal" })
          return isFull ? Effect.fail(new JournalError.JournalError({ reason })) : journal.hold(held)
        })
    }))
    yield* ann.charter.write([founding(false)])
    isFull = true
    const failed = yield* Effect.flip(ann.keys.write([sealing]))
    expect(failed).toMatchObject({ _tag: "JournalError", reason: { _tag: "StoreFull" } })
    expect([keysIn(ann), (yield* ann.keys.status).state]).toEqual([1, "waiting"])
    isFull = false
    yield* ann.keys.settle
    yield* ann.put("n1", "a secret")
    expect((yield* ann.commits).map(isSealed)).toEqual([true])
  })
)

/** A record of this device that waits for a hub which it does not reach. */
const waitingWrite = ({ keys }: SealedNode) =>
  Effect.forkChild(Effect.result(keys.write([{ _tag: "SetTeam", team: "west", name: "West" }])), {
    startImmediately: true
  })

it.live(
  "[SK-71] a device whose own record waits for the hub seals with a later key at once",
  () =>
    Effect.gen(function* () {
      const more = [...joining("xav", "member", 5), ...joining("bob", "admin", 4), sealing]
      const { alice, hub, network } = yield* openTeam(...more)
      const xav = yield* makeNode({ network, device: 5, dials: [1] })
      // The hub's records reach it by another way than the hub, e.g. from a device beside it.
      const bob = yield* makeAlone(4)
      yield* until("all have the key", areReady(alice, xav))
      yield* handOver(hub, bob)
      yield* until("bob has it", areReady(bob))
      const waiting = yield* waitingWrite(bob)
      const after = yield* alice.keys.write([{ _tag: "RemoveMember", member: "xav" }])
      yield* handOver(hub, bob)
      expect([bob.charter.state().members.has("xav"), keysIn(bob)]).toEqual([false, 2])
      yield* Effect.timeout(until("bob seals with it", areReady(bob)), atOnce)
      expect(waiting.pollUnsafe()).toBeUndefined()
      yield* bob.put("n1", "not for xav")
      yield* feedInto(bob.journal, peerOf(4), xav.journal)
      expect(yield* xav.textOf("n1")).toBeUndefined()
      expect(yield* usedKeys(bob)).toEqual([after.seal!.keys[1]!.id])
      yield* Fiber.interrupt(waiting)
    }),
  30_000
)

it.live(
  "[SK-71] also with the first one: it writes nothing in the clear any more",
  () =>
    Effect.gen(function* () {
      const { alice, hub } = yield* openTeam(...joining("bob", "admin", 4))
      const bob = yield* makeAlone(4)
      yield* handOver(hub, bob)
      const waiting = yield* waitingWrite(bob)
      yield* hub.charter.write([sealing])
      yield* until("alice made a key", areReady(alice))
      yield* handOver(hub, bob)
      expect(keysIn(bob)).toBe(1)
      yield* Effect.timeout(until("bob seals with it", areReady(bob)), atOnce)
      expect(waiting.pollUnsafe()).toBeUndefined()
      yield* bob.put("n1", "a secret")
      expect((yield* bob.commits).map(isSealed)).toEqual([true])
      yield* Fiber.interrupt(waiting)
    }),
  30_000
)

it.live("[SK-71] a later key does not wait until what the earlier one opens is opened", () =>
  Effect.gen(function* () {
    const [ann, mia] = [yield* makeAlone(1), yield* makeAlone(3, (journal) => ({ ...journal, unlock: Effect.never }))]
    yield* ann.charter.write([founding(false), ...joining("mia", "member", 3), ...joining("xav", "member", 5)])
    for (const operation of [sealing, { _tag: "RemoveMember", member: "xav" } as const]) {
      const { seal } = yield* ann.keys.write([operation])
      yield* handOver(ann, mia)
      yield* Effect.timeout(until("mia seals with it", areReady(mia)), atOnce)
      yield* mia.put("n1", `under key ${seal!.keys.length}`)
      expect((yield* usedKeys(mia)).at(-1)).toBe(seal!.keys.at(-1)!.id)
    }
  })
)

it.live(
  "[SK-72] who sealed with a key that was made against a removed member does not go back to one which that member has",
  () =>
    Effect.gen(function* () {
      const [ann, bob, mia, xav] = [yield* makeAlone(1), yield* makeAlone(2), yield* makeAlone(3), yield* makeAlone(5)]
      const managing = [...joining("bob", "admin", 2), ...joining("mia", "member", 3)]
      const leaving = [...joining("xav", "member", 5), ...joining("yve", "member", 6)]
      yield* ann.charter.write([founding(false), ...managing, ...leaving, sealing])
      yield* until("ann has the key", areReady(ann))
      for (const node of [bob, mia, xav]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
      yield* until("all have it", areReady(bob, mia, xav))
      // The key follows in a record of its own.
      yield* bob.charter.write([{ _tag: "RemoveMember", member: "xav" }])
      yield* until("a second key", areReady(bob))
      yield* handOver(bob, mia)
      yield* until("mia seals with it", areReady(mia))
      const second = bob.charter.state().seal!.keys[1]!.id
      // Ann has not heard of it, and xav hears of hers.
      yield* ann.keys.write([{ _tag: "RemoveMember", member: "yve" }])
      for (const node of [xav, mia]) yield* handOver(ann, node)
      const { members, seal } = mia.charter.state()
      expect([members.has("xav"), seal!.keys.length]).toEqual([false, 2])
      expect(seal!.keys.map(({ id }) => id)).not.toContain(second)
      yield* mia.keys.settle
      expect(yield* mia.keys.status).toMatchObject({ state: "waiting", due: "removed" })
      expect(yield* Effect.flip(mia.put("n1", "not for xav"))).toMatchObject({ reason: { _tag: "SpaceLocked" } })
      expect(yield* mia.commits).toEqual([])
      // Ann hears of it, and puts another one in force.
      yield* handOver(mia, ann)
      yield* until("ann put one in force", areReady(ann))
      yield* handOver(ann, mia)
      yield* until("mia has it", areReady(mia))
      yield* mia.put("n1", "not for xav")
      yield* handOver(ann, xav)
      yield* xav.keys.settle
      yield* feedInto(mia.journal, peerOf(3), xav.journal)
      expect(yield* xav.textOf("n1")).toBeUndefined()
      expect(yield* usedKeys(mia)).toEqual([ann.charter.state().seal!.keys.at(-1)!.id])
    }),
  30_000
)

it.live("[SK-72] from a removal until the first key after it, the others write under the one that there is", () =>
  Effect.gen(function* () {
    const [ann, mia] = [yield* makeAlone(1), yield* makeAlone(3)]
    yield* ann.charter.write([founding(false), ...joining("mia", "member", 3), ...joining("xav", "member", 5), sealing])
    yield* until("ann has the key", areReady(ann))
    yield* ann.charter.write([{ _tag: "RemoveMember", member: "xav" }])
    yield* mia.charter.receive(ann.charter.beyond(everything, 1e7))
    yield* mia.keys.settle
    expect(yield* mia.keys.status).toMatchObject({ state: "sealed", due: "removed" })
    yield* mia.put("n1", "xav could read it")
    expect(yield* usedKeys(mia)).toEqual([mia.charter.state().seal!.keys[0]!.id])
  })
)

const yearMs = 365 * 24 * 3_600_000

/** What a peer says of the first commit. */
const aheadOf = (peer: number) => ({
  peer: peerOf(peer),
  incarnation: "00112233445566ff",
  isCustodian: true,
  givesWay: false,
  acknowledged: 0,
  told: 0,
  proven: undefined,
  unsent: [],
  verdicts: [
    { code: "StampTooFarAhead", kind: "refused", rule: "", policyVersion: 0, because: "a year ahead", lseq: 1 } as const
  ]
})

it.live(
  "[SK-73] what waited for a key to be sealed with is written again where the sealing with a key held before counts again",
  () =>
    Effect.gen(function* () {
      const [ann, bob, eve, mia] = [yield* makeAlone(1), yield* makeAlone(2), yield* makeAlone(4), yield* makeAlone(3)]
      yield* ann.charter.write([founding(false), ...joining("eve", "owner", 4)])
      yield* ann.charter.write([...joining("bob", "admin", 2), ...joining("mia", "member", 3)])
      for (const node of [bob, eve, mia]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
      yield* bob.keys.write([sealing])
      yield* handOver(bob, mia)
      yield* until("mia has the key", areReady(mia))
      const live = yield* Clock.Clock
      const aheadMs = Effect.map(live.currentTimeMillis, (nowMs) => nowMs + yearMs)
      const ahead: Clock.Clock = Object.create(live, { currentTimeMillis: { value: aheadMs } })
      yield* Effect.provideService(mia.put("n1", "a year ahead"), Clock.Clock, ahead)
      // Eve, who is senior to bob, has not heard of his sealing.
      yield* eve.charter.write([{ _tag: "PauseDevice", device: keyOf(2), isPaused: true }])
      yield* handOver(eve, mia)
      yield* until(
        "mia waits",
        Effect.map(mia.keys.status, ({ state }) => state === "waiting")
      )
      expect(yield* mia.journal.settle(aheadOf(2))).toMatchObject({ rewritten: [] })
      expect(Quarantine.waitingOf(yield* mia.journal.quarantineCounts)).toBe(1)
      // Nor has ann, who is senior to both, of eve's record.
      yield* ann.charter.write([{ _tag: "PauseDevice", device: keyOf(4), isPaused: true }])
      yield* handOver(ann, mia)
      yield* until("mia seals again", areReady(mia))
      yield* until(
        "it is written again",
        Effect.map(mia.journal.quarantineCounts, (counts) => Quarantine.waitingOf(counts) === 0)
      )
      expect(yield* mia.textOf("n1")).toBe("a year ahead")
      expect(yield* usedKeys(mia)).toEqual([bob.charter.state().seal!.keys[0]!.id])
    }),
  30_000
)
