/** Somebody is removed from a sealed space of a thousand members. */
import { expect, it } from "@effect/vitest"
import { type CharterOperation, CharterRecord } from "@syncline/core"
import { Effect } from "effect"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import { areReady, founding, keysIn, makeAlone, sealing, until } from "./sealedTeam.ts"

const members = 1_000
/** How long it may take until the record and its key are there, in milliseconds, and its bytes. */
const removalMsMax = 2_000
const removalBytesMax = 120_000

/** A member and its device, of which there are more than the numbers of other tests make. */
const joiningAs = (i: number): ReadonlyArray<CharterOperation.CharterOperation> => {
  const seed = new Uint8Array(32).fill(9)
  new DataView(seed.buffer).setUint32(0, i)
  const member = `m${i}`
  return [
    { _tag: "AddMember", member, name: member, role: "member", teams: [] },
    { _tag: "AddDevice", member, device: NodeCrypto.signerOf(seed).publicKey, name: "laptop" }
  ]
}

it.live(
  "[SK-32][SK-38] with a new key for all others in one record, within two seconds",
  () =>
    Effect.gen(function* () {
      const ann = yield* makeAlone(1)
      yield* ann.charter.write([founding(false)])
      const people = Array.from({ length: members - 1 }, (_, i) => joiningAs(i)).flat()
      for (let from = 0; from < people.length; from += 64) yield* ann.charter.write(people.slice(from, from + 64))
      yield* ann.charter.write([sealing])
      yield* until("ann has the key", areReady(ann))
      expect(ann.charter.state().devices.size).toBe(members)
      let best = Number.POSITIVE_INFINITY
      // Other programs run beside a test: the best of a few says what it takes.
      for (let i = 0; i < 4 && best > removalMsMax; i++) {
        const began = performance.now()
        const keys = keysIn(ann)
        const known = ann.charter.known()
        yield* ann.keys.write([{ _tag: "RemoveMember", member: `m${i}` }])
        best = Math.min(best, performance.now() - began)
        const [bytes, ...more] = ann.charter.beyond(known, 1e9)
        expect([more.length, keysIn(ann) - keys]).toEqual([0, 1])
        expect(bytes!.length).toBeLessThan(removalBytesMax)
        const record = CharterRecord.open(NodeCrypto.functions, bytes!) as CharterRecord.CharterRecord
        expect(record.operations.map(({ _tag }) => _tag)).toEqual(["RemoveMember", "RotateKey"])
      }
      expect(best).toBeLessThan(removalMsMax)
      expect(yield* areReady(ann)).toBe(true)
    }),
  120_000
)
