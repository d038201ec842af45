/**
 * Where the entries of an audit lie: numbered texts, added behind the others and cut off in front of them. What they say,
 * and what makes them a chain, it does not know.
 */
import { Context, Effect, Layer } from "effect"
import type { JournalError } from "../journal/JournalError.ts"

/** Most entries that one page holds. */
export const auditPageMax = 1_000

export interface AuditRow {
  /** From 1, one more than that of the row before. */
  readonly number: number
  readonly text: string
}

/** Where an audit begins and ends. */
export interface AuditEnds {
  /** What `cut` was told last. */
  readonly checkpoint: string | undefined
  readonly first: AuditRow | undefined
  readonly last: AuditRow | undefined
}

export interface AuditReads {
  readonly ends: Effect.Effect<AuditEnds, JournalError>
  /** Rows behind a number, in order, at most `limit` of 1 to 1,000. */
  readonly page: (after: number, limit: number) => Effect.Effect<ReadonlyArray<AuditRow>, JournalError>
  /** Rows in front of a number, the newest first, at most `limit` of 1 to 1,000. */
  readonly pageBefore: (before: number, limit: number) => Effect.Effect<ReadonlyArray<AuditRow>, JournalError>
}

export interface AuditStoreShape extends AuditReads {
  /** Adds rows, all or none. */
  readonly append: (rows: ReadonlyArray<AuditRow>) => Effect.Effect<void, JournalError>
  /** Drops the rows up to a number and keeps the checkpoint in their place, both or neither. */
  readonly cut: (upto: number, checkpoint: string) => Effect.Effect<void, JournalError>
}

export class AuditStore extends Context.Service<AuditStore, AuditStoreShape>()("@syncline/core/gate/AuditStore") {
  /** Rows in the given list, which outlives the service. */
  static readonly layerMemory = (rows: Array<AuditRow> = []) =>
    Layer.sync(AuditStore, () => {
      let checkpoint: string | undefined
      return {
        ends: Effect.sync(() => ({ checkpoint, first: rows[0], last: rows.at(-1) })),
        page: (after, limit) => Effect.sync(() => rows.filter(({ number }) => number > after).slice(0, limit)),
        pageBefore: (before, limit) =>
          Effect.sync(() =>
            rows
              .filter(({ number }) => number < before)
              .toReversed()
              .slice(0, limit)
          ),
        append: (fresh) => Effect.sync(() => void rows.push(...fresh)),
        cut: (upto, text) =>
          Effect.sync(() => {
            rows.splice(0, rows.filter(({ number }) => number <= upto).length)
            checkpoint = text
          })
      }
    })
}
