/** A list of the hub's that comes in pages: of however many are known, only those in sight are asked for, also when it has changed. */
import { hashKey, type QueryKey, useQueries, useQueryClient, type UseQueryResult } from "@tanstack/react-query"
import type { Page } from "../api/pages.ts"
import { useCallback, useEffect, useMemo, useState } from "react"
import {
  hasMore,
  nothingKnown,
  type PageChain,
  type PageSpan,
  pagesAt,
  rowCount,
  rowsAbove,
  type Start,
  withPage
} from "./pageChain.ts"

/** How the page is asked for that begins at a place. */
export interface PageQuery<P> {
  readonly queryKey: QueryKey
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<P>
}

export interface Paged<A, P> {
  /** The first page as it came last; `undefined` until it has come. */
  readonly firstPage: P | undefined
  /** Rows that are known. */
  readonly count: number
  readonly hasMore: boolean
  readonly isMoreOnItsWay: boolean
  /** `undefined` for a row that is on its way. */
  readonly rowAt: (index: number) => A | undefined
  /** To be told which rows are in sight. */
  readonly onSight: (firstRow: number, lastRow: number) => void
  readonly error: Error | null
  readonly retry: () => void
}

/** Rows before the end of what is known at which more are asked for. */
const near = 40
const top: PageSpan = { first: 0, last: 0 }

interface Known<P> {
  readonly key: string
  readonly chain: PageChain
  readonly firstPage: P | undefined
  /** The pages in sight. */
  readonly span: PageSpan
}

type RowOf<P extends Page<object>> = P["items"][number]

const nothing = (key: string) => ({ key, chain: nothingKnown, firstPage: undefined, span: top })

/** It is another list where its first page has another key. */
export const usePaged = <P extends Page<object>>(pageAt: (start: Start) => PageQuery<P>): Paged<RowOf<P>, P> => {
  const key = hashKey(pageAt(undefined).queryKey)
  const [known, setKnown] = useState<Known<P>>(nothing(key))
  const fresh = known.key === key ? known : nothing(key)
  if (fresh !== known) setKnown(fresh)
  const { chain, firstPage, span } = fresh
  const starts = useMemo(() => chain.starts.slice(span.first, span.last + 1), [chain, span])
  const { error, isWaiting, pages } = useQueries({ queries: starts.map(pageAt), combine: combined<P> })
  const queries = useQueryClient()
  useEffect(
    () =>
      setKnown((was) => {
        if (was.key !== key) return was
        const next = starts.reduce((sum, start, at) => {
          const page = pages[at]
          return page === undefined ? sum : withPage(sum, start, page)
        }, was.chain)
        const head = starts[0] === undefined ? (pages[0] ?? was.firstPage) : was.firstPage
        return next === was.chain && head === was.firstPage ? was : { ...was, chain: next, firstPage: head }
      }),
    // Also where what was known is begun anew with the same pages: React may begin again from before another list was asked for.
    [fresh, key, pages, starts]
  )
  const onSight = useCallback(
    (firstRow: number, lastRow: number) =>
      setKnown((was) => {
        const next = pagesAt(was.chain, firstRow, lastRow, near)
        return next.first === was.span.first && next.last === was.span.last ? was : { ...was, span: next }
      }),
    []
  )
  const rowAt = (index: number): RowOf<P> | undefined => {
    for (let page = span.first, above = rowsAbove(chain, span.first); page <= span.last; page++) {
      const rows = chain.counts[page] ?? 0
      if (index < above + rows) return index < above ? undefined : pages[page - span.first]?.items[index - above]
      above += rows
    }
    return undefined
  }
  return {
    firstPage,
    count: rowCount(chain),
    hasMore: hasMore(chain),
    isMoreOnItsWay: isWaiting,
    rowAt,
    onSight,
    error,
    retry: () => void Promise.all(starts.map((start) => queries.refetchQueries({ queryKey: pageAt(start).queryKey })))
  }
}

const combined = <P>(answers: ReadonlyArray<UseQueryResult<P>>) => ({
  pages: answers.map(({ data }) => data),
  error: answers.find(({ error }) => error !== null)?.error ?? null,
  isWaiting: answers.some(({ isPending, isError }) => isPending && !isError)
})
