/**
 * The format in which a whole space leaves a folder: NDJSON, a line for each record between one that says which space it is and one
 * with what all records come to. It reads such files; what is written where is for whoever asks.
 */
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { Bytes, EntityCopy, StateHash } from "@syncline/core"
import { Effect, Result, Schema } from "effect"
import * as NodeCrypto from "../NodeCrypto.ts"
import { because, type ExchangeError, ExportMalformed, ExportUnreadable } from "./ExchangeError.ts"

const format = "syncline-export/1"
const { sha256 } = NodeCrypto.functions

const First = Schema.Struct({ format: Schema.Literal(format), space: Schema.String, madeMs: Schema.Int })
const Kinds = Schema.Record(Schema.String, Schema.Literals(["counter", "orSet"]))
const Line = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  header: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null])),
  fields: Schema.Record(Schema.String, Schema.Json),
  kinds: Schema.optionalKey(Kinds)
})
const Last = Schema.Struct({ end: Schema.Struct({ records: Schema.Int, stateHash: Schema.String }) })

/** The line before all records. */
export const first = (space: string, madeMs: number): typeof First.Type => ({ format, space, madeMs })

/** The line of a record. */
export const lineOf = ({ fields, id, kinds, partition }: EntityCopy.EntityCopy): object => ({
  type: partition.type,
  id,
  header: partition.header,
  fields,
  ...(kinds === undefined ? {} : { kinds })
})

/** Counts and hashes records as they go by. */
export class Tally {
  records = 0
  #hash = StateHash.none(sha256)

  readonly add = ({ fields, id, partition }: EntityCopy.EntityCopy): void => {
    this.records++
    this.#hash = StateHash.add(sha256, this.#hash, { type: partition.type, id, fields })
  }

  /** What the line behind all records says. */
  get end(): (typeof Last.Type)["end"] {
    return { records: this.records, stateHash: Bytes.toHex(this.#hash) }
  }
}

/** Takes records of an export, in order, with the bytes of their lines. */
type OnRecord<E, R> = (record: EntityCopy.EntityCopy, bytes: number) => Effect.Effect<void, E, R>

/** Reads an export from its first line to its last, and gives what those say. It fails with the first line that is wrong. */
export const read = Effect.fnUntraced(function* <E, R>(file: string, onRecord: OnRecord<E, R>) {
  const tally = new Tally()
  let space: string | undefined
  let end: (typeof Last.Type)["end"] | undefined
  let line = 0
  const wrong = (problem: string) => because(new ExportMalformed({ line, problem }))
  const lines = createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity })[Symbol.asyncIterator]()
  for (;;) {
    const next = yield* nextOf(lines)
    if (next === undefined) break
    line++
    if (end !== undefined) return yield* wrong("there is something behind the last line")
    if (space === undefined) {
      const found = decoded(First, next)
      if (found === undefined) return yield* wrong("this is no export, or one of a later version")
      space = found.space
      continue
    }
    const record = decoded(Line, next)
    if (record === undefined) {
      end = decoded(Last, next)?.end
      if (end === undefined) return yield* wrong("this is no record of an export")
      continue
    }
    const { header, type, ...rest } = record
    const copy = { ...rest, partition: { type, header } } as EntityCopy.EntityCopy
    const unfit = EntityCopy.problem(copy)
    if (unfit !== undefined) return yield* wrong(unfit.message)
    tally.add(copy)
    yield* onRecord(copy, next.length)
  }
  if (space === undefined || end === undefined) return yield* wrong("the end is missing: the export is not whole")
  const found = tally.end
  if (found.records !== end.records)
    return yield* wrong(`it has ${found.records} records, and its end says ${end.records}`)
  if (found.stateHash !== end.stateHash) return yield* wrong("its records have another state hash than its end says")
  return { space, ...end }
})

const nextOf = (lines: AsyncIterator<string>): Effect.Effect<string | undefined, ExchangeError> =>
  Effect.tryPromise({
    try: async () => {
      const { done, value } = await lines.next()
      return done === true ? undefined : value
    },
    catch: (error) => {
      const { code, message } = error as NodeJS.ErrnoException
      return because(new ExportUnreadable({ problem: code === "ENOENT" ? "there is no such file" : message }))
    }
  })

const decoded = <A>(schema: Schema.Codec<A, unknown>, text: string): A | undefined => {
  try {
    const result = Schema.decodeUnknownResult(schema)(JSON.parse(text))
    return Result.isSuccess(result) ? result.success : undefined
  } catch {
    return undefined
  }
}
