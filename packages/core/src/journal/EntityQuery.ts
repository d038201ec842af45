/**
 * Questions about entities and what answers them: the words that reads of the present and of the past share.
 */
import type { FieldValue } from "../model/FieldValue.ts"
import type { Partition } from "../model/Partition.ts"

export interface EntityView {
  readonly type: string
  readonly id: string
  readonly partition: Partition
  readonly fields: { readonly [field: string]: FieldValue }
  readonly isDeleted: boolean
  /**
   * Fields that merge otherwise than the last write wins, as they were written; a counter at 0 and an empty set, too. Told by `scan` and
   * `liveOf` alone, and absent there where an entity has none.
   */
  readonly kinds?: FieldKinds
}

/** How fields of an entity merge that are no plain values. */
export type FieldKinds = { readonly [field: string]: "counter" | "orSet" }

/** Of a partition: is what lies there to be seen? What is not is passed over as if it were not there, nothing of it is read. */
export type Sees = (partition: Partition) => boolean

/** A question about entities of one type. */
export interface EntityQuery {
  readonly type: string
  /** Fields that must equal these values. */
  readonly where: { readonly [field: string]: string | number | boolean | null }
  readonly orderBy: { readonly field: string; readonly isDescending: boolean } | undefined
  /** 1 to 10,000. */
  readonly limit: number
  readonly offset: number
  /** Only entities whose ids are this one or come behind it. */
  readonly fromId?: string | undefined
  /** An answer from the present ends with the entity whose fields bring their JSON above so many characters. Absent: with the last one. */
  readonly lengthMax?: number | undefined
  /** Only what is to be seen. Absent: all. */
  readonly sees?: Sees | undefined
}

/** Largest page that a query or a listing returns. */
export const queryRowsMax = 10_000
