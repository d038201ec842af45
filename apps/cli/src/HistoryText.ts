/**
 * Changes of records as people and programs read them: an entry of a history, what restoring or undoing wrote, and what
 * an undo left alone.
 */
import { Author, type EntityTimeline, type History } from "@syncline/core"
import * as FieldText from "./FieldText.ts"
import * as PlainText from "./PlainText.ts"
import * as PointInTime from "./PointInTime.ts"

type Entry = EntityTimeline.HistoryEntry

/** For programs: everything that is known, with the author's device and the time spelled out. */
export const document = ({ at, author, ...entry }: Entry) => ({
  time: PointInTime.print(at),
  at,
  peer: Author.peer(author),
  author,
  ...entry
})

/** For people; `self` is the device whose folder it is. */
export const page = (entry: Entry, self: string): string => {
  const peer = Author.peer(entry.author)
  const by = peer === self ? `${peer} (this device)` : peer
  const group = entry.group === undefined ? "" : `, transaction ${entry.group}`
  const lines = [`${PointInTime.print(entry.at)}  ${entry.kind} by ${by}`, `  commit ${entry.commit}${group}`]
  return [...lines, ...entry.changes.map(fieldLine)].join("\n")
}

/** What entries did, without saying who and when. */
export const written = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.flatMap(({ changes, kind }) => [
    ...(kind === "deleted" || kind === "revived" ? [`  ${kind}`] : []),
    ...changes.map(fieldLine)
  ])

const fieldLine = (change: EntityTimeline.FieldChange): string => {
  const written = FieldText.write(change)
  if (change.kind !== "lww") return PlainText.part(`  ${written}`)
  const was = change.previous === undefined ? "" : `, was ${JSON.stringify(change.previous)}`
  return PlainText.part(`  ${written}${was}${change.isConflict ? ", which its author had not seen" : ""}`)
}

const reasons = {
  overwritten: "was overwritten since",
  changed: "was changed since",
  deleted: "is deleted",
  undone: "is undone already",
  alike: "looks the same without it",
  elsewhere: "is another by now; delete that first"
} as const

/** What an undo left as it is, and why: one text for each thing. */
export const skipped = ({ id, skipped: all, type }: History.EntityReversal): ReadonlyArray<string> =>
  all.map(
    ({ because, field }) =>
      `${field === undefined ? "" : `${field} of `}${type} ${PlainText.part(id)} ${reasons[because]}`
  )
