/**
 * How long the enterprise policy takes to decide, without anything around it: a charter and a gate in memory, asked as a
 * session asks them for a batch of records.
 */
import {
  Author,
  Charter,
  CharterStore,
  type CharterOperation,
  DeviceKey,
  Gate,
  HybridTime,
  type Partition,
  PartitionMap
} from "@syncline/core"
import { DeviceKeyFile, NodeCrypto, spaceOf } from "@syncline/node"
import { enterprise } from "@syncline/policy"
import { Context, Effect, Layer, Redacted } from "effect"
import { timed } from "./Timing.ts"

export interface DecideInput {
  /** A policy document. */
  readonly text: string
  /** Records of the batch. */
  readonly records: number
  /** Records of a commit, which all lie in one partition. */
  readonly perCommit: number
  /** Partitions that they lie in. */
  readonly partitions: number
}

export interface JudgeInput {
  /** A policy document. */
  readonly text: string
  /** Partitions of type `place` in which a member writes one record each; of every one it is asked for the first time. */
  readonly headers: ReadonlyArray<Partition.Partition["header"]>
  /** Fields that each of the writes sets; it counts as one that creates and updates. */
  readonly fields: ReadonlyArray<string>
}

const keyOf = (byte: number) => DeviceKeyFile.deviceKey(Redacted.make(new Uint8Array(32).fill(byte)))
const space = spaceOf("bench")

const openGate = (text: string) =>
  Effect.gen(function* () {
    const founder = keyOf(1)
    const services = yield* Layer.build(
      enterprise()(space).pipe(
        Layer.provideMerge(CharterStore.CharterStore.layerMemory()),
        Layer.provideMerge(Layer.merge(NodeCrypto.layer, Layer.succeed(DeviceKey.DeviceKey, founder)))
      )
    )
    const charter = Context.get(services, Charter.Charter)
    const operations: ReadonlyArray<ReadonlyArray<CharterOperation.CharterOperation>> = [
      [
        {
          _tag: "Found",
          name: "bench",
          hub: null,
          member: "owner",
          memberName: "Owner",
          device: founder.publicKey,
          deviceName: "first"
        }
      ],
      [
        { _tag: "AddMember", member: "mia", name: "Mia", role: "member", teams: [] },
        { _tag: "AddDevice", member: "mia", device: keyOf(2).publicKey, name: "laptop" }
      ],
      [{ _tag: "SetPolicy", text }]
    ]
    for (const each of operations) yield* charter.write(each)
    return Context.get(services, Gate.Gate)
  })

/** What a session does with a batch: each partition is decided on once. */
const decideAll = Effect.fnUntraced(function* (gate: Gate.GateShape, batch: ReadonlyArray<Partition.Partition>) {
  const { peer } = keyOf(2)
  const decisions = new PartitionMap.PartitionMap<boolean>()
  let allowed = 0
  for (const partition of batch) {
    let isAllowed = decisions.get(partition)
    if (isAllowed === undefined) {
      isAllowed = (yield* gate.canSend(partition, peer)).allowed
      decisions.set(partition, isAllowed)
    }
    if (isAllowed) allowed++
  }
  return allowed
})

/** Seconds for a batch that the policy is asked about for the first time, and how many records it allowed. */
export const decide = async ({ partitions, perCommit, records, text }: DecideInput) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const batch = Array.from({ length: records / perCommit }, (_, i): Partition.Partition => ({
          type: "place",
          header: { country: `c${i % partitions}` }
        }))
        // Once with another batch, so that the code is compiled as in a process that runs.
        yield* decideAll(yield* openGate(text), batch)
        const gate = yield* openGate(text)
        let allowed = 0
        const times = yield* Effect.promise(() =>
          timed(async () => {
            allowed = await Effect.runPromise(decideAll(gate, batch))
          })
        )
        return { ...times, allowed }
      })
    )
  )

/** What the gate is asked about each write that arrives, as a session asks it; how many of them count. */
const judgeAll = Effect.fnUntraced(function* (gate: Gate.GateShape, { fields, headers }: JudgeInput) {
  const { peer } = keyOf(2)
  const author = Author.make(peer, "00112233445566ff")
  const deeds = Effect.succeed({ creates: true, updates: true, deletes: false, fields: new Set(fields) })
  let counting = 0
  for (const header of headers) {
    const write = { author, partition: { type: "place", header }, at: HybridTime.zero, from: peer }
    if ((yield* gate.accepts(write, deeds)).allowed) counting++
  }
  return counting
})

/** Seconds for all of these writes. */
export const judge = async (input: JudgeInput) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        yield* judgeAll(yield* openGate(input.text), input)
        const gate = yield* openGate(input.text)
        const times = yield* Effect.promise(() =>
          timed(async () => {
            const counting = await Effect.runPromise(judgeAll(gate, input))
            if (counting !== input.headers.length) throw new Error(`only ${counting} of the writes count`)
          })
        )
        return times
      })
    )
  )
