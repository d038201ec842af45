/**
 * A whole space out of a journal in an open format, and into an empty one: every record as it is. Who had written it stays behind, and
 * what is imported is written by the device that imports. Where files lie is for whoever asks.
 */
import {
  type Crypto,
  type EntityCopy,
  Journal,
  type JournalError,
  Records,
  StateHash,
  type WriteError
} from "@syncline/core"
import { Clock, Effect } from "effect"
import {
  because,
  type ExchangeError,
  ExportForeign,
  ImportDiffers,
  SpaceNotEmpty,
  SpaceUnread
} from "./ExchangeError.ts"
import * as SpaceExport from "./SpaceExport.ts"

/** Records read at once. */
const pageRows = 1_000
/** Records of one transaction, and the bytes of their lines. */
const transactionRecordsMax = 2_048
const transactionBytesMax = 4 * 1024 * 1024

/** What all records of an export come to. */
export interface Sum {
  readonly records: number
  /** SHA-256 in hexadecimal. */
  readonly stateHash: string
}

type Refused = ExchangeError | JournalError.JournalError

/** Fails with `SpaceUnread` where some of the space cannot be read. Whoever exports asks before it sends anything. */
export const readable: Effect.Effect<void, Refused, Journal.Journal> = Effect.gen(function* () {
  const commits = yield* (yield* Journal.Journal).lockedCount
  if (commits > 0) return yield* because(new SpaceUnread({ commits }))
})

/**
 * Gives the lines of an export in order, as values, a thousand at a time; each record as it is when it is read. Memory does not grow with
 * the space.
 */
export const write = Effect.fnUntraced(function* <E, R>(
  onRows: (rows: ReadonlyArray<object>) => Effect.Effect<void, E, R>
): Effect.fn.Return<Sum, E | JournalError.JournalError, R | Journal.Journal> {
  const journal = yield* Journal.Journal
  const tally = new SpaceExport.Tally()
  yield* onRows([SpaceExport.first(journal.info.space, yield* Clock.currentTimeMillis)])
  let after: Parameters<typeof journal.scan>[0]
  for (;;) {
    const page = yield* journal.scan(after, pageRows)
    const live = page.filter(({ isDeleted }) => !isDeleted)
    for (const entity of live) tally.add(entity)
    yield* onRows(live.map((entity) => SpaceExport.lineOf(entity)))
    if (page.length < pageRows) break
    after = page.at(-1)
  }
  yield* onRows([{ end: tally.end }])
  return tally.end
})

/** Reads the whole file and says what it holds; fails with what is wrong with it, or with why this space cannot take it. */
export const check = Effect.fnUntraced(function* (file: string): Effect.fn.Return<Sum, Refused, Journal.Journal> {
  const found = yield* SpaceExport.read(file, () => Effect.void)
  const journal = yield* Journal.Journal
  const { space } = journal.info
  if (found.space !== space) return yield* because(new ExportForeign({ space: found.space, here: space }))
  if ((yield* journal.head) > 0) return yield* because(new SpaceNotEmpty({}))
  const { records, stateHash } = found
  return { records, stateHash }
})

/** Writes all of a file that was checked, in transactions, and compares what is here then. */
export const takeIn = Effect.fnUntraced(function* (
  file: string,
  expected: Sum
): Effect.fn.Return<void, Refused | WriteError.WriteError, Crypto.Crypto | Journal.Journal | Records.Records> {
  const records = yield* Records.Records
  let waiting: Array<EntityCopy.EntityCopy> = []
  let waitingBytes = 0
  const flush = Effect.suspend(() => {
    const copies = waiting
    waiting = []
    waitingBytes = 0
    return copies.length === 0 ? Effect.void : Effect.asVoid(records.copyAll(copies))
  })
  yield* SpaceExport.read(file, (record, bytes) => {
    const isFull = waiting.length >= transactionRecordsMax || waitingBytes + bytes > transactionBytesMax
    return Effect.andThen(
      isFull ? flush : Effect.void,
      Effect.sync(() => {
        waiting.push(record)
        waitingBytes += bytes
      })
    )
  })
  yield* flush
  const { hash } = yield* StateHash.compute()
  if (hash !== expected.stateHash) {
    return yield* because(new ImportDiffers({ expected: expected.stateHash, found: hash }))
  }
})
