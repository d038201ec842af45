/** Both values of a conflict, and the one that stands now, out of the record's history. */
import type { Change, Conflict } from "../../api/records.ts"

export interface Side {
  readonly value: unknown
  readonly atMs: number
  readonly author: string
}

/** `undefined` where the history has it no more: what was written again stands there in its later form. */
export interface Sides {
  readonly winner: Side | undefined
  readonly loser: Side | undefined
  /** What was written since then, where neither stands. */
  readonly since: Side | undefined
  /** The record was deleted since. */
  readonly isGone: boolean
}

/** A conflict of which the hub kept when both were written; those that it noted long ago have no times. */
export type Timed = Pick<Conflict, "field" | "winner" | "loser"> & {
  readonly winnerAt: string
  readonly loserAt: string
}

export const timedOf = (conflict: Conflict): Timed | undefined => {
  const { loserAt, winnerAt } = conflict
  return winnerAt === undefined || loserAt === undefined ? undefined : { ...conflict, winnerAt, loserAt }
}

/** By the stamps of the two writes. The newest changes come first, and the first to the field is what stands. */
export const sidesOf = ({ field, loser, loserAt, winner, winnerAt }: Timed, history: ReadonlyArray<Change>): Sides => {
  const isBy = (change: Change, at: string, device: string): boolean =>
    change.at === at && deviceOf(change.author) === deviceOf(device)
  const writes = history.flatMap((change) => {
    const written = change.changes.find((each) => each.field === field && each.kind === "lww")
    const { atMs, author } = change
    return written === undefined ? [] : [{ change, side: { value: written.value, atMs, author } }]
  })
  const won = writes.find(({ change }) => isBy(change, winnerAt, winner))
  const lost = writes.find(({ change }) => isBy(change, loserAt, loser))
  const [newest] = writes
  const isOneOfThem = newest === undefined || newest === won || newest === lost
  const isGone = history[0]?.kind === "deleted"
  return { winner: won?.side, loser: lost?.side, since: isOneOfThem ? undefined : newest.side, isGone }
}

/** Whether older changes have nothing to say on it. */
export const isEnough = ({ loserAt, winnerAt }: Timed, history: ReadonlyArray<Change>): boolean => {
  const last = history.at(-1)
  return last !== undefined && last.at < winnerAt && last.at < loserAt
}

/** Devices stand with or without their incarnation. */
const deviceOf = (author: string): string => author.split("/", 1)[0]!
