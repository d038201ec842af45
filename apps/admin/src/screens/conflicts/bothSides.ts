/** Both values of a conflict, out of the record's history. */
import type { Change, Conflict } from "../../api/records.ts"

export interface Side {
  readonly value: unknown
  readonly atMs: number
}

export interface Sides {
  readonly winner: Side | undefined
  readonly loser: Side | undefined
}

/** The last that each of the two wrote to the field, of the changes that are known; the newest come first. */
export const sidesOf = (
  { field, loser, winner }: Pick<Conflict, "field" | "loser" | "winner">,
  history: ReadonlyArray<Change>
): Sides => ({ winner: lastBy(winner, field, history), loser: lastBy(loser, field, history) })

const lastBy = (author: string, field: string, history: ReadonlyArray<Change>): Side | undefined => {
  for (const change of history) {
    if (!isBy(change.author, author)) continue
    const written = change.changes.find((each) => each.field === field && each.kind === "lww")
    if (written !== undefined) return { value: written.value, atMs: change.atMs }
  }
  return undefined
}

/** Devices stand with or without their incarnation. */
const isBy = (author: string, device: string): boolean =>
  author === device || author.split("/", 1)[0] === device.split("/", 1)[0]
