// Rows that a journal did not write, for what comes of them.
import * as Fingerprint from "../../src/journal/Fingerprint.ts"
import type { EntityRow } from "../../src/journal/JournalTables.ts"
import { crypto } from "../nodeCrypto.ts"
import type { VirtualNode } from "./virtualNodes.ts"

export const rowOf = ({ tables }: VirtualNode, id: string): EntityRow => {
  const key = Fingerprint.entityKey(crypto.sha256, id)
  for (const { index } of tables.partitions()) {
    const row = tables.entity(index, key, id)
    if (row !== undefined) return row
  }
  throw new Error(`there is no row of ${id}`)
}

/** Puts another row, or none, in the place of an entity's, and makes the sums fit it. Nobody is told. */
export const plant = ({ tables }: VirtualNode, before: EntityRow, after: EntityRow | undefined): void =>
  tables.transact(() => {
    const { index, isBucketed, total } = tables.partitionAt(before.partition)
    const sum = { count: total.count, lanes: total.lanes.slice() }
    Fingerprint.accumulate(sum, before.version, -1)
    if (after === undefined) tables.removeEntity(before.partition, before.key, before.id)
    else {
      tables.putEntity(after)
      Fingerprint.accumulate(sum, after.version, 1)
    }
    tables.setPartition(index, sum, isBucketed)
  })
