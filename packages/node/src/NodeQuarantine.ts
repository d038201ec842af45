/**
 * The desk over a node's quarantine with promises: what `node.quarantine` is. It translates and nothing else; what may
 * leave the quarantine and what becomes of it is core's business.
 */
import type { Quarantine, QuarantineDesk } from "@syncline/core"
import { type Context, Effect, Stream } from "effect"

/** Calls reject with `JournalError`, or with a `RangeError` for a page or a list of ids that cannot be. */
export interface NodeQuarantine {
  /** Commits in the order in which they came, without their bytes: a page of 100, or as asked, at most 1,000. */
  readonly list: (list?: QuarantineDesk.QuarantineList) => Promise<ReadonlyArray<Quarantine.QuarantineEntry>>
  /** How many commits wait, by reason. */
  readonly counts: () => Promise<Quarantine.QuarantineCounts>
  /** One commit and what it would do; `undefined` when it is not in quarantine. */
  readonly show: (id: string) => Promise<QuarantineDesk.QuarantineShown | undefined>
  /** Every commit, of one reason or of all, with its bytes; each is an object for one line of NDJSON. */
  readonly export: (reason?: Quarantine.QuarantineReason) => AsyncIterable<QuarantineDesk.QuarantineExport>
  /**
   * Releases commits, at most 1,000, and says what became of each. What waits for its time or for a person is applied;
   * what a policy had turned away only if it is allowed now.
   */
  readonly release: (ids: ReadonlyArray<string>) => Promise<ReadonlyArray<QuarantineDesk.QuarantineAnswer>>
  /** Discards commits, at most 1,000. Of a mass delete the records are kept: its deletes are applied and undone. */
  readonly discard: (ids: ReadonlyArray<string>) => Promise<ReadonlyArray<QuarantineDesk.QuarantineAnswer>>
  /** Releases everything that is meant, e.g. a whole mass delete. */
  readonly releaseWhere: (selection: QuarantineDesk.QuarantineSelection) => Promise<QuarantineDesk.QuarantineSum>
  readonly discardWhere: (selection: QuarantineDesk.QuarantineSelection) => Promise<QuarantineDesk.QuarantineSum>
}

export const make = (
  desk: QuarantineDesk.QuarantineDesk["Service"],
  services: Context.Context<never>
): NodeQuarantine => {
  const run = Effect.runPromiseWith(services)
  return {
    list: (list) => run(desk.list(list)),
    counts: () => run(desk.counts),
    show: (id) => run(desk.show(id)),
    export: (reason) => Stream.toAsyncIterableWith(desk.export(reason), services),
    release: (ids) => run(desk.release(ids)),
    discard: (ids) => run(desk.discard(ids)),
    releaseWhere: (selection) => run(desk.releaseWhere(selection)),
    discardWhere: (selection) => run(desk.discardWhere(selection))
  }
}
