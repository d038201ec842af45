/** The order of routes, as somebody changes it. */

/** The same list with one entry a place earlier (-1) or later (1); as it was where there is no such place. */
export const moved = <A>(list: ReadonlyArray<A>, at: number, by: -1 | 1): ReadonlyArray<A> => {
  const to = at + by
  if (at < 0 || at >= list.length || to < 0 || to >= list.length) return list
  return list.with(at, list[to]!).with(to, list[at]!)
}
