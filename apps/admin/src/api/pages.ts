/** Lists that the hub gives in pages: asked for one by one, or gathered for screens that want them whole. */
import { ask, type Query } from "./ask.ts"

export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next: string | null
}

/** Entries of one page, as many as the hub gives. */
const pageMax = 1_000
/** Pages that are fetched for one list: nobody reads more than that, and the browser stays quick. */
const pagesMax = 50

/** The whole list, up to 50,000 entries. */
export const allOf = async <A>(
  path: string,
  signal: AbortSignal | undefined,
  query: Query = {}
): Promise<ReadonlyArray<A>> => {
  const items: Array<A> = []
  let after: string | undefined
  for (let pages = 0; pages < pagesMax; pages++) {
    const page = await ask<Page<A>>("GET", path, { signal, query: { ...query, limit: pageMax, after } })
    items.push(...page.items)
    if (page.next === null) break
    after = page.next
  }
  return items
}

/** How the page is asked for that begins at a place; `undefined` is the beginning. */
export const pagesOf =
  <P>(key: ReadonlyArray<unknown>, path: string, query: Query) =>
  (after: string | undefined) => ({
    queryKey: [...key, after],
    queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
      ask<P>("GET", path, { signal, query: { ...query, after } })
  })
