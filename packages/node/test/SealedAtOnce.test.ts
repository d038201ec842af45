/** What is written in the moment in which a record comes to count, before the journal has its keys. */
import { expect, it } from "@effect/vitest"
import { Commit, type Journal, JournalError } from "@syncline/core"
import { Deferred, Effect, Fiber } from "effect"
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
  sealing,
  until
} from "./sealedTeam.ts"

const sealedWith = (bytes: Uint8Array) => (Commit.open(bytes) as Commit.PackedCommit).header.seal?.key
const inForceAt = ({ charter }: SealedNode) => charter.state().seal?.keys.at(-1)?.id

const full = new JournalError.JournalError({ reason: new JournalError.StoreFull({ path: "somewhere" }) })

/** A journal that takes keys when it is let, or not at all. */
const holding = () => {
  let waits: Deferred.Deferred<boolean> | undefined
  const before = (journal: Journal.JournalShape): Journal.JournalShape => ({
    ...journal,
    hold: (held) =>
      Effect.suspend(() => (waits === undefined ? Effect.succeed(true) : Deferred.await(waits))).pipe(
        Effect.flatMap((takes) => (takes ? journal.hold(held) : Effect.fail(full)))
      )
  })
  const wait = Effect.map(Deferred.make<boolean>(), (made) => (waits = made))
  const letIt = (takes: boolean) => Effect.suspend(() => Deferred.succeed(waits!, takes))
  return { before, wait, letIt }
}

/** Ann owns the space, mia and xav are members; mia's journal may wait. */
const team = Effect.fnUntraced(function* (isSealed: boolean) {
  const { before, letIt, wait } = holding()
  const [ann, mia, xav] = [yield* makeAlone(1), yield* makeAlone(3, before), yield* makeAlone(4)]
  const people = [...joining("mia", "member", 3), ...joining("xav", "member", 4)]
  yield* ann.charter.write([founding(false), ...people, ...(isSealed ? [sealing] : [])])
  if (isSealed) yield* until("ann has the key", areReady(ann))
  for (const node of [mia, xav]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
  if (isSealed) yield* until("all have it", areReady(mia, xav))
  return { ann, mia, xav, wait, letIt }
})

it.live(
  "[SK-83] what is written as soon as a removal counts is sealed with the new key",
  () =>
    Effect.gen(function* () {
      const { ann, mia, xav } = yield* team(true)
      yield* ann.keys.write([{ _tag: "RemoveMember", member: "xav" }])
      yield* handOver(ann, mia)
      yield* mia.put("n1", "not for xav")
      expect((yield* mia.commits).map(sealedWith)).toEqual([inForceAt(ann)])
      yield* xav.charter.receive(ann.charter.beyond(everything, 1e7))
      yield* feedInto(mia.journal, peerOf(3), xav.journal)
      yield* xav.keys.settle
      expect(yield* xav.textOf("n1")).toBeUndefined()
    }),
  30_000
)

it.live(
  "[SK-83] what is written as soon as the first key counts is not written in the clear",
  () =>
    Effect.gen(function* () {
      const { ann, mia } = yield* team(false)
      yield* ann.charter.write([sealing])
      yield* until("ann has the key", areReady(ann))
      yield* handOver(ann, mia)
      yield* mia.put("n1", "not for the hub")
      expect((yield* mia.commits).map(sealedWith)).toEqual([inForceAt(ann)])
    }),
  30_000
)

it.live(
  "[SK-83] a write waits for a journal that takes its time with the keys, and fails where it does not take them",
  () =>
    Effect.gen(function* () {
      const { ann, letIt, mia, wait } = yield* team(true)
      yield* ann.keys.write([{ _tag: "RemoveMember", member: "xav" }, ...joining("yve", "member", 6)])
      yield* wait
      yield* handOver(ann, mia)
      const putting = yield* Effect.forkChild(mia.put("n1", "later"), { startImmediately: true })
      yield* Effect.sleep(100)
      expect(yield* mia.commits).toEqual([])
      yield* letIt(true)
      yield* Fiber.join(putting)
      expect((yield* mia.commits).map(sealedWith)).toEqual([inForceAt(ann)])
      yield* ann.keys.write([{ _tag: "RemoveMember", member: "yve" }])
      yield* wait
      yield* letIt(false)
      yield* handOver(ann, mia)
      expect(yield* Effect.flip(mia.put("n2", "not for yve"))).toBe(full)
      expect((yield* mia.commits).length).toBe(1)
    }),
  30_000
)
