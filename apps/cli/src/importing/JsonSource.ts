/**
 * The bytes of an import, readable twice. A plain file is read where it is; what can be read only once (standard
 * input, a pipe) is first copied to a temporary file that goes away with the scope. It does not look at the content.
 */
import { createReadStream, createWriteStream } from "node:fs"
import { mkdtemp, open, rm, stat } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { Effect, type Scope } from "effect"
import { because, type CliError, InputChanged, InputUnreadable } from "../CliError.ts"
import { StandardStreams } from "../StandardStreams.ts"

/** A good size for a buffer to read with. */
export const chunkBytes = 256 * 1024

export interface JsonSource {
  /** As people know it: the path that was given, or `standard input`. */
  readonly name: string
  readonly bytes: number
  /** Fills a buffer from a position and gives the filled part; empty at the end. */
  readonly read: (position: number, buffer: Buffer) => Effect.Effect<Buffer, CliError>
  /** Fails when the file is not what it was when it was opened. */
  readonly assertUnchanged: Effect.Effect<void, CliError>
}

/** Opens a path, or standard input for `-`. */
export const openSource = (path: string): Effect.Effect<JsonSource, CliError, Scope.Scope> =>
  Effect.gen(function* () {
    const name = path === "-" ? "standard input" : path
    const attempt = <A>(body: () => Promise<A>) => Effect.tryPromise({ try: body, catch: unreadable(name) })
    const isPlain =
      path !== "-" &&
      (yield* attempt(async () => {
        const found = await stat(path)
        if (found.isDirectory()) throw new Error("it is a folder")
        return found.isFile()
      }))
    const file = isPlain ? path : yield* spool(name, path)
    const handle = yield* Effect.acquireRelease(
      attempt(() => open(file, "r")),
      (opened) => Effect.promise(() => opened.close())
    )
    const first = yield* attempt(() => handle.stat())
    return {
      name,
      bytes: first.size,
      read: (position, buffer) => attempt(() => readAt(handle, buffer, position, first.size)),
      assertUnchanged: attempt(() => handle.stat()).pipe(
        Effect.flatMap((now) =>
          now.size === first.size && now.mtimeMs === first.mtimeMs
            ? Effect.void
            : Effect.fail(because(new InputChanged({ file: name })))
        )
      )
    }
  })

const unreadable =
  (file: string) =>
  (error: unknown): CliError =>
    because(new InputUnreadable({ file, problem: problemOf(error) }))

const problemOf = (error: unknown): string => {
  const { code, message } = error as { readonly code?: string; readonly message?: string }
  if (code === "ENOENT") return "there is no such file"
  if (code === "EACCES") return "this user may not read it"
  if (code === "ENOSPC") return "the disk has no room for a temporary copy"
  return message ?? String(error)
}

const readAt = async (handle: FileHandle, buffer: Buffer, position: number, end: number): Promise<Buffer> => {
  const length = Math.min(buffer.length, end - position)
  if (length <= 0) return buffer.subarray(0, 0)
  const { bytesRead } = await handle.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

const spool = Effect.fnUntraced(function* (name: string, path: string) {
  const catchIt = unreadable(name)
  const folder = yield* Effect.acquireRelease(
    Effect.tryPromise({ try: () => mkdtemp(join(tmpdir(), "syncline-import-")), catch: catchIt }),
    (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
  )
  const file = join(folder, "input")
  const { stdin } = yield* StandardStreams
  yield* Effect.tryPromise({
    // The copy is as private as the folder it lies in, which only the owner may enter.
    try: (signal) =>
      pipeline(path === "-" ? stdin : createReadStream(path), createWriteStream(file, { mode: 0o600 }), {
        signal
      }),
    catch: catchIt
  })
  return file
})
