/**
 * Where people look after the quarantine and read receipts: they list, show and export what waits, release it or discard
 * it. What happens without a person is `QuarantineKeeper`'s business; how a commit is taken in is the journal's.
 */
import { Context, Effect, Layer, Option, Stream } from "effect"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { Gate } from "../gate/Gate.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as CommitContents from "../journal/CommitContents.ts"
import { Journal } from "../journal/Journal.ts"
import type { JournalError } from "../journal/JournalError.ts"
import {
  entryOf,
  type QuarantineCounts,
  type QuarantineEntry,
  quarantinePageMax,
  type QuarantineReason
} from "../journal/Quarantine.ts"
import { type Receipt, receiptsPageMax, type ReceiptStatus } from "../journal/Receipt.ts"
import * as QuarantineDecisions from "./QuarantineDecisions.ts"
import type { DeskContext, QuarantineAnswer, QuarantineSelection, QuarantineSum } from "./QuarantineDecisions.ts"

export type { QuarantineAnswer, QuarantineSelection, QuarantineSum } from "./QuarantineDecisions.ts"

/** A page of the quarantine. */
export interface QuarantineList {
  /** Place after which the page begins; default 0, the first. */
  readonly after?: number | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  readonly reason?: QuarantineReason | undefined
}

/** A commit in quarantine with everything that can be read of it. */
export interface QuarantineShown extends QuarantineEntry {
  /** Length of the commit in bytes. */
  readonly size: number
  /** What it would do; `null` where this version cannot read it. */
  readonly contents: CommitContents.CommitContents | null
  /** Why there are no contents. */
  readonly problem: string | null
}

/** A line of an export. */
export interface QuarantineExport extends QuarantineEntry {
  readonly format: "syncline-quarantine/1"
  /** The commit as it came, in base64url without padding. */
  readonly bytes: string
}

/** A page of receipts. */
export interface ReceiptList {
  /** Arrival number after which the page begins; default 0. */
  readonly after?: number | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  readonly status?: ReceiptStatus | undefined
}

type Answered<A> = Effect.Effect<A, JournalError>

export interface QuarantineDeskShape {
  /** Entries in the order of their places. */
  readonly list: (list?: QuarantineList) => Answered<ReadonlyArray<QuarantineEntry>>
  readonly counts: Answered<QuarantineCounts>
  /** One commit in readable form; `undefined` when it is not in quarantine. */
  readonly show: (id: string) => Answered<QuarantineShown | undefined>
  /** Every entry, of one reason or of all, with the commit; one commit is in memory at a time. */
  readonly export: (reason?: QuarantineReason) => Stream.Stream<QuarantineExport, JournalError>
  /**
   * Releases commits, at most 1,000. What waits for its time or for a person is applied, for a person says so; what
   * the policy or a custodian had turned away only if the policy allows it now. The proof of a fork is put away.
   */
  readonly release: (ids: ReadonlyArray<string>) => Answered<ReadonlyArray<QuarantineAnswer>>
  /**
   * Discards commits, at most 1,000. Of a mass delete the records are kept: the deletes are applied and undone at once,
   * by commits of this device, which the policy must allow; what of it lacks something here is dropped. Other commits are
   * dropped; a peer that has one may bring it again.
   */
  readonly discard: (ids: ReadonlyArray<string>) => Answered<ReadonlyArray<QuarantineAnswer>>
  /** Releases all that are meant and are in quarantine now, in pages. What became of a page stays when a later one fails. */
  readonly releaseWhere: (selection: QuarantineSelection) => Answered<QuarantineSum>
  /** The same with `discard`. */
  readonly discardWhere: (selection: QuarantineSelection) => Answered<QuarantineSum>
  /** Receipts of this device's commits in the order of arrival. */
  readonly receipts: (list?: ReceiptList) => Answered<ReadonlyArray<Receipt>>
  /** The receipt of a commit; `undefined` when this device did not write it. */
  readonly receipt: (commit: string) => Answered<Receipt | undefined>
}

export class QuarantineDesk extends Context.Service<QuarantineDesk, QuarantineDeskShape>()(
  "@syncline/core/orchestrator/QuarantineDesk"
) {
  /** For a journal that no orchestrator works on; where one does, it brings a desk that tells its subscribers. */
  static readonly layer: Layer.Layer<QuarantineDesk, never, Journal | Gate | Crypto | Compression> = Layer.effect(
    QuarantineDesk,
    Effect.gen(function* () {
      return make({
        journal: yield* Journal,
        gate: yield* Gate,
        crypto: yield* Crypto,
        compression: yield* Compression,
        publish: () => Effect.void
      })
    })
  )
}

/** The desk of a journal. */
export const make = (context: DeskContext): QuarantineDeskShape => ({
  list: (list) => listed(context, list),
  counts: context.journal.quarantineCounts,
  show: (id) => show(context, id),
  export: (reason) => exported(context, reason),
  release: (ids) => QuarantineDecisions.release(context, ids),
  discard: (ids) => QuarantineDecisions.discard(context, ids),
  releaseWhere: (selection) => QuarantineDecisions.forAll(context, selection, QuarantineDecisions.release),
  discardWhere: (selection) => QuarantineDecisions.forAll(context, selection, QuarantineDecisions.discard),
  receipts: (list) => receipts(context, list),
  receipt: context.journal.receipt
})

/** Entries of a page where none is named. */
const limitDefault = 100

const listed = ({ journal }: DeskContext, { after = 0, limit = limitDefault, reason }: QuarantineList = {}) =>
  Effect.andThen(
    Effect.sync(() => assertPage(after, limit, quarantinePageMax)),
    journal.quarantine({ after, limit, reason })
  )

const receipts = ({ journal }: DeskContext, { after = 0, limit = limitDefault, status }: ReceiptList = {}) =>
  Effect.andThen(
    Effect.sync(() => assertPage(after, limit, receiptsPageMax)),
    journal.receipts(after, limit, status)
  )

/** Rejects what is no page; a mistake of the caller, like a wrong type. */
const assertPage = (after: number, limit: number, limitMax: number): void => {
  if (!Number.isSafeInteger(after) || after < 0) throw new RangeError(`after is ${after}, not a whole number from 0`)
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > limitMax) {
    throw new RangeError(`limit is ${limit}, not a whole number from 1 to ${limitMax}`)
  }
}

const show = Effect.fnUntraced(function* (context: DeskContext, id: string) {
  const { compression, crypto, journal } = context
  const row = yield* journal.quarantined(id)
  if (row === undefined) return undefined
  const read = CommitContents.read({ compression, crypto, keys: journal.keys, space: journal.info.space }, row.bytes)
  const isRead = typeof read !== "string"
  const shown: QuarantineShown = {
    ...entryOf(row),
    size: row.bytes.length,
    contents: isRead ? read : null,
    problem: isRead ? null : read
  }
  return shown
})

const exported = (
  { journal }: DeskContext,
  reason: QuarantineReason | undefined
): Stream.Stream<QuarantineExport, JournalError> =>
  Stream.paginate(0, (after) =>
    Effect.map(journal.quarantine({ after, limit: limitDefault, reason }), (page) => {
      const last = page.at(-1)
      return [page, Option.fromNullishOr(last?.place)] as const
    })
  ).pipe(
    Stream.mapEffect(({ id }) => journal.quarantined(id)),
    // What left meanwhile is not there any more.
    Stream.filter((row) => row !== undefined),
    Stream.map((row) => ({
      format: "syncline-quarantine/1" as const,
      ...entryOf(row),
      bytes: Bytes.toBase64Url(row.bytes)
    }))
  )
