/**
 * `syncline export`: every live record as NDJSON, to standard output or to a file that appears only when it is
 * complete. `import` takes it back; without `--type` each record names its type in `$type`.
 */
import { Journal } from "@syncline/core"
import { Effect } from "effect"
import * as Device from "../Device.ts"
import { Output } from "../Output.ts"
import * as OutputFile from "../OutputFile.ts"
import * as Progress from "../Progress.ts"
import * as RecordRow from "../RecordRow.ts"

export interface ExportInput {
  readonly data: string
  readonly type: string | undefined
  readonly file: string | undefined
}

export const run = Effect.fnUntraced(function* (input: ExportInput) {
  const output = yield* Output
  yield* Effect.gen(function* () {
    if (input.file === undefined) return yield* eachRow(input, output.lines)
    const records = yield* OutputFile.write(input.file, (onRows) => eachRow(input, onRows))
    yield* output.result(
      { file: input.file, records },
      `Wrote ${Progress.counted(records, "record")} to ${input.file}.`
    )
  }).pipe(Effect.provide(Device.layerReading(input.data)))
})

const eachRow = Effect.fnUntraced(function* <E>({ data, type }: ExportInput, onRows: OutputFile.OnRows<E>) {
  const journal = yield* Journal.Journal
  const show = yield* RecordRow.showing(data, type === undefined)
  let after: Parameters<typeof journal.scan>[0]
  for (;;) {
    const page = yield* journal.scan(after, RecordRow.pageRows)
    const wanted = page.filter((entity) => !entity.isDeleted && (type === undefined || entity.type === type))
    yield* onRows(yield* show(wanted))
    if (page.length < RecordRow.pageRows) return
    after = page.at(-1)
  }
})
