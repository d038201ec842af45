/**
 * One reading of the source from its first byte to its last: every record parsed and checked, every flaw counted. The
 * import makes two, one to check and one to write, so both see the same records. It writes nothing itself.
 */
import { Entity, Journal, type JournalError, Partition } from "@syncline/core"
import { Effect } from "effect"
import { because, type CliError, InputMalformed, RecordInvalid } from "../CliError.ts"
import type { TypeOf } from "../SchemaFile.ts"
import { chunkBytes, type JsonSource } from "./JsonSource.ts"
import * as RecordItem from "./RecordItem.ts"
import * as RecordParser from "./RecordParser.ts"
import { type Piece, RecordSplitter } from "./RecordSplitter.ts"
import * as TextPosition from "./TextPosition.ts"

/** Reasons for skipping that are told. */
export const reasonsMax = 5

export interface PassOptions {
  readonly source: JsonSource
  readonly typeOf: TypeOf
  readonly item: RecordItem.ItemOptions
  readonly isSkippingBad: boolean
}

/** What a pass has found so far. */
export interface Tally {
  records: number
  withoutId: number
  skipped: number
  readonly reasons: Array<string>
}

export const emptyTally = (): Tally => ({ records: 0, withoutId: 0, skipped: 0, reasons: [] })

/** A record that may be written. */
export interface CheckedItem extends RecordItem.Item {
  /** Its length in the source. */
  readonly textBytes: number
}

/** Called with the records of each stretch of the source, in order. */
type OnItems<E, R> = (items: ReadonlyArray<CheckedItem>, position: number) => Effect.Effect<void, E, R>

/** Reads everything. Fails at the first flaw, unless bad records are skipped. */
export const run = Effect.fnUntraced(function* <E, R>(
  options: PassOptions,
  tally: Tally,
  onItems: OnItems<E, R>
): Effect.fn.Return<void, E | CliError | JournalError.JournalError, R | Journal.Journal> {
  const splitter = new RecordSplitter()
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (let position = 0; ;) {
    const chunk = yield* options.source.read(position, buffer)
    const pieces = chunk.length === 0 ? splitter.end() : splitter.push(chunk)
    position += chunk.length
    const items: Array<CheckedItem> = []
    for (const piece of pieces) {
      const item = yield* checkPiece(options, piece)
      if (!("flaw" in item)) {
        items.push(item)
        tally.records++
        if (item.id === undefined) tally.withoutId++
      } else if (options.isSkippingBad) yield* noteSkipped(options, tally, item)
      else return yield* failure(options, item)
    }
    yield* onItems(items, position)
    if (chunk.length === 0) return
  }
})

interface BadPiece {
  readonly flaw: RecordParser.Flaw
  /** True when the text is at fault and not the record in it. */
  readonly isMalformed: boolean
}

const checkPiece = Effect.fnUntraced(function* (options: PassOptions, piece: Piece) {
  const bad = (flaw: RecordParser.Flaw, isMalformed: boolean): BadPiece => ({ flaw, isMalformed })
  const parsed = RecordParser.parse(piece)
  if ("problem" in parsed) return bad(parsed, true)
  const made = RecordItem.make(parsed.value, options.item)
  if (typeof made === "string") return bad({ offset: piece.offset, problem: made }, false)
  const type = yield* options.typeOf(made.type)
  // An export that knew no schema gives a null for what was emptied.
  const item = { ...made, value: Entity.withoutEmptied(type, made.value) }
  const change = RecordItem.check(type, item, piece.bytes.length)
  if (typeof change === "string") return bad({ offset: piece.offset, problem: change }, false)
  if (type.header.length > 0 && item.id !== undefined) {
    const live = yield* Journal.Journal.use((journal) => journal.liveOf(item.type, change.id))
    if (live.length > 0 && !live.some(({ partition }) => Partition.same(partition, change.partition))) {
      const problem = `${item.type} ${JSON.stringify(item.id)}: field ${type.header.join(", ")}: cannot change`
      return bad({ offset: piece.offset, problem }, false)
    }
  }
  const checked: CheckedItem = { ...item, textBytes: piece.bytes.length }
  return checked
})

const noteSkipped = Effect.fnUntraced(function* (options: PassOptions, tally: Tally, { flaw }: BadPiece) {
  tally.skipped++
  if (tally.reasons.length >= reasonsMax) return
  const { column, line } = yield* TextPosition.find(options.source, flaw.offset)
  tally.reasons.push(`line ${line}, column ${column}: ${flaw.problem}`)
})

const failure = Effect.fnUntraced(function* (options: PassOptions, { flaw, isMalformed }: BadPiece) {
  const file = options.source.name
  const { column, line } = yield* TextPosition.find(options.source, flaw.offset)
  const reason = isMalformed
    ? new InputMalformed({ file, line, column, problem: flaw.problem })
    : new RecordInvalid({ file, line, problem: flaw.problem })
  return yield* because(reason)
})
