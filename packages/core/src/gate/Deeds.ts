/**
 * What a commit does to the records of its partition, as far as a policy tells it apart. It is read from the events
 * themselves, so that every replica reads the same; only whether a record was there before is each replica's own knowledge.
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
const begins = ({ deps, eseq, ops }: Event): boolean => ops.d === false || (eseq === 1 && deps.length === 0)

/** `isThere`: whether a record that an event begins was here before by somebody else; then it is an update. */
export const ofEvents = (events: ReadonlyArray<Event>, isThere: (entity: string) => boolean): Deeds => {
  const fields = new Set<string>()
  let [creates, updates, deletes] = [false, false, false]
  for (const event of events) {
    const { ops } = event
    if (ops.d === true) deletes = true
    else if (begins(event) && !isThere(event.entity)) creates = true
    else updates = true
    for (const changes of [ops.s, ops.c, ops.a, ops.r]) for (const field in changes) fields.add(field)
  }
  return { creates, updates, deletes, fields }
}

/** Records that the events begin. */
export const begun = (events: ReadonlyArray<Event>): ReadonlyArray<string> => [
  ...new Set(events.filter((event) => event.ops.d !== true && begins(event)).map(({ entity }) => entity))
]

/** What this device is about to do to one record, whose fields are given if it is there. A value that stays is not written. */
export const ofChange = (
  { change }: EntityChange,
  before: { readonly [field: string]: FieldValue.FieldValue } | undefined
): Deeds => {
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
      return { creates: !isThere, updates: isThere, deletes: false, fields: new Set(fields.map(([field]) => field)) }
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
