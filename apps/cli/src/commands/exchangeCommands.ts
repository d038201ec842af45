/**
 * `syncline space export` and `import`: every record of a space in an open format, for another folder or another program. What is
 * imported is written by the device that imports; who had written it before stays behind.
 */
import { SpaceExchange } from "@syncline/node/hub"
import { Effect } from "effect"
import * as Device from "../Device.ts"
import { Output } from "../Output.ts"
import * as OutputFile from "../OutputFile.ts"
import * as Progress from "../Progress.ts"

interface OfFile {
  readonly data: string
  readonly file: string
}

export const exportSpace = Effect.fnUntraced(function* ({ data, file }: OfFile) {
  const output = yield* Output
  let sum: SpaceExchange.Sum = { records: 0, stateHash: "" }
  yield* Effect.gen(function* () {
    yield* SpaceExchange.readable
    yield* OutputFile.write(file, (onRows) =>
      Effect.map(SpaceExchange.write(onRows), (written) => {
        sum = written
      })
    )
  }).pipe(Effect.provide(Device.layerReading(data)))
  const { records, stateHash } = sum
  const text = `Wrote ${Progress.counted(records, "record")} to ${file}, state hash ${stateHash}.`
  yield* output.result({ file, records, stateHash }, text)
})

export const importSpace = Effect.fnUntraced(function* ({ data, file }: OfFile) {
  const output = yield* Output
  const { records, stateHash } = yield* Effect.gen(function* () {
    const sum = yield* SpaceExchange.check(file)
    yield* SpaceExchange.takeIn(file, sum)
    return sum
  }).pipe(Effect.provide(Device.layerWriting(data)))
  const text = `Imported ${Progress.counted(records, "record")}, state hash ${stateHash} as in the export.`
  yield* output.result({ file, records, stateHash }, text)
})
