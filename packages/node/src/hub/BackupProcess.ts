/**
 * Makes and verifies backups in a process of its own, at low priority: copying, counting and checking take minutes where a journal is
 * large, and cannot be stopped in between. A node beside it goes on, and whoever stops waiting ends it at once.
 */
import { type ChildProcess, fork } from "node:child_process"
import { setPriority } from "node:os"
import { fileURLToPath } from "node:url"
import { Effect, Schema } from "effect"
import { BackupError, BackupStopped, because } from "./BackupError.ts"
import type * as FolderBackup from "./FolderBackup.ts"

/** What the process is told. */
export type BackupOrder =
  | { readonly kind: "make"; readonly folder: string; readonly place: string; readonly keep: number }
  | { readonly kind: "verify"; readonly backup: string }

/** What it answers: plain data, or an encoded error. */
export type BackupAnswer = { readonly done: object } | { readonly failed: unknown }

/** Gives way to whatever else runs on the machine. */
const niceness = 10

// The file has the ending of this one: the source runs as it is, the published package is compiled.
const program = (): string =>
  fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./backupMain.ts" : "./backupMain.js", import.meta.url))

/** Makes a backup as `FolderBackup.make` does, then takes away all but the newest `keep` of the device, at least 1. */
export const make = (folder: string, place: string, keep: number): Effect.Effect<FolderBackup.Backup, BackupError> =>
  Effect.map(run({ kind: "make", folder, place, keep }), (done) => done as FolderBackup.Backup)

/** Verifies a backup as `FolderBackup.verify` does. */
export const verify = (backup: string): Effect.Effect<FolderBackup.BackupVerdict, BackupError> =>
  Effect.map(run({ kind: "verify", backup }), (done) => done as FolderBackup.BackupVerdict)

const run = (order: BackupOrder): Effect.Effect<object, BackupError> =>
  Effect.callback<object, BackupError>((resume) => {
    const child = fork(program(), { stdio: ["ignore", "ignore", "ignore", "ipc"] })
    const stopped = (problem: string) => resume(Effect.fail(because(new BackupStopped({ problem }))))
    child.once("error", ({ message }) => stopped(message))
    child.once("exit", (code, signal) =>
      stopped(signal === null ? `it ended with ${code}` : `it was ended by ${signal}`)
    )
    child.once("message", (answer) => resume(outcomeOf(answer as BackupAnswer)))
    child.send(order, (error) => {
      if (error !== null) stopped(error.message)
    })
    giveWay(child)
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

const giveWay = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) setPriority(pid, niceness)
  } catch {
    // It has ended already, or may not be changed: it works all the same.
  }
}

const decode = Schema.decodeUnknownSync(BackupError)

const outcomeOf = (answer: BackupAnswer): Effect.Effect<object, BackupError> =>
  "done" in answer ? Effect.succeed(answer.done) : Effect.fail(decode(answer.failed))
