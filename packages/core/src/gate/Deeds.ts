/**
 * What a commit does to the records of its partition, as far as a policy tells it apart. It is read from the events
 * themselves, so that every replica reads the same; only what was there before is each replica's own knowledge.
 */
import type { EntityChange } from "../model/EntityChange.ts"
import type { Event } from "../model/Event.ts"
import * as FieldValue from "../model/FieldValue.ts"

export interface Deeds {
  readonly creates: boolean
  readonly updates: boolean
  readonly deletes: boolean
  /** Fields that are written, whether their value changes or not. */
  readonly fields: ReadonlySet<string>
}

/** Begins a record, as far as its author had seen: nobody's event stands before it. */
const begins = ({ deps, eseq, ops }: Event): boolean => ops.d === undefined && eseq === 1 && deps.length === 0

/** `isThere`: whether a record that an event begins was here before by somebody else; then it is an update. */
export const ofEvents = (events: ReadonlyArray<Event>, isThere: (entity: string) => boolean): Deeds => {
  const fields = new Set<string>()
  let [creates, updates, deletes] = [false, false, false]
  for (const event of events) {
    const { ops } = event
    const written = [ops.s, ops.c, ops.a, ops.r].flatMap((changes) => Object.keys(changes ?? {}))
    for (const field of written) fields.add(field)
    // A deletion of this program writes no field; one that does is an update as well.
    if (ops.d === true) [deletes, updates] = [true, updates || written.length > 0]
    else if (ops.d === false) [creates, updates] = [true, true]
    // In the place of a deletion that came later it brings back, and of what brought back it deletes.
    if (ops.d !== undefined && ops.w !== undefined) [creates, updates, deletes] = [true, true, true]
    if (ops.d !== undefined) continue
    if (begins(event) && !isThere(event.entity)) creates = true
    else updates = true
  }
  return { creates, updates, deletes, fields }
}

/** Records that the events begin. */
export const begun = (events: ReadonlyArray<Event>): ReadonlyArray<string> => [
  ...new Set(events.filter(begins).map(({ entity }) => entity))
]

/** A record as it stands before a change; without fields if it was deleted. */
export interface RecordBefore {
  readonly fields: { readonly [field: string]: FieldValue.FieldValue } | undefined
}

/** What this device is about to do to one record, if there ever was one. A value that stays is not written. */
export const ofChange = ({ change }: EntityChange, record: RecordBefore | undefined): Deeds => {
  const before = record?.fields
  const isBack = record !== undefined && before === undefined
  const isThere = before !== undefined
  const changes = ([field, value]: [string, unknown]): boolean =>
    before?.[field] === undefined || !FieldValue.same(before[field], value as FieldValue.FieldValue)
  switch (change.kind) {
    case "delete":
      return { creates: false, updates: false, deletes: true, fields: new Set() }
    case "put": {
      const fields = [change.lww, change.counters, change.sets].flatMap((values) =>
        Object.entries(values).filter(changes)
      )
      return {
        creates: !isThere,
        updates: isThere || isBack,
        deletes: false,
        fields: new Set(fields.map(([field]) => field))
      }
    }
    case "patch": {
      const fields = [change.lww, change.counters, change.sets].flatMap((values) => Object.keys(values))
      return { creates: !isThere, updates: isThere, deletes: false, fields: new Set(fields) }
    }
    case "mark":
    case "rewrite":
      return { creates: false, updates: true, deletes: false, fields: new Set() }
  }
}
