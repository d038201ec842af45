/**
 * `syncline import`: checks the whole source first, then writes it. Nothing is written when anything is wrong, unless
 * bad records are to be skipped. It reads JSON; other formats are for other tools to convert. One
 * record has at most 63 KiB encoded and 32,512 values; one that grew larger by patches is not imported as a whole.
 */
import { performance } from "node:perf_hooks"
import { Effect } from "effect"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import { Output, writeError } from "../Output.ts"
import * as Progress from "../Progress.ts"
import * as SchemaFile from "../SchemaFile.ts"
import * as ImportPass from "../importing/ImportPass.ts"
import { ImportWriter } from "../importing/ImportWrite.ts"
import * as JsonSource from "../importing/JsonSource.ts"

export interface ImportInput {
  readonly data: string
  readonly file: string
  readonly type: string | undefined
  readonly idField: string | undefined
  readonly isSkippingBad: boolean
  readonly schema: string | undefined
}

export const run = Effect.fnUntraced(function* (input: ImportInput) {
  const device = yield* DeviceFile.read(input.data)
  const typeOf = yield* SchemaFile.load(input.schema ?? device?.schema)
  if (input.type !== undefined) yield* typeOf(input.type)
  const source = yield* JsonSource.openSource(input.file)
  yield* importFrom(input, source, typeOf).pipe(Effect.provide(Device.layerWriting(input.data)))
}, Effect.scoped)

const importFrom = Effect.fnUntraced(function* (
  input: ImportInput,
  source: JsonSource.JsonSource,
  typeOf: SchemaFile.TypeOf
) {
  const startedMs = performance.now()
  const progress = yield* Progress.make
  const options: ImportPass.PassOptions = {
    source,
    typeOf,
    item: { type: input.type, idField: input.idField ?? "id", isIdRequired: input.idField !== undefined },
    isSkippingBad: input.isSkippingBad
  }
  const tally = ImportPass.emptyTally()
  const share = (position: number) => (source.bytes === 0 ? 1 : position / source.bytes)
  yield* ImportPass.run(options, tally, (_, position) =>
    progress.show(share(position) * checkShare, () => `checking: ${Progress.counted(tally.records, "record")}`)
  ).pipe(Effect.ensuring(progress.clear))
  yield* source.assertUnchanged
  const writer = new ImportWriter(typeOf, input.isSkippingBad)
  const { written } = writer
  const text = () => `importing: ${Progress.count(written.stored)} of ${Progress.counted(tally.records, "record")}`
  const show = Effect.suspend(() =>
    progress.show(checkShare + (1 - checkShare) * (tally.records === 0 ? 1 : written.stored / tally.records), text)
  )
  yield* ImportPass.run(options, ImportPass.emptyTally(), (items) => writer.addAll(items, show)).pipe(
    Effect.andThen(writer.flush),
    Effect.onInterrupt(() => interrupted(progress, written.stored, tally.records)),
    Effect.ensuring(progress.clear)
  )
  yield* report(input, { tally, written, seconds: (performance.now() - startedMs) / 1000 })
})

/** Checking is about this part of the work. */
const checkShare = 0.25

const interrupted = (progress: Progress.Progress, stored: number, records: number) =>
  Effect.andThen(
    progress.clear,
    writeError(
      `Stopped: ${Progress.count(stored)} of ${Progress.counted(records, "record")} are stored, each of them whole. ` +
        "Run the same command again to store the rest.\n"
    )
  )

interface Outcome {
  readonly tally: ImportPass.Tally
  readonly written: ImportWriter["written"]
  readonly seconds: number
}

const report = Effect.fnUntraced(function* (input: ImportInput, { seconds, tally, written }: Outcome) {
  const output = yield* Output
  const skipped = tally.skipped + written.refused.length
  const reasons = [...tally.reasons, ...written.refused].slice(0, ImportPass.reasonsMax)
  yield* output.result(
    {
      imported: written.stored,
      changed: written.changed,
      skipped,
      reasons,
      withoutId: tally.withoutId,
      seconds: Math.round(seconds * 100) / 100
    },
    summary(input, written, seconds)
  )
  if (skipped > 0) {
    yield* output.note(`Skipped ${Progress.counted(skipped, "bad record")}:`)
    for (const reason of reasons) yield* output.note(`  ${reason}`)
    if (skipped > reasons.length) yield* output.note(`  and ${Progress.count(skipped - reasons.length)} more`)
  }
  if (tally.withoutId > 0) {
    yield* output.note(
      `${Progress.counted(tally.withoutId, "record")} had no id and got a new one; importing them again would add ` +
        "them again. Name the field that holds the id with --id-field."
    )
  }
})

const summary = (input: ImportInput, written: ImportWriter["written"], seconds: number): string => {
  const records = Progress.counted(written.stored, input.type === undefined ? "record" : `${input.type} record`)
  const time = `${seconds.toFixed(1)} s`
  if (written.stored === 0) return "There was nothing to import."
  if (written.changed === 0) {
    const known = written.stored === 1 ? "the record is" : `all ${records} are`
    return `Nothing was written: ${known} here already (${time}).`
  }
  return `Imported ${records}: ${Progress.count(written.changed)} new or changed (${time}).`
}
