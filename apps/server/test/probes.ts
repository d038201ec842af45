/**
 * Questions about what one may not have, in pairs: the same one about something that is there and about something that is
 * not. The answers must be alike in everything but the name that was asked for. It sends nothing.
 */
import { Author, Bytes, Compression, Fingerprint, FrameCodec, Partition } from "@syncline/core"
import type { SeededRandom } from "@syncline/core/testing"
import { NodeCrypto, spaceOf } from "@syncline/node"
import type { Identity, Message } from "./hostileClient.ts"
import type { MemberByHand, StepAnswer } from "./memberByHand.ts"

const { sha256 } = NodeCrypto.functions

type Step = Parameters<MemberByHand["compare"]>[0]

/** A partition and a record in it. */
interface Place {
  readonly type: string
  readonly team: string
  readonly id: string
}

interface Names {
  readonly hash: Uint8Array
  readonly key: number
  /** Digits that the hash begins with: few enough to be guessed, and none of the north's. */
  readonly prefix: string
}

const namesOf = ({ id, team, type }: Place): Names => {
  const hash = Partition.hash(sha256, spaceOf("home"), { type, header: { team } })
  return { hash, key: Fingerprint.entityKey(sha256, id), prefix: Bytes.toHex(hash).slice(0, 5) }
}

/** Every way to name a partition or a record in a step of a comparison. */
const stepsOf = (
  { hash, key, prefix }: Names,
  me: Identity,
  print: Uint8Array
): ReadonlyArray<readonly [string, Step]> => {
  const prints = Array.from({ length: 16 }, () => print)
  const clock = [[Author.toBytes(Author.make(me.peer, "00112233445566aa")), 1, new Uint8Array(16)]] as const
  const digits = key.toString(16).padStart(Fingerprint.keyDigits, "0")
  return [
    ["a group", { nodes: [[0, prefix, prints]] }],
    ["a partition", { nodes: [[1, prefix, [[hash, print]]]] }],
    ["children", { nodes: [[2, hash, "", prints]] }],
    ["children of a range", { nodes: [[2, hash, digits.slice(0, 3), prints]] }],
    ["items", { nodes: [[3, hash, "", []]] }],
    ["an item", { nodes: [[3, hash, digits.slice(0, 3), [[key, print]]]] }],
    ["a clock", { clocks: [[hash, key, [...clock]]] }],
    ["an empty clock", { clocks: [[hash, key, []]] }],
    ["a reply", { replies: [[hash, key, []]] }],
    ["a wish", { want: [[hash, key]] }]
  ]
}

export const probeKinds = 10

/** The same question about both, and what it is called. */
export const pairOf = (random: SeededRandom.SeededRandom, me: Identity, there: Place, absent: Place) => {
  const print = Uint8Array.from({ length: 8 }, () => random.between(0, 255))
  const kind = random.between(0, probeKinds - 1)
  const [names, others] = [namesOf(there), namesOf(absent)]
  const [name, one] = stepsOf(names, me, print)[kind]!
  const [, other] = stepsOf(others, me, print)[kind]!
  return { kind: name, one: { names, step: one }, other: { names: others, step: other } }
}

/** An answer without the names that it was asked with, and without the number of its question. */
export const formOf = ({ pushed, step }: StepAnswer, { hash, key, prefix }: Names) => {
  const asText = (_: string, value: unknown): unknown => (value instanceof Uint8Array ? Bytes.toHex(value) : value)
  const plain: Message<"SyncState"> = { ...step, request: 0 }
  const digits = key.toString(16).padStart(Fingerprint.keyDigits, "0")
  const text = JSON.stringify({ pushed, plain }, asText)
    .replaceAll(Bytes.toHex(hash), "<hash>")
    .replaceAll(`"${digits.slice(0, 3)}`, `"<range>`)
    .replaceAll(`"${prefix}`, `"<prefix>`)
    .replaceAll(String(key), "<key>")
  return { text, bytes: FrameCodec.encode(Compression.stored, { sequence: 0, message: plain }).length }
}
