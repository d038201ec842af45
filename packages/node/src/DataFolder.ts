/**
 * The folder that one running node owns: its files' names and the lock that keeps a second process out. The lock is an
 * exclusive SQLite transaction held open, which the operating system ends with the process, also after `kill -9`. It
 * neither reads nor writes what the folder holds.
 */
import { accessSync, constants, existsSync } from "node:fs"
import { join, resolve } from "node:path"
import type { JournalError } from "@syncline/core"
import Database from "better-sqlite3"
import { Effect } from "effect"
import * as PrivateFolder from "./PrivateFolder.ts"
import * as SqliteFailure from "./SqliteFailure.ts"

/** The journal's file in a folder. */
export const journalFile = (folder: string): string => join(folder, "journal.db")

const lockFile = (folder: string): string => join(folder, "lock.db")

export interface DataFolder {
  /** Absolute path. */
  readonly path: string
}

/**
 * Makes the folder when it is missing and holds its lock until the scope closes. Fails with `StoreInUse` while another
 * process, or another journal of this process, holds it; with `StoreReadOnly` and `StoreFull` as the disk says.
 */
export const acquire = (folder: string) =>
  Effect.acquireRelease(
    Effect.suspend(() => lock(resolve(folder))),
    ({ handle }) => Effect.sync(() => handle.close())
  ).pipe(Effect.map(({ path }): DataFolder => ({ path })))

const lock = (
  path: string
): Effect.Effect<{ readonly path: string; readonly handle: Database.Database }, JournalError.JournalError> => {
  let handle: Database.Database | undefined
  try {
    PrivateFolder.make(path)
    assertWritable(path)
    handle = new Database(lockFile(path), { timeout: 0 })
    handle.exec("BEGIN EXCLUSIVE")
    return Effect.succeed({ path, handle })
  } catch (error) {
    handle?.close()
    const failure = SqliteFailure.ofError(error, path)
    return failure === undefined ? Effect.die(error) : Effect.fail(SqliteFailure.toError(path, failure))
  }
}

/** SQLite silently opens what it may not write for reading only, and then `BEGIN EXCLUSIVE` locks nothing. */
const assertWritable = (path: string): void => {
  accessSync(path, constants.W_OK | constants.X_OK)
  for (const file of [lockFile(path), journalFile(path)]) if (existsSync(file)) accessSync(file, constants.W_OK)
}
