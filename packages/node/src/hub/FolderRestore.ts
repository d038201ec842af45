/**
 * Puts a backup into a data folder, so that a node goes on from it as another incarnation of its device. Whoever is killed in the
 * middle leaves a folder on which no node starts and into which the same can be restored again. What the node's peers bring it
 * afterwards is the engine's business.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { Author, type Journal } from "@syncline/core"
import Database from "better-sqlite3"
import { Clock, Effect } from "effect"
import * as DataFolder from "../DataFolder.ts"
import { syncFolder } from "../FolderSync.ts"
import * as SqliteIdentity from "../SqliteIdentity.ts"
import {
  BackupDamaged,
  type BackupError,
  BackupStoreFailed,
  because,
  FolderInUse,
  FolderNotEmpty
} from "./BackupError.ts"
import type { BackupManifest } from "./BackupManifest.ts"
import * as FolderBackup from "./FolderBackup.ts"
import * as FolderCopy from "./FolderCopy.ts"
import * as SqliteHubStore from "./SqliteHubStore.ts"

export interface RestoreOptions {
  /** Says what would be done, and does nothing. */
  readonly isDryRun: boolean
  /** Moves what is in the folder aside, into a folder in it. */
  readonly isReplacing: boolean
}

/** What the folder held before: nothing, what a restore that was killed has left, or something of somebody's. */
export type FolderState = "empty" | "interrupted" | "taken"

export interface RestorePlan {
  readonly backup: FolderBackup.Backup
  /** Absolute path of the folder. */
  readonly folder: string
  readonly state: FolderState
  /** The journal that is there, where one can be read. */
  readonly present: Present | undefined
  /** Peers that the journal of the backup knows: they bring what it lacks when they meet it again. */
  readonly peers: number
  /** Where what was in the folder lies now; `undefined` where nothing was, and in a dry run. */
  readonly movedTo: string | undefined
  /** The incarnation as which the folder goes on; `undefined` in a dry run. */
  readonly incarnation: string | undefined
}

interface Present {
  readonly space: string
  readonly peer: string
  readonly head: number
}

/** What is copied waits here until all of it is there. */
const waiting = "restore.part"
/** Begins the names of folders with what was moved aside. */
const aside = "before-restore-"
const journalName = "journal.db"
const markerName = `${journalName}.made`
const hubName = "hub.db"
/** What a node that runs, or this restore itself, has in a folder. */
const isBeside = (name: string): boolean =>
  name.startsWith("lock.db") || name === waiting || name === markerName || name.startsWith(aside)

/**
 * Restores a backup. It is verified first, and refused with `BackupDamaged` for any fault. Fails with `FolderInUse` while a process works
 * on the folder, with `FolderNotEmpty` where it holds something and is not to be replaced, and with `BackupStoreFailed`; then
 * the folder is as it was, but for its lock. A dry run fails in the same way and otherwise tells the plan. Accounts and tokens of a hub stay,
 * sessions end.
 */
export const restore = (
  backup: string,
  folder: string,
  options: RestoreOptions
): Effect.Effect<RestorePlan, BackupError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const verdict = yield* FolderBackup.verify(backup)
      const [fault] = verdict.faults
      if (fault !== undefined) return yield* because(new BackupDamaged({ path: verdict.path, ...fault }))
      const path = resolve(folder)
      // A dry run makes no folder, and in one that has no lock nobody works.
      if (!options.isDryRun || existsSync(join(path, "lock.db"))) yield* hold(path)
      const plan = yield* planOf({ id: verdict.id, path: verdict.path, manifest: verdict.manifest }, path)
      if (plan.state === "taken" && !options.isReplacing) {
        return yield* because(new FolderNotEmpty({ path, holds: wordsOf(plan) }))
      }
      return options.isDryRun ? plan : yield* carryOut(plan)
    })
  )

/** What a restore over a folder would do, also while a node works on it. The backup is read and not verified. Fails with `BackupForeign`. */
export const foresee = (backup: string, folder: string): Effect.Effect<RestorePlan, BackupError> =>
  Effect.flatMap(FolderBackup.read(backup), (read) => planOf(read, resolve(folder)))

const hold = (path: string) =>
  DataFolder.acquire(path).pipe(
    Effect.mapError((cause) =>
      because(cause.reason._tag === "StoreInUse" ? new FolderInUse({ path }) : new BackupStoreFailed({ cause }))
    )
  )

const planOf = (backup: FolderBackup.Backup, folder: string): Effect.Effect<RestorePlan, BackupError> =>
  FolderCopy.attempt(folder, () => ({
    backup,
    folder,
    state: stateOf(folder),
    present: presentIn(folder),
    peers: peersIn(join(backup.path, journalName)),
    movedTo: undefined,
    incarnation: undefined
  }))

const stateOf = (folder: string): FolderState => {
  const names = namesIn(folder)
  const journal = statSync(join(folder, journalName), { throwIfNoEntry: false })
  // A node that tried to start has left an empty one.
  const hasJournal = journal !== undefined && journal.size > 0
  if (names.includes(waiting) && !hasJournal) return "interrupted"
  return names.some((name) => !isBeside(name)) || names.includes(markerName) ? "taken" : "empty"
}

const namesIn = (folder: string): ReadonlyArray<string> => (existsSync(folder) ? readdirSync(folder) : [])

/** Said of a folder that holds something. */
const wordsOf = ({ backup, present }: RestorePlan): string => {
  if (present === undefined) return "files"
  const isSame = present.peer === backup.manifest.peer && present.space === backup.manifest.space
  return isSame ? "this very node" : `the journal of the device ${present.peer}`
}

const presentIn = (folder: string): Present | undefined => {
  try {
    return reading(join(folder, journalName), (db) => {
      const info: Journal.JournalInfo | undefined = SqliteIdentity.read(db)
      if (info === undefined) return undefined
      const head = db.prepare("SELECT coalesce(max(lseq), 0) FROM commits").pluck().get() as number
      return { space: info.space, peer: Author.peer(info.author), head }
    })
  } catch {
    // Often what is there is to be replaced because it cannot be read.
    return undefined
  }
}

const peersIn = (file: string): number =>
  reading(file, (db) => db.prepare("SELECT count(DISTINCT peer) FROM peers").pluck().get() as number)

const reading = <A>(file: string, read: (db: Database.Database) => A): A => {
  const db = new Database(file, { readonly: true, fileMustExist: true })
  try {
    return read(db)
  } finally {
    db.close()
  }
}

/** The folder is held. At each moment a node finds the old journal, or none where one must be, or the restored one. */
const carryOut = Effect.fnUntraced(function* (plan: RestorePlan) {
  const { backup, folder, state } = plan
  const part = join(folder, waiting)
  const before = join(folder, yield* asideOf(folder, state))
  const hadMarker = existsSync(join(folder, markerName))
  const incarnation = yield* Effect.gen(function* () {
    yield* FolderCopy.attempt(folder, () => begin(folder))
    for (const { name } of backup.manifest.files) yield* copyAsIs(backup, part, name)
    return yield* FolderCopy.attempt(part, () => freshen(part, backup.manifest))
  }).pipe(Effect.onError(() => Effect.sync(() => giveUp(plan, hadMarker))))
  const isMoved = yield* FolderCopy.attempt(folder, () => {
    const isMoving = moveAside(folder, before)
    moveIn(folder, backup.manifest)
    return isMoving
  })
  return { ...plan, movedTo: isMoved ? before : undefined, incarnation } satisfies RestorePlan
})

/** From here on no node starts on the folder unless its journal is there. */
const begin = (folder: string): void => {
  const part = join(folder, waiting)
  mkdirSync(part, { mode: 0o700, recursive: true })
  for (const name of readdirSync(part)) rmSync(join(part, name), { recursive: true, force: true })
  writeFileSync(join(folder, markerName), "", { mode: 0o600 })
  syncFolder(folder)
}

/** What another run has left half done stays so: it is still to be restored. */
const giveUp = ({ folder, state }: RestorePlan, hadMarker: boolean): void => {
  if (state === "interrupted") return
  if (!hadMarker) rmSync(join(folder, markerName), { force: true })
  rmSync(join(folder, waiting), { recursive: true, force: true })
}

/** A backup on a disk that decays may change between its verification and now. */
const copyAsIs = Effect.fnUntraced(function* (backup: FolderBackup.Backup, part: string, name: string) {
  const { sha256 } = yield* FolderCopy.copyFile(join(backup.path, name), join(part, name))
  if (backup.manifest.files.some((file) => file.name === name && file.sha256 === sha256)) return
  return yield* because(new BackupDamaged({ path: backup.path, file: name, problem: "its contents have changed" }))
})

/** What must not be as it was; gives the journal's new incarnation. */
const freshen = (part: string, { files }: BackupManifest): string => {
  if (files.some(({ name }) => name === hubName)) SqliteHubStore.endSessions(join(part, hubName))
  const file = join(part, journalName)
  const db = new Database(file)
  try {
    return SqliteIdentity.renewCopy(db, file)
  } finally {
    db.close()
    syncFolder(part)
  }
}

/** What one restore had moved before it was killed, and what it had not, belong together. */
const asideOf = Effect.fnUntraced(function* (folder: string, state: FolderState) {
  const known = namesIn(folder).filter((name) => name.startsWith(aside))
  const latest = known.sort().at(-1)
  if (state === "interrupted" && latest !== undefined) return latest
  const time = new Date(yield* Clock.currentTimeMillis).toISOString().replaceAll(/[-:]|\.\d+/g, "")
  const name = `${aside}${time}`
  return known.includes(name) ? `${name}-${known.length}` : name
})

/** The journal goes first, so that what is left is no node's. True when there was something. */
const moveAside = (folder: string, before: string): boolean => {
  emptyLog(join(folder, journalName))
  const names = namesIn(folder).filter((name) => !isBeside(name))
  if (names.length === 0) return existsSync(before)
  mkdirSync(before, { mode: 0o700, recursive: true })
  const order = [...names].sort((one, other) => placeOf(one) - placeOf(other))
  for (const name of order) renameSync(join(folder, name), freeIn(before, name))
  syncFolder(before)
  syncFolder(folder)
  return true
}

/** SQLite would take a log away that lies beside no journal, where somebody tries to start after a kill. */
const emptyLog = (file: string): void => {
  try {
    const db = new Database(file, { fileMustExist: true })
    try {
      db.pragma("wal_checkpoint(TRUNCATE)")
    } finally {
      db.close()
    }
  } catch {
    // There is none, or it cannot be read any more: then it is moved as it is.
  }
}

const placeOf = (name: string): number => (name === journalName ? 0 : name.startsWith(journalName) ? 1 : 2)

/** Of what was moved already in a run that was killed nothing is replaced. */
const freeIn = (before: string, name: string): string => {
  const taken = new Set(readdirSync(before))
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}.${number}`
    if (!taken.has(free)) return join(before, free)
  }
}

/** The journal comes last: with it a node may start. */
const moveIn = (folder: string, { files }: BackupManifest): void => {
  const part = join(folder, waiting)
  const names = files.map(({ name }) => name).filter((name) => name !== journalName)
  for (const name of [...names, journalName]) {
    if (name === journalName) syncFolder(folder)
    renameSync(join(part, name), join(folder, name))
  }
  syncFolder(folder)
  rmSync(part, { recursive: true, force: true })
}
