/**
 * One field's write as people read it: `text = "x"`, `hits + 2`, `tags + "a" - "b"`. What the field was before and who
 * wrote it is added by whoever knows.
 */
import type { CommitContents } from "@syncline/core"

export const write = (change: CommitContents.FieldWrite): string => {
  switch (change.kind) {
    case "lww":
      return `${change.field} = ${JSON.stringify(change.value)}`
    case "counter":
      return `${change.field} ${change.by < 0 ? "-" : "+"} ${Math.abs(change.by)}`
    case "orSet":
      return `${change.field}${elements(" + ", change.added)}${elements(" - ", change.removed)}`
  }
}

const elements = (sign: string, values: ReadonlyArray<unknown>): string =>
  values.length === 0 ? "" : `${sign}${values.map((value) => JSON.stringify(value)).join(", ")}`
