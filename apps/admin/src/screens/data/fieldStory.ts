/** Who wrote which field last, out of a record's history; and what differs between two states of a record. */
import type { Change, Entity } from "../../api/records.ts"

export interface Writer {
  readonly author: string
  readonly atMs: number
  readonly stamp: string
  readonly commit: string
  /** The writer had not seen what stood there. */
  readonly isConflict: boolean
}

/** By field: the newest change that touches it, of those that are known. The newest come first. */
export const writersOf = (history: ReadonlyArray<Change>): ReadonlyMap<string, Writer> => {
  const writers = new Map<string, Writer>()
  for (const { at, atMs, author, changes, commit } of history) {
    for (const { field, isConflict = false } of changes) {
      if (!writers.has(field)) writers.set(field, { author, atMs, stamp: at, commit, isConflict })
    }
  }
  return writers
}

export interface Difference {
  readonly field: string
  readonly was: unknown
  readonly now: unknown
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** Fields whose value is another one, in the order of their names; `undefined` where a field was or is not there. */
export const differences = (then: Entity, now: Entity): ReadonlyArray<Difference> =>
  [...new Set([...Object.keys(then.fields), ...Object.keys(now.fields)])]
    .toSorted()
    .flatMap((field) =>
      same(then.fields[field], now.fields[field]) ? [] : [{ field, was: then.fields[field], now: now.fields[field] }]
    )

/** The device of an author, `<peer id>/<incarnation>`. */
export const deviceOf = (author: string): string => author.split("/", 1)[0]!
