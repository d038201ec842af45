/**
 * What a commit would do, in words that a person can read: the records that it changes and how. It says what the author
 * wrote, not what becomes of it here; that depends on everything else that was written.
 */
import type { HybridTime } from "../identity/HybridTime.ts"
import type * as Event from "../model/Event.ts"
import type { FieldValue } from "../model/FieldValue.ts"
import type { Partition } from "../model/Partition.ts"
import * as CommitOpening from "./CommitOpening.ts"

/** What an event writes to one field. */
export type FieldWrite =
  | { readonly kind: "lww"; readonly field: string; readonly value: FieldValue }
  | { readonly kind: "counter"; readonly field: string; readonly by: number }
  | {
      readonly kind: "orSet"
      readonly field: string
      readonly added: ReadonlyArray<FieldValue>
      readonly removed: ReadonlyArray<FieldValue>
    }

/** What a commit does to one entity; an entity that it changes several times comes several times, in order. */
export interface EntityWrite {
  readonly id: string
  readonly kind: "changed" | "deleted" | "revived"
  readonly changes: ReadonlyArray<FieldWrite>
}

export interface CommitContents {
  readonly partition: Partition
  readonly at: HybridTime
  /** Ties the commits of one transaction together; 16 hexadecimal digits, `null` for a transaction of one change. */
  readonly group: string | null
  /** 1 to 128. */
  readonly entities: ReadonlyArray<EntityWrite>
}

/** The contents, or the sentence that says why they cannot be read here. */
export const read = (context: CommitOpening.OpeningContext, bytes: Uint8Array): CommitContents | string => {
  const opening = CommitOpening.open(context, bytes)
  if (opening.kind === "newer") return "a later version of the program wrote it, and this one cannot read it"
  if (opening.kind === "refused") return `it cannot be read (${opening.code})`
  const { decoded, packed } = opening.commit
  const { at, group = null, partition } = packed.header
  return { partition, at, group, entities: decoded.map(entityWrite) }
}

const entityWrite = ({ entity, ops }: Event.Event): EntityWrite => {
  const kind = ops.d === undefined ? "changed" : ops.d ? "deleted" : "revived"
  const changes: Array<FieldWrite> = []
  for (const [field, value] of Object.entries(ops.s ?? {})) changes.push({ kind: "lww", field, value })
  for (const [field, by] of Object.entries(ops.c ?? {})) changes.push({ kind: "counter", field, by })
  for (const field of new Set([...Object.keys(ops.a ?? {}), ...Object.keys(ops.r ?? {})])) {
    const removed = (ops.r?.[field] ?? []).map(([value]) => value)
    changes.push({ kind: "orSet", field, added: ops.a?.[field] ?? [], removed })
  }
  return { id: entity, kind, changes }
}
