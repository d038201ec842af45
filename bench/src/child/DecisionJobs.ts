/**
 * How long the enterprise policy takes to decide, without anything around it: a charter and a gate in memory, asked as a
 * session asks them for a batch of records.
 */
import {
  Charter,
  CharterStore,
  type CharterOperation,
  DeviceKey,
  Gate,
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
