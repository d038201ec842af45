/**
 * An observed-remove set: an element is in it while at least one of its additions has not been withdrawn, and a
 * removal withdraws only additions that its writer had seen. Additions are named by (author, event number).
 * Source: Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data Types", 2011, OR-Set.
 * It relies on causal delivery per entity, so it keeps no tombstones.
 */
import type { Author } from "../identity/Author.ts"
import { canonicalText, type FieldValue } from "../model/FieldValue.ts"

interface Element {
  readonly value: FieldValue
  /** Live additions: author to the numbers of its adding events. */
  readonly additions: Map<Author, Array<number>>
}

/** Elements by their canonical text. */
export type OrSet = Map<string, Element>

export const empty = (): OrSet => new Map()

/** Records that an event added a value. The same event adding it again changes nothing. */
export const add = (set: OrSet, value: FieldValue, author: Author, eseq: number): void => {
  const key = canonicalText(value)
  let element = set.get(key)
  if (element === undefined) {
    element = { value, additions: new Map() }
    set.set(key, element)
  }
  const numbers = element.additions.get(author)
  if (numbers === undefined) element.additions.set(author, [eseq])
  else if (!numbers.includes(eseq)) {
    numbers.push(eseq)
    numbers.sort((a, b) => a - b)
  }
}

/** Withdraws one addition of a value; an unknown one changes nothing. */
export const withdraw = (set: OrSet, value: FieldValue, author: Author, eseq: number): void => {
  const key = canonicalText(value)
  const element = set.get(key)
  const numbers = element?.additions.get(author)
  if (element === undefined || numbers === undefined) return
  const left = numbers.filter((number) => number !== eseq)
  if (left.length > 0) element.additions.set(author, left)
  else element.additions.delete(author)
  if (element.additions.size === 0) set.delete(key)
}

/** The additions of a value that a removal written now would withdraw. */
export const observed = (set: OrSet, value: FieldValue): Array<readonly [Author, number]> => {
  const found: Array<readonly [Author, number]> = []
  for (const [author, numbers] of set.get(canonicalText(value))?.additions ?? []) {
    for (const eseq of numbers) found.push([author, eseq])
  }
  return found
}

/** The elements in the order of their canonical texts. */
export const elements = (set: OrSet): Array<FieldValue> =>
  [...set.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, element]) => element.value)
