/** Keys and sealings that were in force, and that what came to be known later makes count no more. */
import { expect, it } from "@effect/vitest"
import { CharterRecord, Commit, HybridTime, KeyWrap, SpaceKey } from "@syncline/core"
import { Effect, Redacted } from "effect"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import {
  areReady,
  everything,
  founding,
  handOver,
  isSealed,
  joining,
  keyOf,
  keysIn,
  makeAlone,
  makeNode,
  openTeam,
  type SealedNode,
  sealing,
  secretOf,
  space,
  until
} from "./sealedTeam.ts"
import { seedOf } from "./temporaryFolder.ts"

it.live(
  "[SK-48][SK-58][SK-59] a space whose sealing does not count any more waits for another key, and who manages it seals it again",
  () =>
    Effect.gen(function* () {
      const [ann, bob, mia] = [yield* makeAlone(1), yield* makeAlone(2), yield* makeAlone(3)]
      yield* ann.charter.write([founding(false), ...joining("bob", "admin", 2), ...joining("mia", "member", 3)])
      for (const node of [bob, mia]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
      yield* bob.charter.write([{ _tag: "SealSpace", showsHistory: true, periodDays: 7 }])
      yield* until("bob made a key", areReady(bob))
      yield* handOver(bob, mia)
      yield* until("mia has it", areReady(mia))
      // Ann has not heard of that.
      yield* ann.charter.write([{ _tag: "RemoveMember", member: "bob" }])
      yield* handOver(ann, mia)
      yield* mia.keys.settle
      expect(mia.charter.state().seal).toBeUndefined()
      expect(yield* mia.keys.status).toMatchObject({ state: "waiting", due: "first" })
      const refused = yield* Effect.flip(mia.put("n1", "a secret"))
      expect(refused).toMatchObject({ reason: { _tag: "SpaceLocked" } })
      expect(yield* mia.commits).toEqual([])
      yield* handOver(mia, ann)
      yield* until("ann sealed it again", areReady(ann))
      expect(ann.charter.state().seal).toMatchObject({ periodDays: 7, showsHistory: true, keys: [{}] })
      yield* handOver(ann, mia)
      yield* until("mia has the key", areReady(mia))
      yield* mia.put("n1", "a secret")
      expect((yield* mia.commits).map(isSealed)).toEqual([true])
    }),
  30_000
)

/** Pauses alice's device by a record of the hub that does not know of what she wrote behind one, and takes her back behind both. */
const passOver = Effect.fnUntraced(function* (
  node: SealedNode,
  before: { readonly version: number; readonly head: string }
) {
  const signer = NodeCrypto.signerOf(Redacted.value(seedOf(1)))
  const made = (version: number, behind: ReadonlyArray<string>, isPaused: boolean) =>
    CharterRecord.withReceipt(
      CharterRecord.seal(NodeCrypto.functions, signer, {
        space,
        version,
        behind,
        at: HybridTime.make(Date.now(), 0),
        behalf: "",
        note: "",
        operations: [{ _tag: "PauseDevice", device: keyOf(2), isPaused }]
      }),
      signer
    )
  const tip = node.charter.state()
  const pause = made(before.version + 1, [before.head], true)
  const back = made(Math.max(tip.version, pause.version) + 1, [pause.id, tip.head].sort(), false)
  const records = [pause.bytes, back.bytes]
  expect(yield* node.charter.receive(records)).toMatchObject({ added: 2, refused: [] })
  return records
})

it.live(
  "[SK-48][CH-24] a hub that makes the sealing of others count no more, by records beside and behind it, gets nothing in the clear by that",
  () =>
    Effect.gen(function* () {
      const { alice, hub, mia } = yield* openTeam()
      const before = hub.charter.state()
      yield* alice.keys.write([sealing])
      yield* until("both have the key", areReady(alice, mia))
      yield* passOver(mia, before)
      expect(mia.charter.state().seal).toBeUndefined()
      yield* mia.keys.settle
      expect(yield* mia.keys.status).toMatchObject({ state: "waiting", due: "first" })
      expect(yield* Effect.flip(mia.put("n1", "a secret"))).toMatchObject({ reason: { _tag: "SpaceLocked" } })
      expect(yield* mia.commits).toEqual([])
    }),
  30_000
)

it.live(
  "[SK-60] a key that was replaced seals nothing more where what replaced it does not count, and is replaced anew",
  () =>
    Effect.gen(function* () {
      const { alice, hub, mia, network } = yield* openTeam(...joining("bob", "member", 4), sealing)
      const bob = yield* makeNode({ network, device: 4, dials: [1] })
      yield* until("all have the key", areReady(alice, mia, bob))
      const bobs = mia.charter.state().seal!.keys[0]!.id
      yield* hub.charter.write([{ _tag: "RemoveMember", member: "bob" }])
      const removal = hub.charter.state()
      yield* until(
        "a second key is in force",
        Effect.sync(() => keysIn(hub) === 2)
      )
      yield* until("alice and mia have it", areReady(alice, mia))
      const records = yield* passOver(mia, removal)
      const { members, seal } = mia.charter.state()
      expect([members.has("bob"), seal!.keys.map(({ id }) => id)]).toEqual([false, [bobs]])
      yield* mia.keys.settle
      expect((yield* mia.keys.status).state).toBe("waiting")
      expect(yield* Effect.flip(mia.put("n1", "not for bob"))).toMatchObject({ reason: { _tag: "SpaceLocked" } })
      expect(yield* mia.commits).toEqual([])
      // It tells alice, too: she puts another one in force.
      yield* hub.charter.receive(records)
      yield* until("alice and mia have a new key", areReady(alice, mia))
      yield* mia.put("n1", "not for bob")
      const [commit] = yield* mia.commits
      const used = (Commit.open(commit!) as Commit.PackedCommit).header.seal!.key
      expect(used).toBe(hub.charter.state().seal!.keys[1]!.id)
      expect(used).not.toBe(bobs)
    }),
  30_000
)

it.live(
  "[SK-60] also where nobody lies: a senior pauses who had put the later key in force, and puts one in force itself",
  () =>
    Effect.gen(function* () {
      const [ann, bob, mia] = [yield* makeAlone(1), yield* makeAlone(2), yield* makeAlone(3)]
      const others = [...joining("bob", "admin", 2), ...joining("mia", "member", 3)]
      yield* ann.charter.write([founding(false), ...others, sealing])
      yield* until("ann has the key", areReady(ann))
      for (const node of [bob, mia]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
      yield* until("all have it", areReady(bob, mia))
      const [first] = ann.charter.state().seal!.keys
      const wraps = yield* KeyWrap.wrap(secretOf(2), [1, 2, 3].map(keyOf))
      const before = SpaceKey.sealBefore(NodeCrypto.functions, secretOf(2), secretOf(1))
      yield* bob.charter.write([
        { _tag: "RotateKey", key: secretOf(2).commitment, behind: first!.commitment, before, wraps }
      ])
      yield* handOver(bob, mia)
      yield* until("mia seals with the second", areReady(mia))
      yield* mia.put("n1", "under the second key")
      yield* ann.charter.write([{ _tag: "PauseDevice", device: keyOf(2), isPaused: true }])
      yield* handOver(ann, mia)
      yield* mia.keys.settle
      expect(yield* mia.keys.status).toMatchObject({ state: "waiting", due: "undone" })
      expect(yield* Effect.flip(mia.put("n2", "a secret"))).toMatchObject({ reason: { _tag: "SpaceLocked" } })
      yield* handOver(mia, ann)
      yield* until(
        "ann puts a new one in force",
        Effect.sync(() => keysIn(ann) === 2)
      )
      yield* until("nothing more is due", areReady(ann))
      yield* handOver(ann, mia)
      yield* until("mia has it", areReady(mia))
      yield* mia.put("n2", "a secret")
      const used = (yield* mia.commits).map((bytes) => (Commit.open(bytes) as Commit.PackedCommit).header.seal?.key)
      const inForce = mia.charter.state().seal!.keys.at(-1)!.id
      expect(used).toEqual([secretOf(2).id, inForce])
      expect(inForce).not.toBe(first!.id)
      expect(yield* mia.textOf("n1")).toBe("under the second key")
    }),
  30_000
)
