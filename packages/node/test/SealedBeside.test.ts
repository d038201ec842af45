/** Keys of a space without a hub that two people put in force without knowing of each other. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  areReady,
  everything,
  feedInto,
  founding,
  handOver,
  joining,
  keyOf,
  makeAlone,
  peerOf,
  type SealedNode,
  sealing,
  until
} from "./sealedTeam.ts"

const remove = (member: string) => ({ _tag: "RemoveMember", member }) as const

const membersOf = ({ charter }: SealedNode) => [...charter.state().members.keys()]

/** Ann owns the space and bob manages it; both have its first key, as xav has, who is a member like yve. */
const team = Effect.gen(function* () {
  const [ann, bob, xav] = [yield* makeAlone(1), yield* makeAlone(2), yield* makeAlone(5)]
  const others = [...joining("bob", "admin", 2), ...joining("xav", "member", 5), ...joining("yve", "member", 6)]
  yield* ann.charter.write([founding(false), ...others, sealing])
  yield* until("ann has the key", areReady(ann))
  for (const node of [bob, xav]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
  yield* until("all have it", areReady(bob, xav))
  return { ann, bob, xav }
})

/** Until neither has anything new to say. */
const meet = Effect.fnUntraced(function* (ann: SealedNode, bob: SealedNode) {
  for (let round = 0; round < 3; round++) {
    yield* handOver(bob, ann)
    yield* handOver(ann, bob)
    yield* ann.keys.settle
    yield* bob.keys.settle
  }
  yield* until("both seal with the same key", areReady(ann, bob))
})

it.live(
  "[CH-7][CH-75] who was removed with a new key reads nothing more, whatever key somebody senior put in force beside it",
  () =>
    Effect.gen(function* () {
      const { ann, bob, xav } = yield* team
      yield* bob.keys.write([remove("xav")])
      // Ann has not heard of it.
      yield* ann.keys.write([remove("yve")])
      yield* meet(ann, bob)
      expect([membersOf(ann), membersOf(bob), ann.charter.rivals().length]).toEqual([["ann", "bob"], ["ann", "bob"], 0])
      expect(ann.charter.digest()).toEqual(bob.charter.digest())
      yield* xav.charter.receive(ann.charter.beyond(everything, 1e7))
      yield* xav.keys.settle
      yield* ann.put("n1", "written after xav's removal")
      yield* feedInto(ann.journal, peerOf(1), xav.journal)
      yield* feedInto(ann.journal, peerOf(1), bob.journal)
      expect([yield* xav.textOf("n1"), yield* bob.textOf("n1")]).toEqual([undefined, "written after xav's removal"])
    }),
  30_000
)

it.live(
  "[SK-34][SK-80] a newcomer reads also what was sealed with a key that could not come into force",
  () =>
    Effect.gen(function* () {
      const { ann, bob } = yield* team
      yield* bob.keys.write([remove("xav")])
      yield* bob.put("n1", "under bob's key")
      yield* ann.keys.write([remove("yve")])
      yield* ann.put("n2", "under ann's key")
      yield* meet(ann, bob)
      yield* feedInto(bob.journal, peerOf(2), ann.journal)
      yield* ann.keys.settle
      expect([yield* ann.textOf("n1"), yield* ann.textOf("n2")]).toEqual(["under bob's key", "under ann's key"])
      // A further device of ann's own, and somebody who is new, get everything that she has.
      const phone = { _tag: "AddDevice", member: "ann", device: keyOf(7), name: "ann's phone" } as const
      yield* ann.keys.write([phone, ...joining("zoe", "member", 8)])
      yield* until("ann is done", areReady(ann))
      for (const device of [7, 8]) {
        const late = yield* makeAlone(device)
        yield* late.charter.receive(ann.charter.beyond(everything, 1e7))
        yield* until("it has the keys", areReady(late))
        yield* feedInto(ann.journal, peerOf(1), late.journal)
        yield* late.keys.settle
        expect([yield* late.textOf("n1"), yield* late.textOf("n2")]).toEqual(["under bob's key", "under ann's key"])
        expect(yield* late.keys.status).toMatchObject({ lockedCommits: 0, due: null })
      }
    }),
  30_000
)
