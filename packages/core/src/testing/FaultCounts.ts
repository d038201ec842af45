/**
 * How often each kind of fault really happened in a run. A fault counts when it bites: a partition when it swallows a
 * frame, a full disk when it refuses a write.
 */

/** Every kind of fault that a run may meet. */
export const faultKinds = [
  "frameLost",
  "frameDoubled",
  "frameReordered",
  /** A frame was lost between two hosts that are cut off from each other. */
  "partition",
  /** A frame vanished on a link whose other direction works. */
  "halfOpen",
  /** A link lost everything after an acknowledgement, and ended. */
  "severed",
  /** Something waited between two hosts whose way was clogged. */
  "clog",
  /** A frame waited at a host that reads nothing. */
  "deaf",
  "crash",
  /** A process died in the middle of a transaction. */
  "tornWrite",
  /** A process died after a transaction was durable and before anybody heard of it. */
  "unconfirmedWrite",
  /** A write was refused because the disk was full. */
  "diskFull",
  /** A peer that was trusted was turned away. */
  "revocation",
  /** A commit waited in quarantine because its stamp was ahead. */
  "held",
  /** A node went on from an older copy of its rows. */
  "restored",
  /** A second node went on from a copy of another's rows, with its key. */
  "copied",
  /** A clock was off by about a year for a while. */
  "clockJump",
  /** The policy took a right away for a while that a node went on using. */
  "denial",
  /** A node of a sealed space got its key only when all was well again. */
  "lateKey"
] as const

export type FaultKind = (typeof faultKinds)[number]

export class FaultCounts {
  readonly #counts = new Map<FaultKind, number>(faultKinds.map((kind) => [kind, 0]))

  count(kind: FaultKind): void {
    this.#counts.set(kind, this.#counts.get(kind)! + 1)
  }

  get all(): Readonly<Record<FaultKind, number>> {
    return Object.fromEntries(this.#counts) as Record<FaultKind, number>
  }
}
