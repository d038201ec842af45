/** Somebody who manages a sealed space puts as many keys in force as they may, and is taken out. */
import { expect, it } from "@effect/vitest"
import { type CharterOperation, Commit, KeyWrap, SpaceKey } from "@syncline/core"
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
  sealing,
  until
} from "./sealedTeam.ts"

const sealedWith = (bytes: Uint8Array) => (Commit.open(bytes) as Commit.PackedCommit).header.seal?.key

/** Ann owns the space; bob, with a role, has put so many keys in force, the last of them for everybody, and is taken out. Mia is a member. */
const exhausted = Effect.fnUntraced(function* (role: string, count: number) {
  const [ann, bob, mia] = [yield* makeAlone(1), yield* makeAlone(2), yield* makeAlone(3)]
  yield* ann.charter.write([founding(false), ...joining("bob", role, 2), ...joining("mia", "member", 3), sealing])
  yield* until("ann has the key", areReady(ann))
  for (const node of [bob, mia]) yield* node.charter.receive(ann.charter.beyond(everything, 1e7))
  yield* until("all have it", areReady(bob, mia))
  let behind = bob.charter.state().seal!.keys[0]!.commitment
  for (let made = 1; made < count;) {
    const rotating: Array<CharterOperation.CharterOperation> = []
    for (; rotating.length < 64 && made < count; made++) {
      const secret = new Uint8Array(SpaceKey.spaceKeyBytes)
        .fill(7)
        .fill(made >> 8, 0, 1)
        .fill(made & 255, 1, 2)
      const key = SpaceKey.of(bob.journal.info.space, secret)
      const wraps = yield* KeyWrap.wrap(key, (made === count - 1 ? [1, 2, 3] : [2]).map(keyOf))
      rotating.push({ _tag: "RotateKey", key: key.commitment, behind, before: null, wraps })
      behind = key.commitment
    }
    yield* bob.charter.write(rotating)
  }
  const beyond = SpaceKey.of(bob.journal.info.space, new Uint8Array(SpaceKey.spaceKeyBytes).fill(8))
  const wraps = yield* KeyWrap.wrap(beyond, [1, 2, 3].map(keyOf))
  const more = { _tag: "RotateKey", key: beyond.commitment, behind, before: null, wraps } as const
  expect((yield* Effect.flip(bob.charter.write([more]))).reason._tag).toBe("CharterDenied")
  yield* handOver(bob, ann)
  yield* ann.keys.write([{ _tag: "RemoveMember", member: "bob" }])
  yield* handOver(ann, mia)
  const written = yield* Effect.result(mia.put("n1", "not for bob"))
  yield* feedInto(mia.journal, peerOf(3), bob.journal)
  yield* bob.keys.settle
  expect(yield* bob.textOf("n1")).toBeUndefined()
  return { ann, mia, written }
})

it.live(
  "[CH-78][SK-36] an admin who put all keys in force that it may is taken out with a key that it does not have",
  () =>
    Effect.gen(function* () {
      const { ann, mia, written } = yield* exhausted("admin", 2_048)
      expect(written._tag).toBe("Success")
      const { keys } = ann.charter.state().seal!
      expect(keys.length).toBe(2_049)
      expect((yield* mia.commits).map(sealedWith)).toEqual([keys.at(-1)!.id])
    }),
  120_000
)

it.live(
  "[SK-84] where no further key can come, nothing is sealed with the one that a removed device has",
  () =>
    Effect.gen(function* () {
      const { mia, written } = yield* exhausted("owner", 4_096)
      expect((yield* mia.commits).map(sealedWith)).not.toContain(mia.charter.state().seal!.keys.at(-1)!.id)
      expect(written._tag).toBe("Failure")
      expect(yield* mia.keys.status).toMatchObject({ state: "waiting", due: "removed" })
    }),
  120_000
)
