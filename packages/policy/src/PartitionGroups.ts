/**
 * Partitions put together of which a policy says the same, so that a review asks once for all of a group. What makes them
 * alike it is told; what is asked about them is `PolicyReview`'s.
 */
import type { Partition } from "@syncline/core"
import { Effect } from "effect"
import type { KeyOf } from "./EqualPartitions.ts"

/** Partitions looked at between two turns for others: a few milliseconds of work. */
const partitionsAtOnceMax = 1_024

/** A partition and how many live records it has. */
export interface PartitionSize {
  readonly partition: Partition.Partition
  readonly records: number
}

/** Partitions that are alike. */
export interface PartitionGroup {
  /** One of them. */
  readonly partition: Partition.Partition
  readonly partitions: number
  /** Of all of them together. */
  readonly records: number
  /** Some of the largest, with their places among all. */
  readonly largest: ReadonlyArray<PlacedSize>
}

interface PlacedSize extends PartitionSize {
  readonly place: number
}

/** The groups, which keep so many of their largest partitions each; those of one type that have the same keys are one. */
export const of = Effect.fnUntraced(function* (
  sizes: ReadonlyArray<PartitionSize>,
  keys: ReadonlyArray<KeyOf>,
  largestMax: number
) {
  const found = new Map<string, Growing>()
  for (const [place, size] of sizes.entries()) {
    if (place % partitionsAtOnceMax === partitionsAtOnceMax - 1) yield* Effect.yieldNow
    const { partition, records } = size
    const key = [partition.type, ...keys.map((keyOf) => keyOf(partition))].join("\n")
    const group: Growing = found.get(key) ?? { partition, partitions: 0, records: 0, largest: [] }
    found.set(key, group)
    group.partitions++
    group.records += records
    keep(group.largest, { ...size, place }, largestMax)
  }
  const groups: ReadonlyArray<PartitionGroup> = [...found.values()]
  return groups
})

type Growing = { -readonly [K in keyof PartitionGroup]: PartitionGroup[K] } & { largest: Array<PlacedSize> }

/** The largest of several groups; of equal size the first. */
export const largestOf = (groups: ReadonlyArray<PartitionGroup>, max: number): ReadonlyArray<PartitionSize> => {
  const largest: Array<PlacedSize> = []
  for (const group of groups) for (const size of group.largest) keep(largest, size, max)
  return largest.map(({ partition, records }) => ({ partition, records }))
}

/** Puts it where it belongs in a short list that begins with the largest, if it does. */
const keep = (largest: Array<PlacedSize>, size: PlacedSize, max: number): void => {
  let at = largest.length
  while (at > 0 && isBefore(size, largest[at - 1]!)) at--
  if (at < max) largest.splice(at, 0, size)
  if (largest.length > max) largest.pop()
}

const isBefore = (one: PlacedSize, other: PlacedSize): boolean =>
  one.records > other.records || (one.records === other.records && one.place < other.place)
