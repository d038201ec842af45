/**
 * The tree over a space's entities that range reconciliation walks: partitions grouped by the hexadecimal digits of
 * their hash, entities by those of their key, 16 children each. Bounds are fixed by the digits, so none travel and
 * stored bucket sums can be used. Pure: it compares what it is given and reads nothing.
 * Source: A. Meyer, "Range-Based Set Reconciliation", 2022; radix form measured in docs/decisions/0004.
 */
import * as Bytes from "../identity/Bytes.ts"
import * as Fingerprint from "../journal/Fingerprint.ts"
import type { Item } from "../journal/Journal.ts"
import type { PartitionRow } from "../journal/JournalTables.ts"
import type { RangeNode } from "../wire/WireMessage.ts"

type Sha256 = (bytes: Uint8Array) => Uint8Array

/** Ranges with at most this many entities are listed instead of split: one flight less for 15 bytes an entity. */
export const itemsListedMax = 32
/** Groups with at most this many partitions are listed. */
export const partitionsListedMax = 32

const hexDigits = "0123456789abcdef".split("")

/** Number of entities and root of a set of partitions. */
export const root = (
  sha256: Sha256,
  partitions: ReadonlyArray<PartitionRow>
): { readonly root: Uint8Array; readonly count: number } => {
  const total = sumOf(partitions)
  return { root: Fingerprint.print(sha256, total, 16), count: total.count }
}

const sumOf = (partitions: ReadonlyArray<PartitionRow>): Fingerprint.Fingerprint => {
  const total = Fingerprint.empty()
  for (const partition of partitions) Fingerprint.sum(total, partition.total)
  return total
}

const inGroup = (partitions: ReadonlyArray<PartitionRow>, prefix: string): ReadonlyArray<PartitionRow> =>
  partitions.filter((row) => row.total.count > 0 && Bytes.toHex(row.hash).startsWith(prefix))

/** The node that describes a group of partitions. */
export const describeGroup = (sha256: Sha256, partitions: ReadonlyArray<PartitionRow>, prefix: string): RangeNode => {
  const here = inGroup(partitions, prefix)
  if (here.length <= partitionsListedMax) {
    return [1, prefix, here.map((row) => [row.hash, Fingerprint.print(sha256, row.total, 8)] as const)]
  }
  return [0, prefix, groupPrints(sha256, here, prefix)]
}

const groupPrints = (
  sha256: Sha256,
  partitions: ReadonlyArray<PartitionRow>,
  prefix: string
): ReadonlyArray<Uint8Array> =>
  hexDigits.map((digit) => Fingerprint.print(sha256, sumOf(inGroup(partitions, prefix + digit)), 8))

/** The nodes that answer a group node: one for each child that differs. */
export const answerGroup = (
  sha256: Sha256,
  partitions: ReadonlyArray<PartitionRow>,
  prefix: string,
  prints: ReadonlyArray<Uint8Array>
): ReadonlyArray<RangeNode> => {
  const mine = groupPrints(sha256, partitions, prefix)
  return hexDigits.flatMap((digit, i) =>
    prints[i] !== undefined && Bytes.equals(mine[i]!, prints[i])
      ? []
      : [describeGroup(sha256, partitions, prefix + digit)]
  )
}

/** Hashes of the partitions of a group whose prints differ, here or there missing ones included. */
export const differingPartitions = (
  sha256: Sha256,
  partitions: ReadonlyArray<PartitionRow>,
  prefix: string,
  theirs: ReadonlyArray<readonly [hash: Uint8Array, print: Uint8Array]>
): ReadonlyArray<Uint8Array> => {
  const prints = new Map(theirs.map(([hash, print]) => [Bytes.toHex(hash), print]))
  const differing: Array<Uint8Array> = []
  for (const row of inGroup(partitions, prefix)) {
    const key = Bytes.toHex(row.hash)
    const print = prints.get(key)
    prints.delete(key)
    if (print === undefined || !Bytes.equals(print, Fingerprint.print(sha256, row.total, 8))) differing.push(row.hash)
  }
  for (const [hash] of theirs) if (prints.has(Bytes.toHex(hash))) differing.push(hash)
  return differing
}

/** The node that describes the children of a key range. */
export const describeChildren = (
  sha256: Sha256,
  partitionHash: Uint8Array,
  prefix: string,
  children: ReadonlyArray<Fingerprint.Fingerprint>
): RangeNode => [2, partitionHash, prefix, children.map((child) => Fingerprint.print(sha256, child, 8))]

/** The node that lists the entities of a key range. */
export const describeItems = (partitionHash: Uint8Array, prefix: string, items: ReadonlyArray<Item>): RangeNode => [
  3,
  partitionHash,
  prefix,
  items.map(({ key, version }) => [key, version.slice(0, 8)] as const)
]

/** Prefixes of the child ranges whose prints differ, with the number of entities here. */
export const differingChildren = (
  sha256: Sha256,
  prefix: string,
  mine: ReadonlyArray<Fingerprint.Fingerprint>,
  prints: ReadonlyArray<Uint8Array>
): ReadonlyArray<{ readonly prefix: string; readonly count: number }> =>
  mine.flatMap((child, i) =>
    prints[i] !== undefined && Bytes.equals(Fingerprint.print(sha256, child, 8), prints[i])
      ? []
      : [{ prefix: prefix + hexDigits[i]!, count: child.count }]
  )

export interface ItemDifference {
  readonly onlyMine: ReadonlyArray<number>
  readonly onlyTheirs: ReadonlyArray<number>
  readonly different: ReadonlyArray<number>
}

/** Compares two item lists of one range by entity key. */
export const differingItems = (
  mine: ReadonlyArray<Item>,
  theirs: ReadonlyArray<readonly [key: number, version: Uint8Array]>
): ItemDifference => {
  const versions = new Map(theirs)
  const onlyMine: Array<number> = []
  const different: Array<number> = []
  for (const { key, version } of mine) {
    const other = versions.get(key)
    versions.delete(key)
    if (other === undefined) onlyMine.push(key)
    else if (!Bytes.equals(other, version.slice(0, 8))) different.push(key)
  }
  return { onlyMine, onlyTheirs: [...versions.keys()], different }
}
