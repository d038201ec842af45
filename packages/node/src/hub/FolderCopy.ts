/**
 * Copies the files of a data folder, each as it is at one moment, also while a process writes to them: databases page by page within
 * one read transaction, other files whole. What is copied in which order, and what a copy is good for, is for its callers to say.
 */
import { createHash } from "node:crypto"
import { chmodSync, closeSync, createReadStream, fsyncSync, openSync } from "node:fs"
import { open } from "node:fs/promises"
import { dirname } from "node:path"
import Database from "better-sqlite3"
import { Effect } from "effect"
import * as SqliteFailure from "../SqliteFailure.ts"
import { type BackupError, BackupStoreFailed, because } from "./BackupError.ts"
import type { BackupFile } from "./BackupManifest.ts"

/** How long a statement waits for another connection's lock, in milliseconds. */
const busyMsMax = 5_000
/** Pages of a database that are copied in one go, 4 MiB: as long as nothing else of this thread runs. */
const pagesPerStep = 1_000
const chunkBytes = 1024 * 1024
const fileMode = 0o600

/** Does something with files; what SQLite and the disk say becomes an error of the folder or file, anything else stays a defect. */
export const attempt = <A>(
  path: string,
  body: (signal: AbortSignal) => A | Promise<A>
): Effect.Effect<A, BackupError> =>
  Effect.flatten(
    Effect.promise(async (signal): Promise<Effect.Effect<A, BackupError>> => {
      try {
        return Effect.succeed(await body(signal))
      } catch (error) {
        const failure = SqliteFailure.ofError(error, dirname(path))
        if (failure === undefined) return Effect.die(error)
        return Effect.fail(because(new BackupStoreFailed({ cause: SqliteFailure.toError(path, failure) })))
      }
    })
  )

/**
 * Copies a database as it is now, into a file that is not there yet and that needs no log beside it. The source stays as it is, and
 * whoever writes to it goes on.
 */
export const copyDatabase = (from: string, to: string): Effect.Effect<void, BackupError> =>
  attempt(from, async (signal) => {
    const db = openAtOneMoment(from)
    try {
      await db.backup(to, {
        progress: () => {
          signal.throwIfAborted()
          return pagesPerStep
        }
      })
    } finally {
      db.close()
    }
    const copy = new Database(to)
    try {
      copy.pragma("journal_mode = DELETE")
    } finally {
      copy.close()
    }
    chmodSync(to, fileMode)
  })

/** In a transaction, or each commit of somebody else would make the copying begin anew. */
const openAtOneMoment = (file: string): Database.Database => {
  try {
    return begun(new Database(file, { readonly: true, fileMustExist: true, timeout: busyMsMax }))
  } catch (error) {
    // What a process that died left half written is taken back by SQLite, which must write for that.
    const isUnfinished = error instanceof Database.SqliteError && error.code.startsWith("SQLITE_READONLY")
    if (!isUnfinished) throw error
    return begun(new Database(file, { fileMustExist: true, timeout: busyMsMax }))
  }
}

const begun = (db: Database.Database): Database.Database => {
  try {
    db.exec("BEGIN")
    db.prepare("SELECT count(*) FROM sqlite_schema").get()
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Copies a file into one that is not there yet, durably, and tells what was copied. */
export const copyFile = (from: string, to: string): Effect.Effect<Omit<BackupFile, "name">, BackupError> =>
  attempt(from, async (signal) => {
    const target = await open(to, "wx", fileMode)
    try {
      const facts = await readThrough(from, signal, (chunk) => target.writeFile(chunk))
      await target.sync()
      return facts
    } finally {
      await target.close()
    }
  })

/** Length and hash of a file. */
export const factsOf = (file: string): Effect.Effect<Omit<BackupFile, "name">, BackupError> =>
  attempt(file, (signal) => readThrough(file, signal, async () => undefined))

const readThrough = async (
  file: string,
  signal: AbortSignal,
  onChunk: (chunk: Buffer) => Promise<unknown>
): Promise<Omit<BackupFile, "name">> => {
  const hash = createHash("sha256")
  let bytes = 0
  for await (const read of createReadStream(file, { highWaterMark: chunkBytes, signal })) {
    const chunk = read as Buffer
    hash.update(chunk)
    bytes += chunk.length
    await onChunk(chunk)
  }
  return { bytes, sha256: hash.digest("hex") }
}

/** Makes a file durable that somebody else wrote; throws the system's error. */
export const syncFile = (file: string): void => {
  const handle = openSync(file, "r+")
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** What SQLite finds wrong with a database, in its words; `undefined` for nothing. */
export const problemOf = (file: string): string | undefined => {
  let db: Database.Database | undefined
  try {
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: busyMsMax })
    const answer = db.pragma("quick_check(1)", { simple: true })
    return answer === "ok" ? undefined : String(answer)
  } catch (error) {
    if (error instanceof Database.SqliteError) return `${error.code}: ${error.message}`
    throw error
  } finally {
    db?.close()
  }
}
