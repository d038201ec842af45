/**
 * `syncline export`: every live record as NDJSON, to standard output or to a file that appears only when it is
 * complete. `import` takes it back; without `--type` each record names its type in `$type`.
 */
import { open, realpath, rename, rm, stat } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { Journal } from "@syncline/core"
import { Effect } from "effect"
import { because, type CliError, OutputUnwritable } from "../CliError.ts"
import * as Device from "../Device.ts"
import { Output } from "../Output.ts"
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
    if (input.file === undefined) return yield* eachRow(input.type, output.lines)
    const records = yield* exportTo(input.file, input.type)
    yield* output.result(
      { file: input.file, records },
      `Wrote ${Progress.counted(records, "record")} to ${input.file}.`
    )
  }).pipe(Effect.provide(Device.layerReading(input.data)))
})

type OnRows<E> = (rows: ReadonlyArray<Record<string, unknown>>) => Effect.Effect<void, E>

const eachRow = Effect.fnUntraced(function* <E>(type: string | undefined, onRows: OnRows<E>) {
  const journal = yield* Journal.Journal
  let after: Parameters<typeof journal.scan>[0]
  for (;;) {
    const page = yield* journal.scan(after, RecordRow.pageRows)
    const wanted = page.filter((entity) => !entity.isDeleted && (type === undefined || entity.type === type))
    yield* onRows(wanted.map((entity) => RecordRow.of(entity, type === undefined)))
    if (page.length < RecordRow.pageRows) return
    after = page.at(-1)
  }
})

/** Writes beside the file and then gives it the name, so that an interrupted export leaves nothing half-done. */
const exportTo = Effect.fnUntraced(function* (file: string, type: string | undefined) {
  const target = yield* attempt(file, () => targetOf(file))
  const temporary = target.isPlain ? `${target.path}.part` : target.path
  const handle = yield* Effect.acquireRelease(
    attempt(file, () => open(temporary, "w")),
    (opened) => Effect.promise(() => discard(opened, target.isPlain ? temporary : undefined))
  )
  const written = { records: 0 }
  yield* eachRow(type, (rows) =>
    attempt(file, async () => {
      written.records += rows.length
      await handle.writeFile(rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
    })
  )
  if (target.isPlain) {
    yield* attempt(file, async () => {
      await handle.sync()
      await rename(temporary, target.path)
    })
  }
  return written.records
}, Effect.scoped)

/** Links are followed, and pipes and devices written to where they are: a new name would replace them. */
const targetOf = async (file: string): Promise<{ readonly path: string; readonly isPlain: boolean }> => {
  try {
    const path = await realpath(file)
    return { path, isPlain: (await stat(path)).isFile() }
  } catch (error) {
    if ((error as { readonly code?: string }).code === "ENOENT") return { path: file, isPlain: true }
    throw error
  }
}

const discard = async (handle: FileHandle, temporary: string | undefined): Promise<void> => {
  await handle.close()
  // Gone already when the export was complete.
  if (temporary !== undefined) await rm(temporary, { force: true })
}

const attempt = <A>(file: string, body: () => Promise<A>): Effect.Effect<A, CliError> =>
  Effect.tryPromise({
    try: body,
    catch: (error) => {
      const { code, message } = error as { readonly code?: string; readonly message: string }
      return because(new OutputUnwritable({ place: file, problem: code === "ENOSPC" ? "the disk is full" : message }))
    }
  })
