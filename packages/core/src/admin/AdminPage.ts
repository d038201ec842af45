/** Lists that come in pages: how a page is asked for, and what it says of the next one. */
import { Schema } from "effect"

/** Most entries of one page. */
export const pageMax = 1_000
export const pageDefault = 100

/** The fields of a query for a page. */
export const fields = {
  /** How many entries, 1 to 1,000; default 100. */
  limit: Schema.optionalKey(
    Schema.FiniteFromString.check(Schema.isInt(), Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(pageMax))
  ),
  /** What the page before gave as `next`. */
  after: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(512)))
}
export const Query = Schema.Struct(fields)
export type Query = typeof Query.Type

/** A page; `next` is `null` where no more follows. */
export const of = <A, I>(item: Schema.Codec<A, I>) =>
  Schema.Struct({ items: Schema.Array(item), next: Schema.NullOr(Schema.String) })

export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next: string | null
}

/** The page that is asked for, of entries in the order of their ids. */
export const cut = <A>(all: Iterable<A>, idOf: (one: A) => string, { after, limit = pageDefault }: Query): Page<A> => {
  const sorted = [...all].filter((one) => after === undefined || idOf(one) > after)
  sorted.sort((one, other) => (idOf(one) < idOf(other) ? -1 : 1))
  const items = sorted.slice(0, limit)
  return { items, next: sorted.length > limit ? idOf(items.at(-1)!) : null }
}
