/** Places in lists of records as callers carry them: a text that says where the next page begins. It grants nothing. */
import type { AdminRecords } from "@syncline/core/admin"
import { Result, Schema } from "effect"

/** Behind so many records; where the list is in the order of ids, behind so many of the id named. */
const OfRecords = Schema.Struct({
  fromId: Schema.optionalKey(Schema.String),
  told: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))
})
export type OfRecords = typeof OfRecords.Type

/** Behind a change of a history. */
const OfHistory = Schema.Struct({
  at: Schema.String.check(Schema.isPattern(/^[0-9a-f]{16}$/)),
  author: Schema.String,
  event: Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/))
})
export type OfHistory = typeof OfHistory.Type

const textOf = (place: OfRecords | OfHistory): string => Buffer.from(JSON.stringify(place)).toString("base64url")

const reader =
  <A>(schema: Schema.Codec<A, unknown>) =>
  (text: string): A | undefined => {
    const read = Schema.decodeUnknownResult(schema)
    try {
      const parsed = read(JSON.parse(Buffer.from(text, "base64url").toString("utf8")))
      return Result.isSuccess(parsed) ? parsed.success : undefined
    } catch {
      return undefined
    }
  }

export const write = textOf
/** `undefined` for a text that no page gave. */
export const ofRecords = reader(OfRecords)
export const ofHistory = reader(OfHistory)

/** The query of a list goes on by ids only where they are its order. */
export const isById = ({ at, orderBy }: AdminRecords.Query): boolean => at === undefined && orderBy === undefined
