/** Contents that were sealed with a key whose whole record does not count any more, in a space without a hub. */
import { expect, it } from "@effect/vitest"
import { Commit } from "@syncline/core"
import { Effect } from "effect"
import {
  areReady,
  everything,
  feedInto,
  founding,
  handOver,
  joining,
  makeAlone,
  peerOf,
  type SealedNode,
  until
} from "./sealedTeam.ts"

const sealedWith = (bytes: Uint8Array) => (Commit.open(bytes) as Commit.PackedCommit).header.seal?.key

/**
 * Ann owns the space, bob and carl manage it, mia and xav are members. Bob removes xav with a new key, mia writes with that, and ann, who
 * has not heard of it, removes bob. In the end ann, carl and mia know all of that.
 */
const undone = Effect.fnUntraced(function* (showsHistory: boolean) {
  const nodes = yield* Effect.forEach([1, 2, 3, 4, 5], (device) => makeAlone(device))
  const [ann, bob, mia, xav, carl] = nodes as [SealedNode, SealedNode, SealedNode, SealedNode, SealedNode]
  const people = [...joining("bob", "admin", 2), ...joining("mia", "member", 3), ...joining("xav", "member", 4)]
  const seal = { _tag: "SealSpace", showsHistory, periodDays: null } as const
  yield* ann.charter.write([founding(false), ...people, ...joining("carl", "admin", 5), seal])
  yield* until("ann has the key", areReady(ann))
  for (const node of [bob, mia, xav, carl]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
  yield* until("all have it", areReady(bob, mia, xav, carl))
  yield* bob.keys.write([{ _tag: "RemoveMember", member: "xav" }])
  yield* handOver(bob, mia)
  yield* until("mia has bob's key", areReady(mia))
  yield* mia.put("n1", "not for xav")
  yield* ann.keys.write([{ _tag: "RemoveMember", member: "bob" }])
  yield* handOver(mia, ann)
  yield* ann.keys.settle
  yield* until("ann has done all", areReady(ann))
  for (const node of [mia, carl]) yield* handOver(ann, node)
  yield* until("all know of it", areReady(mia, carl))
  yield* feedInto(mia.journal, peerOf(3), ann.journal)
  yield* ann.keys.settle
  const lost = sealedWith((yield* mia.commits)[0]!)!
  expect(ann.charter.state().seal!.keys.map(({ id }) => id)).not.toContain(lost)
  expect(ann.charter.rivals().length).toBe(1)
  expect(yield* ann.textOf("n1")).toBe("not for xav")
  return { ann, bob, mia, xav, carl, lost }
})

/** A device that comes only now, with all that another one has. */
const late = Effect.fnUntraced(function* (device: number, from: SealedNode, peer: number) {
  const node = yield* makeAlone(device)
  yield* node.charter.receive(from.charter.beyond(everything, 1e7))
  yield* until("it is done", areReady(node))
  yield* feedInto(from.journal, peerOf(peer), node.journal)
  yield* node.keys.settle
  return node
})

it.live(
  "[SK-82] a newcomer reads what was sealed with a key whose record does not count, and whom that removed does not",
  () =>
    Effect.gen(function* () {
      const { ann, bob, carl, lost, mia, xav } = yield* undone(true)
      yield* ann.keys.write(joining("zoe", "member", 6))
      yield* until("ann is done", areReady(ann))
      const zoe = yield* late(6, ann, 1)
      expect(yield* zoe.textOf("n1")).toBe("not for xav")
      expect(yield* zoe.keys.status).toMatchObject({ lockedCommits: 0, due: null })
      // Somebody else hands it on as well who manages the space.
      yield* handOver(ann, carl)
      yield* carl.keys.write(joining("yve", "member", 7))
      yield* until("carl is done", areReady(carl))
      yield* feedInto(ann.journal, peerOf(1), carl.journal)
      expect(yield* (yield* late(7, carl, 5)).textOf("n1")).toBe("not for xav")
      yield* handOver(carl, ann)
      // Xav is a member all the same, and bob is none any more.
      for (const [node, device] of [
        [xav, 4],
        [bob, 2]
      ] as const) {
        yield* handOver(ann, node)
        yield* node.keys.settle
        yield* feedInto(ann.journal, peerOf(1), node.journal)
        yield* node.keys.settle
        expect([device, yield* node.textOf("n1")]).toEqual([device, device === 4 ? undefined : "not for xav"])
      }
      // Nothing is sealed with it again.
      for (const [i, node] of [ann, carl, mia, zoe].entries()) {
        yield* handOver(ann, node)
        yield* node.put(`later${i}`, "written later")
        expect((yield* node.commits).filter((bytes) => sealedWith(bytes) === lost).length).toBeLessThanOrEqual(1)
      }
    }),
  60_000
)

it.live(
  "[SK-82] where the history is hidden newcomers are not handed it, and a further device of who was there is",
  () =>
    Effect.gen(function* () {
      const { ann } = yield* undone(false)
      yield* ann.keys.write(joining("zoe", "member", 6))
      const [, phone] = joining("mia", "member", 7)
      yield* ann.keys.write([phone!])
      yield* until("ann is done", areReady(ann))
      const [zoe, mias] = [yield* late(6, ann, 1), yield* late(7, ann, 1)]
      expect([yield* zoe.textOf("n1"), yield* mias.textOf("n1")]).toEqual([undefined, "not for xav"])
    }),
  60_000
)
