/**
 * Which pages of a long list are known. Each page begins where the one before it ended, so a page that has changed moves all behind
 * it: those are fetched anew when they come in sight, and only those in sight are fetched at all.
 */
import type { Page } from "../api/pages.ts"

/** Where a page begins; `undefined` is the beginning of the list. */
export type Start = string | undefined

export interface PageChain {
  /** Of pages that may be fetched: those that were, and the one behind them. */
  readonly starts: ReadonlyArray<Start>
  /** Rows of each page, as far as it was fetched once. */
  readonly counts: ReadonlyArray<number>
  /** Rows that are held open for the page behind them, which was there and has moved: what is in sight stays where it is. */
  readonly held: number
}

export const nothingKnown: PageChain = { starts: [undefined], counts: [], held: 0 }

const sumOf = (counts: ReadonlyArray<number>): number => counts.reduce((sum, rows) => sum + rows, 0)

/** With those that are held open. */
export const rowCount = ({ counts, held }: PageChain): number => sumOf(counts) + held

/** Whether there is more than is known. */
export const hasMore = ({ counts, starts }: PageChain): boolean => starts.length > counts.length

/** The chain once a page has come: the same object where it says nothing new. */
export const withPage = <A>(chain: PageChain, start: Start, { items, next }: Page<A>): PageChain => {
  const { counts, starts } = chain
  const at = starts.indexOf(start)
  // Of a page that moved meanwhile; it is fetched at its new place.
  if (at < 0) return chain
  const following = next === null ? [] : [next]
  const isSameEnd = starts[at + 1] === (next ?? undefined)
  if (isSameEnd && counts[at] === items.length) return chain
  if (isSameEnd && at < counts.length) return { ...chain, counts: counts.with(at, items.length) }
  return {
    starts: [...starts.slice(0, at + 1), ...following],
    counts: [...counts.slice(0, at), items.length],
    held: next === null ? 0 : (counts[at + 1] ?? 0)
  }
}

export interface PageSpan {
  readonly first: number
  readonly last: number
}

/** The pages with these rows; with the one behind them where they come within `near` of what is known. */
export const pagesAt = (chain: PageChain, firstRow: number, lastRow: number, near: number): PageSpan => {
  const pageOf = (row: number): number => {
    let above = 0
    const found = chain.counts.findIndex((rows) => (above += rows) > row)
    return found < 0 ? Math.max(0, chain.counts.length - 1) : found
  }
  const isNearEnd = lastRow + near >= sumOf(chain.counts)
  return { first: pageOf(firstRow), last: isNearEnd ? chain.starts.length - 1 : pageOf(lastRow) }
}

/** How many rows lie above a page. */
export const rowsAbove = ({ counts }: PageChain, page: number): number => sumOf(counts.slice(0, page))
