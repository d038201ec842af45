/**
 * Writes checked records in transactions: each is kept wholly or not at all, and none is begun after an interruption.
 * Records that are already as they should be write nothing, which is the journal's doing.
 */
import { type JournalError, Records, WriteError } from "@syncline/core"
import { Effect } from "effect"
import { because, type CliError, ImportStopped } from "../CliError.ts"
import type { TypeOf } from "../SchemaFile.ts"
import * as ExitCode from "../ExitCode.ts"
import type { CheckedItem } from "./ImportPass.ts"
import * as RecordItem from "./RecordItem.ts"

/** Records of one transaction. */
const transactionRecordsMax = 2_048
/** Source text of one transaction, so that large records do not add up. */
const transactionBytesMax = 4 * 1024 * 1024

/** How many records are durable and how many of them changed something. */
export interface Written {
  stored: number
  changed: number
  /** Records that the journal refused although they looked right, with `--skip-bad`. */
  readonly refused: Array<string>
}

/** Collects records and writes a transaction whenever one is full. */
export class ImportWriter {
  readonly written: Written = { stored: 0, changed: 0, refused: [] }
  readonly #typeOf: TypeOf
  readonly #isSkippingBad: boolean
  #items: Array<CheckedItem> = []
  #bytes = 0

  constructor(typeOf: TypeOf, isSkippingBad: boolean) {
    this.#typeOf = typeOf
    this.#isSkippingBad = isSkippingBad
  }

  /** Takes records; writes each transaction that is full and calls `onWritten` after it. */
  readonly addAll = Effect.fnUntraced(
    { self: this },
    function* (this: ImportWriter, items: ReadonlyArray<CheckedItem>, onWritten: Effect.Effect<void>) {
      for (const item of items) {
        const [first] = this.#items
        const isFull = this.#items.length >= transactionRecordsMax || this.#bytes + item.textBytes > transactionBytesMax
        if (first !== undefined && (isFull || first.type !== item.type)) {
          yield* this.flush
          yield* onWritten
        }
        this.#items.push(item)
        this.#bytes += item.textBytes
      }
    }
  )

  /** Writes what is left. */
  readonly flush: Effect.Effect<void, CliError, Records.Records> = Effect.suspend(() => {
    const items = this.#items
    this.#items = []
    this.#bytes = 0
    // Once begun, a transaction is waited for, so that the count of what is stored is right.
    return Effect.uninterruptible(this.#write(items)).pipe(Effect.catch((error) => this.#stopped(error)))
  })

  #write(
    items: ReadonlyArray<CheckedItem>
  ): Effect.Effect<void, CliError | WriteError.WriteError | JournalError.JournalError, Records.Records> {
    const [first] = items
    if (first === undefined) return Effect.void
    return Effect.gen({ self: this }, function* () {
      const type = yield* this.#typeOf(first.type)
      const records = yield* Records.Records
      const outcome = yield* records.putAll(type, items)
      this.written.stored += items.length
      this.written.changed += outcome.entities.length
    }).pipe(Effect.catchTag("WriteError", (error) => this.#withoutRefused(items, error)))
  }

  /** The transaction again without the record that the journal refused. */
  #withoutRefused(items: ReadonlyArray<CheckedItem>, error: WriteError.WriteError) {
    const { reason } = error
    if (!this.#isSkippingBad || !(reason instanceof WriteError.EntityInvalid)) return Effect.fail(error)
    const rest = items.filter((item) => item.id !== reason.id)
    if (rest.length === items.length) return Effect.fail(error)
    this.written.refused.push(RecordItem.describe(reason))
    return this.#write(rest)
  }

  #stopped(error: CliError | WriteError.WriteError | JournalError.JournalError): Effect.Effect<never, CliError> {
    if (error._tag === "CliError") return Effect.fail(error)
    const { message } = ExitCode.describe(error)
    return Effect.fail(because(new ImportStopped({ stored: this.written.stored, problem: message.replace(/\.$/, "") })))
  }
}
