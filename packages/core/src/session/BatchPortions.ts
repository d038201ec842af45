/**
 * A batch whose commits unpack to much is taken in in portions, each in a transaction of its own, so that no batch holds
 * up the journal's writer or its memory for long. What becomes of the portions together is what became of the batch.
 */
import type { RemoteOutcome } from "../journal/Journal.ts"
import { mergedRefs } from "../journal/OpenEntities.ts"
import type { CheckedBatch } from "./BatchIntake.ts"

/** Bytes of unpacked events in one portion; a single commit may have no more than an eighth of it. */
export const portionBytesMax = 2 * 1024 * 1024

export interface Portion {
  readonly checked: CheckedBatch
  readonly isLast: boolean
}

/** The portions of a batch in its order; nearly always it is one. */
export const of = (checked: CheckedBatch): ReadonlyArray<Portion> => {
  const portions: Array<Portion> = []
  let from = 0
  let bytes = 0
  for (let i = 0; i < checked.sizes.length; i++) {
    if (bytes + checked.sizes[i]! > portionBytesMax) {
      portions.push({ checked: portion(checked, from, i), isLast: false })
      from = i
      bytes = 0
    }
    bytes += checked.sizes[i]!
  }
  const last = from === 0 ? checked : { ...portion(checked, from, checked.sizes.length), verdicts: checked.verdicts }
  return [...portions, { checked: { ...last, feed: checked.feed }, isLast: true }]
}

/** Some commits of a batch in a row. They are of the feed, and the cursor moves only once all of them were taken in. */
const portion = (checked: CheckedBatch, from: number, upto: number): CheckedBatch => {
  const denials = checked.denials.filter(({ index }) => index >= from && index < upto)
  return {
    ...checked,
    commits: checked.commits.slice(from, upto),
    places: checked.places.slice(from, upto),
    sizes: checked.sizes.slice(from, upto),
    denials: denials.map((denial) => ({ ...denial, index: denial.index - from })),
    feed: checked.feed === undefined ? undefined : { from: checked.feed.from, upto: checked.feed.from },
    verdicts: []
  }
}

/** What became of two portions, the earlier one first. */
export const joined = (earlier: RemoteOutcome | undefined, later: RemoteOutcome): RemoteOutcome => {
  if (earlier === undefined) return later
  return {
    applied: earlier.applied + later.applied,
    known: earlier.known + later.known,
    held: earlier.held + later.held,
    gaps: earlier.gaps + later.gaps,
    refused: added(earlier.refused, later.refused),
    arrived: added(earlier.arrived, later.arrived),
    verdicts: [...earlier.verdicts, ...later.verdicts],
    isCopied: earlier.isCopied || later.isCopied,
    forks: [...earlier.forks, ...later.forks],
    conflicts: [...earlier.conflicts, ...later.conflicts],
    entities: mergedRefs(earlier.entities, later.entities),
    cursor: later.cursor,
    head: later.head
  }
}

type Counts<Name> = ReadonlyArray<readonly [name: Name, commits: number]>

const added = <Name>(earlier: Counts<Name>, later: Counts<Name>): Counts<Name> => {
  const sums = new Map(earlier)
  for (const [name, commits] of later) sums.set(name, (sums.get(name) ?? 0) + commits)
  return [...sums]
}
