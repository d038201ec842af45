/**
 * A record as the command line shows it: one object with the id first and then the fields as they were written.
 */
import type { Journal } from "@syncline/core"

/** Records asked for at once. */
export const pageRows = 5_000

/** Places of a journal's order of records looked at at once, when it is asked for the past. */
export const pagePlaces = 1_000

/** The record; with its type in `$type` where several types come together. */
export const of = (entity: Journal.EntityView, isTypeShown = false): Record<string, unknown> => ({
  ...(isTypeShown ? { $type: entity.type } : {}),
  id: entity.id,
  ...entity.fields
})
