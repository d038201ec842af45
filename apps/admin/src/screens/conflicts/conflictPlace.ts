/** How addresses say which conflict is meant, and which of several records with one id it is of. */
import type { Conflict } from "../../api/records.ts"

/** The JSON of its header; nothing where it has none, or the hub did not keep it. */
export const headerOf = ({ header }: Partial<Conflict>): string | undefined =>
  header === undefined || Object.keys(header).length === 0 ? undefined : JSON.stringify(header)

export const keyOf = ({ atMs, field, id, loser, loserAt, type, winner, winnerAt }: Conflict): string =>
  [atMs, type, id, field, winner, winnerAt, loser, loserAt].join(" ")

/** What tells a conflict from all others, those of its record among them. */
export interface Place {
  readonly type: string
  readonly id: string
  readonly field: string
  readonly atMs: number
  readonly loserAt?: string
}

export const placeOf = ({ atMs, field, id, loserAt, type }: Conflict): string =>
  JSON.stringify({ type, id, field, atMs, loserAt } satisfies { [name in keyof Place]: unknown })

/** Nothing where the text is no place of a conflict. */
export const placeIn = (text: string): Place | undefined => {
  const { atMs, field, id, loserAt, type } = JSON.parse(text) as Partial<Place>
  const isWhole = [type, id, field].every((name) => typeof name === "string") && typeof atMs === "number"
  return isWhole ? ({ type, id, field, atMs, loserAt } as Place) : undefined
}

export const isAt = (conflict: Conflict, place: Place): boolean =>
  conflict.field === place.field && conflict.atMs === place.atMs && conflict.loserAt === place.loserAt
