/** Pages of a list that changes while one goes through it. */
import { expect, it } from "vitest"
import {
  hasMore,
  nothingKnown,
  type PageChain,
  pagesAt,
  rowCount,
  rowsAbove,
  withPage
} from "../src/elements/pageChain.ts"

const rows = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, at) => at)

const page = (count: number, next: string | null) => ({ items: rows(count), next })

/** Three pages of 10, and more behind them. */
const three = (): PageChain => {
  const one = withPage(nothingKnown, undefined, page(10, "a"))
  return withPage(withPage(one, "a", page(10, "b")), "b", page(10, "c"))
}

it("[UI-21] a list grows page by page, to its end", () => {
  expect([rowCount(nothingKnown), hasMore(nothingKnown)]).toEqual([0, true])
  expect([rowCount(three()), hasMore(three())]).toEqual([30, true])
  const whole = withPage(three(), "c", page(4, null))
  expect([rowCount(whole), hasMore(whole), rowsAbove(whole, 3)]).toEqual([34, false, 30])
})

it("[UI-21] only pages in sight are asked for, and the next one near the end", () => {
  expect(pagesAt(three(), 0, 8, 1)).toEqual({ first: 0, last: 0 })
  expect(pagesAt(three(), 9, 10, 1)).toEqual({ first: 0, last: 1 })
  expect(pagesAt(three(), 12, 19, 5)).toEqual({ first: 1, last: 1 })
  expect(pagesAt(three(), 22, 29, 5)).toEqual({ first: 2, last: 3 })
  const whole = withPage(three(), "c", page(4, null))
  expect(pagesAt(whole, 31, 33, 5)).toEqual({ first: 3, last: 3 })
})

it("[UI-21] a page that says the same again changes nothing", () => {
  const chain = three()
  expect(withPage(chain, "a", page(10, "b"))).toBe(chain)
})

it("[UI-21] a page that ends elsewhere moves all behind it, whose place is held open until they come", () => {
  const moved = withPage(three(), "a", page(10, "B"))
  expect(moved).toEqual({ starts: [undefined, "a", "B"], counts: [10, 10], held: 10 })
  expect([rowCount(moved), hasMore(moved)]).toEqual([30, true])
  // What was on its way from the place that is no more is no page of this list.
  expect(withPage(moved, "b", page(10, "c"))).toBe(moved)
  expect(withPage(moved, "B", page(10, "C"))).toEqual({
    starts: [undefined, "a", "B", "C"],
    counts: [10, 10, 10],
    held: 0
  })
})

it("[UI-21] a page with fewer rows and the same end leaves what is behind it", () => {
  expect(withPage(three(), "a", page(7, "b"))).toEqual({
    starts: [undefined, "a", "b", "c"],
    counts: [10, 7, 10],
    held: 0
  })
})

it("[UI-21] a list that ends earlier than before is shorter", () => {
  const shorter = withPage(three(), "a", page(3, null))
  expect([rowCount(shorter), hasMore(shorter)]).toEqual([13, false])
  const empty = withPage(three(), undefined, page(0, null))
  expect([rowCount(empty), hasMore(empty)]).toEqual([0, false])
})
