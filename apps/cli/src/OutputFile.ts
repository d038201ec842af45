/**
 * A result of many lines in a file that appears only when it is complete. Standard output is `Output`'s business.
 */
import { open, realpath, rename, rm, stat } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { Effect } from "effect"
import { because, type CliError, OutputUnwritable } from "./CliError.ts"

/** Takes some of the lines. */
export type OnRows<E> = (rows: ReadonlyArray<unknown>) => Effect.Effect<void, E>

/** Writes beside the file and then gives it the name, so that an interrupted run leaves nothing half-done. Counts the lines. */
export const write = Effect.fnUntraced(function* <E, R>(
  file: string,
  each: (onRows: OnRows<CliError>) => Effect.Effect<void, E, R>
) {
  const target = yield* attempt(file, () => targetOf(file))
  const temporary = target.isPlain ? `${target.path}.part` : target.path
  const handle = yield* Effect.acquireRelease(
    attempt(file, () => open(temporary, "w")),
    (opened) => Effect.promise(() => discard(opened, target.isPlain ? temporary : undefined))
  )
  const written = { rows: 0 }
  yield* each((rows) =>
    attempt(file, async () => {
      written.rows += rows.length
      await handle.writeFile(rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
    })
  )
  if (target.isPlain) {
    yield* attempt(file, async () => {
      await handle.sync()
      await rename(temporary, target.path)
    })
  }
  return written.rows
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
  // Gone already when the file was complete.
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
