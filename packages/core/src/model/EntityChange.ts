/**
 * What an application wants to become of one entity, before the journal's writer turns it into an event. Every value
 * in it has passed the entity type's schema. It names no author, time or number: the writer adds those.
 */
import type { Author } from "../identity/Author.ts"
import type { Operations } from "./Event.ts"
import type { FieldValue } from "./FieldValue.ts"
import type { Partition } from "./Partition.ts"

/** Make the entity look like this; it is created or revived when needed, and fields not named keep their value. */
export interface Put {
  readonly kind: "put"
  readonly lww: { readonly [field: string]: FieldValue }
  /** The totals that counters shall show. */
  readonly counters: { readonly [field: string]: number }
  /** The elements that sets shall hold. */
  readonly sets: { readonly [field: string]: ReadonlyArray<FieldValue> }
}

/** Change some fields of an entity that exists. */
export interface Patch {
  readonly kind: "patch"
  readonly lww: { readonly [field: string]: FieldValue }
  /** What is added to counters. */
  readonly counters: { readonly [field: string]: number }
  readonly sets: {
    readonly [field: string]: { readonly add: ReadonlyArray<FieldValue>; readonly remove: ReadonlyArray<FieldValue> }
  }
}

/** Delete an entity that exists. */
export interface Delete {
  readonly kind: "delete"
}

/** Change nothing, and write an event that says so: its group tells what counts as undone where nothing is to be seen. */
export interface Mark {
  readonly kind: "mark"
}

/** Do again what an event did that was taken back; only the journal itself asks for this. */
export interface Rewrite {
  readonly kind: "rewrite"
  readonly ops: Operations
  /** The event that was taken back, and those that it was in the place of. */
  readonly replaces: ReadonlyArray<readonly [author: Author, eseq: number, hash: Uint8Array]>
}

export interface EntityChange {
  readonly partition: Partition
  readonly id: string
  readonly change: Put | Patch | Delete | Mark | Rewrite
  /**
   * Arrival number of the entity's last change that whoever asks has seen; when it has another by now, the call is
   * refused with `EntityChanged`. For the first change of an entity in a call.
   */
  readonly expects?: number | undefined
}
