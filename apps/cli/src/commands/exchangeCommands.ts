/**
 * `syncline space export` and `import`: every record of a space in an open format, for another folder or another program. What is
 * imported is written by the device that imports; who had written it before stays behind.
 */
import { type EntityCopy, Journal, Records, StateHash } from "@syncline/core"
import { Clock, Effect } from "effect"
import { because } from "../CliError.ts"
import * as Device from "../Device.ts"
import { ExportForeign, ImportDiffers, SpaceLocked, SpaceNotEmpty } from "../ExchangeError.ts"
import { Output } from "../Output.ts"
import * as OutputFile from "../OutputFile.ts"
import * as Progress from "../Progress.ts"
import * as SpaceExport from "../SpaceExport.ts"

interface OfFile {
  readonly data: string
  readonly file: string
}

/** Records read at once. */
const pageRows = 1_000
/** Records of one transaction, and the bytes of their lines. */
const transactionRecordsMax = 2_048
const transactionBytesMax = 4 * 1024 * 1024

export const exportSpace = Effect.fnUntraced(function* ({ data, file }: OfFile) {
  const output = yield* Output
  const tally = new SpaceExport.Tally()
  yield* OutputFile.write(file, (onRows) => writeAll(data, tally, onRows)).pipe(
    Effect.provide(Device.layerReading(data))
  )
  const { records, stateHash } = tally.end
  const text = `Wrote ${Progress.counted(records, "record")} to ${file}, state hash ${stateHash}.`
  yield* output.result({ file, records, stateHash }, text)
})

const writeAll = Effect.fnUntraced(function* <E>(data: string, tally: SpaceExport.Tally, onRows: OutputFile.OnRows<E>) {
  const journal = yield* Journal.Journal
  const locked = yield* journal.lockedCount
  if (locked > 0) return yield* because(new SpaceLocked({ folder: data, commits: locked }))
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
})

export const importSpace = Effect.fnUntraced(function* ({ data, file }: OfFile) {
  const output = yield* Output
  const found = yield* SpaceExport.read(file, () => Effect.void)
  yield* Effect.gen(function* () {
    const journal = yield* Journal.Journal
    const { space } = journal.info
    if (found.space !== space) return yield* because(new ExportForeign({ file, space: found.space, here: space }))
    if ((yield* journal.head) > 0) return yield* because(new SpaceNotEmpty({ folder: data }))
    yield* takeIn(file)
    const { hash } = yield* StateHash.compute()
    if (hash !== found.stateHash) {
      return yield* because(new ImportDiffers({ expected: found.stateHash, found: hash }))
    }
  }).pipe(Effect.provide(Device.layerWriting(data)))
  const { records, stateHash } = found
  const text = `Imported ${Progress.counted(records, "record")}, state hash ${stateHash} as in the export.`
  yield* output.result({ file, records, stateHash }, text)
})

const takeIn = Effect.fnUntraced(function* (file: string) {
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
})
