/**
 * A batch whose commits unpack to much is taken in in portions, each in a transaction of its own, so that no batch holds
 * up the journal's writer or its memory for long. What becomes of the portions, added up, is what the peer is told of the batch.
 */
import type { RemoteOutcome } from "../journal/Journal.ts"
import type { CheckedBatch } from "./CheckedBatch.ts"

/** Bytes of unpacked events in one portion; a single commit may have no more than an eighth of it. */
export const portionBytesMax = 2 * 1024 * 1024

/** The portions of a batch in its order; nearly always it is one. */
export const of = (checked: CheckedBatch): ReadonlyArray<CheckedBatch> => {
  const portions: Array<CheckedBatch> = []
  let from = 0
  let bytes = 0
  for (let i = 0; i < checked.sizes.length; i++) {
    if (bytes + checked.sizes[i]! > portionBytesMax) {
      portions.push(portion(checked, from, i))
      from = i
      bytes = 0
    }
    bytes += checked.sizes[i]!
  }
  if (from === 0) return [checked]
  const last = portion(checked, from, checked.sizes.length)
  return [...portions, { ...last, feed: checked.feed, verdicts: checked.verdicts }]
}

/** Some commits of a batch in a row. They are of the feed, and the cursor moves only once all of them were taken in. */
const portion = (checked: CheckedBatch, from: number, upto: number): CheckedBatch => {
  const denials = checked.denials.filter(({ index }) => index >= from && index < upto)
  return {
    ...checked,
    commits: checked.commits.slice(from, upto),
    places: checked.places.slice(from, upto),
    sizes: checked.sizes.slice(from, upto),
    counted: checked.counted.slice(from, upto),
    denials: denials.map((denial) => ({ ...denial, index: denial.index - from })),
    feed: checked.feed === undefined ? undefined : { from: checked.feed.from, upto: checked.feed.from },
    verdicts: []
  }
}

/**
 * What is said of a batch when all of its portions are in. What each portion changed in the records was told when it
 * was in, so it is not kept here: a batch can unpack to very many records.
 */
export type BatchOutcome = Pick<RemoteOutcome, "applied" | "held" | "gaps" | "refused" | "verdicts" | "cursor">

/** Adds up the outcomes of a batch's portions, each once and in their order. */
export class PortionSum {
  readonly #refused = new Map<string, number>()
  readonly #verdicts: Array<RemoteOutcome["verdicts"][number]> = []
  #applied = 0
  #held = 0
  #gaps = 0
  #cursor = 0

  add({ applied, cursor, gaps, held, refused, verdicts }: RemoteOutcome): void {
    this.#applied += applied
    this.#held += held
    this.#gaps += gaps
    this.#cursor = cursor
    for (const [code, commits] of refused) this.#refused.set(code, (this.#refused.get(code) ?? 0) + commits)
    for (const verdict of verdicts) this.#verdicts.push(verdict)
  }

  get outcome(): BatchOutcome {
    return {
      applied: this.#applied,
      held: this.#held,
      gaps: this.#gaps,
      refused: [...this.#refused],
      verdicts: this.#verdicts,
      cursor: this.#cursor
    }
  }
}
