/**
 * Backups of a data folder, also of one whose node runs: folders of their own, each with all that makes the node what it is at one
 * moment, and whole or not there. It also lists them, says whether they are still as they were, and takes old ones away. It takes
 * time and reads all records, so a program that has something else to do lets `BackupProcess` do it.
 */
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from "node:fs"
import { basename, join, resolve, sep } from "node:path"
import { Author, Journal, StateHash } from "@syncline/core"
import Database from "better-sqlite3"
import { Clock, Effect } from "effect"
import * as DataFolder from "../DataFolder.ts"
import * as DeviceKeyFile from "../DeviceKeyFile.ts"
import { syncFolder } from "../FolderSync.ts"
import * as NodeCrypto from "../NodeCrypto.ts"
import * as PrivateFolder from "../PrivateFolder.ts"
import * as SqliteCharter from "../SqliteCharter.ts"
import * as SqliteIdentity from "../SqliteIdentity.ts"
import * as SqliteSchema from "../SqliteSchema.ts"
import * as SqliteJournal from "../SqliteJournal.ts"
import {
  BackupDamaged,
  BackupError,
  BackupForeign,
  BackupPlaceUnfit,
  BackupRuns,
  BackupStoreFailed,
  because
} from "./BackupError.ts"
import * as BackupManifest from "./BackupManifest.ts"
import * as FolderCopy from "./FolderCopy.ts"

/** A backup and what it says of itself. */
export interface Backup {
  /** The name of its folder: when it was begun, in UTC, and 8 random digits. */
  readonly id: string
  readonly path: string
  readonly manifest: BackupManifest.BackupManifest
}

/** Something in a place for backups, as a list tells it. */
export type Listed = Backup | { readonly id: string; readonly path: string; readonly problem: string }

export interface BackupFault {
  readonly file: string
  readonly problem: string
}

export interface BackupVerdict extends Backup {
  /** What is not as it was; none where the backup is good. */
  readonly faults: ReadonlyArray<BackupFault>
  /** False where its records were not counted: files are at fault, or an earlier version of the program made it. */
  readonly isCounted: boolean
}

/** Backups of one place that a list tells, the newest of them. */
export const listedMax = 1_000
const idPattern = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/
/** Behind the name of a backup that is being made. */
const unfinished = ".part"
const journalName = "journal.db"

/**
 * Makes a backup of a data folder in `place`, which is made when it is missing and takes one backup at a time. What was durable in the
 * folder when this begins is in it. Fails with `BackupPlaceUnfit` for a place inside the folder, with `BackupRuns` while another
 * process makes one there, with `BackupDamaged` where the folder's own files are, and with `BackupStoreFailed`.
 */
export const make = (folder: string, place: string): Effect.Effect<Backup, BackupError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const [from, into] = [resolve(folder), resolve(place)]
      yield* assertOutside(from, into)
      yield* holdPlace(into)
      yield* FolderCopy.attempt(into, () => removeUnfinished(into))
      const madeMs = yield* Clock.currentTimeMillis
      const id = idOf(madeMs)
      const part = join(into, id + unfinished)
      yield* FolderCopy.attempt(into, () => mkdirSync(part, { mode: 0o700 }))
      return yield* Effect.gen(function* () {
        const manifest = yield* copyFolder(from, part, madeMs)
        yield* FolderCopy.attempt(into, () => publish(part, join(into, id), manifest))
        return { id, path: join(into, id), manifest } satisfies Backup
      }).pipe(Effect.onError(() => Effect.sync(() => rmSync(part, { recursive: true, force: true }))))
    })
  )

/** What a purge takes out of the folder would stay in it with the backup. */
const assertOutside = (folder: string, place: string): Effect.Effect<void, BackupError> =>
  FolderCopy.attempt(place, () => {
    PrivateFolder.make(place)
    const [home, into] = [realpathSync(folder), realpathSync(place)]
    return into === home || into.startsWith(home + sep)
  }).pipe(
    Effect.flatMap((isInside) => {
      if (!isInside) return Effect.void
      const problem = "it is inside the data folder; name one outside of it, best on another disk"
      return Effect.fail(because(new BackupPlaceUnfit({ path: place, problem })))
    })
  )

/** Until the scope closes nobody else makes a backup there. */
const holdPlace = (place: string) =>
  DataFolder.acquire(place).pipe(
    Effect.mapError((cause) =>
      because(cause.reason._tag === "StoreInUse" ? new BackupRuns({ path: place }) : new BackupStoreFailed({ cause }))
    )
  )

/** What processes that died have left; the place is held, so nobody is at it. */
const removeUnfinished = (place: string): void => {
  for (const name of readdirSync(place)) {
    const isOurs = name.endsWith(unfinished) && idPattern.test(name.slice(0, -unfinished.length))
    if (isOurs) rmSync(join(place, name), { recursive: true, force: true })
  }
}

const idOf = (madeMs: number): string => {
  const time = new Date(madeMs).toISOString().replaceAll(/[-:]|\.\d+/g, "")
  return `${time}-${Buffer.from(NodeCrypto.functions.randomBytes(4)).toString("hex")}`
}

/** The manifest is last, and the name only then: a folder of that name is a whole backup. */
const publish = (part: string, backup: string, manifest: BackupManifest.BackupManifest): void => {
  BackupManifest.write(part, manifest)
  FolderCopy.syncFile(join(part, BackupManifest.manifestName))
  syncFolder(part)
  renameSync(part, backup)
  syncFolder(join(backup, ".."))
}

/**
 * The journal first and then the charter: a charter that is newer than the journal does no harm, and one that is older would not know
 * whose commits are in it.
 */
const copyFolder = Effect.fnUntraced(function* (from: string, part: string, madeMs: number) {
  const names = yield* FolderCopy.attempt(from, () => namesIn(from))
  if (names.length > BackupManifest.filesMax) {
    const problem = `it has ${names.length} files, and a data folder has at most ${BackupManifest.filesMax}`
    return yield* because(new BackupForeign({ path: from, problem }))
  }
  if (!names.includes(journalName)) {
    return yield* because(new BackupForeign({ path: from, problem: "there is no journal in this folder" }))
  }
  const files: Array<BackupManifest.BackupFile> = []
  for (const name of names) {
    const [source, copy] = [join(from, name), join(part, name)]
    if (isDatabase(name)) {
      yield* FolderCopy.copyDatabase(source, copy)
      const problem = FolderCopy.problemOf(copy)
      if (problem !== undefined) return yield* because(new BackupDamaged({ path: from, file: name, problem }))
      if (name === journalName) yield* FolderCopy.attempt(copy, () => markCopied(copy))
      yield* FolderCopy.attempt(copy, () => FolderCopy.syncFile(copy))
      files.push({ name, ...(yield* FolderCopy.factsOf(copy)) })
    } else files.push({ name, ...(yield* FolderCopy.copyFile(source, copy)) })
  }
  return BackupManifest.make({ madeMs, ...(yield* contentsOf(part)), files })
})

/** A copy of it that is opened, by whomever, goes on as another incarnation. */
const markCopied = (file: string): void => {
  const db = new Database(file)
  try {
    SqliteIdentity.markCopied(db)
  } finally {
    db.close()
  }
}

/** Ends of names that belong to the files beside them, or to nobody any more. */
const passing = /(?:-wal|-shm|-journal|\.made|\.new|\.part|\.damaged-\d+)$/
/** The lock and the door are a running process's; a pairing code must not come back after it was used. */
const left = new Set(["lock.db", "local-door.json", "pairing.json", BackupManifest.manifestName])

const isDatabase = (name: string): boolean => name.endsWith(".db")

/** What is copied of a folder, in order. */
const namesIn = (folder: string): ReadonlyArray<string> => {
  const all = readdirSync(folder, { withFileTypes: true })
  const names = all.filter((entry) => entry.isFile()).map(({ name }) => name)
  const kept = names.filter((name) => BackupManifest.isFileName(name) && !left.has(name) && !passing.test(name))
  const first = [journalName, "charter.db"].filter((name) => kept.includes(name))
  return [...first, ...kept.filter((name) => !first.includes(name)).sort()]
}

type Contents = Omit<BackupManifest.BackupManifest, "format" | "madeMs" | "files">

/** What a copied folder holds. */
const contentsOf = (path: string): Effect.Effect<Contents, BackupError> =>
  Effect.gen(function* () {
    const journal = yield* SqliteJournal.openReadOnly({ folder: path })
    const { count, hash } = yield* StateHash.compute().pipe(
      Effect.provideService(Journal.Journal, journal),
      Effect.provide(NodeCrypto.layer)
    )
    const { author, incarnation, space } = journal.info
    const head = yield* journal.head
    const charterRecords = (yield* SqliteCharter.readOnly(path)).length
    const peer = Author.peer(author)
    const isKeySealed = yield* Effect.orElseSucceed(DeviceKeyFile.isProtected(path), () => false)
    return { space, peer, incarnation, head, records: count, stateHash: hash, charterRecords, isKeySealed }
  }).pipe(
    Effect.scoped,
    Effect.mapError((cause) => because(new BackupStoreFailed({ cause })))
  )

/** What a backup says of itself. Fails with `BackupForeign`. */
export const read = (backup: string): Effect.Effect<Backup, BackupError> => {
  const path = resolve(backup)
  return Effect.map(BackupManifest.read(path), (manifest) => ({ id: basename(path), path, manifest }))
}

/** The newest backups in a place, at most 1,000, the newest first; none where there is no such folder. What cannot be read says why. */
export const list = (place: string): Effect.Effect<ReadonlyArray<Listed>, BackupError> =>
  Effect.gen(function* () {
    const into = resolve(place)
    const ids = yield* FolderCopy.attempt(into, () => {
      if (statSync(into, { throwIfNoEntry: false }) === undefined) return []
      return readdirSync(into).filter((name) => idPattern.test(name))
    })
    const newest = ids.sort().reverse().slice(0, listedMax)
    return yield* Effect.forEach(newest, (id): Effect.Effect<Listed> => {
      const path = join(into, id)
      return Effect.catch(read(path), ({ message }) => Effect.succeed({ id, path, problem: message }))
    })
  })

/**
 * Whether a backup is as it was made: each file's length and hash, the databases inside, and the state hash over the records, counted
 * anew. It changes nothing. Fails with `BackupForeign` where there is no backup.
 */
export const verify = (backup: string): Effect.Effect<BackupVerdict, BackupError> =>
  Effect.gen(function* () {
    const found = yield* read(backup)
    const { manifest, path } = found
    const faults: Array<BackupFault> = yield* FolderCopy.attempt(path, () => [...strangers(path, manifest)])
    for (const file of manifest.files) {
      const problem = yield* problemOf(join(path, file.name), file)
      if (problem !== undefined) faults.push({ file: file.name, problem })
    }
    const isCounted = faults.length === 0 && isOfThisVersion(join(path, journalName))
    if (isCounted) faults.push(...(yield* contentFaults(path, manifest)))
    return { ...found, faults, isCounted }
  })

/** A file of another day beside a database would be taken for its log. */
const strangers = (path: string, { files }: BackupManifest.BackupManifest): ReadonlyArray<BackupFault> => {
  const known = new Set([BackupManifest.manifestName, ...files.map(({ name }) => name)])
  const unknown = readdirSync(path).filter((name) => !known.has(name))
  return unknown
    .slice(0, BackupManifest.filesMax)
    .map((file) => ({ file, problem: "it was not there when the backup was made; take it away" }))
}

const problemOf = Effect.fnUntraced(function* (path: string, { bytes, name, sha256 }: BackupManifest.BackupFile) {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) return "it is gone"
  if (size !== bytes) return `it has ${size} bytes instead of ${bytes}`
  const facts = yield* FolderCopy.factsOf(path)
  if (facts.sha256 !== sha256) return "its contents have changed"
  return isDatabase(name) ? FolderCopy.problemOf(path) : undefined
})

/** Tables of an earlier version are brought to the present one when the node starts on them. */
const isOfThisVersion = (file: string): boolean => {
  const db = new Database(file, { readonly: true })
  try {
    return db.pragma("user_version", { simple: true }) === SqliteSchema.version
  } finally {
    db.close()
  }
}

const contentFaults = Effect.fnUntraced(function* (path: string, manifest: BackupManifest.BackupManifest) {
  const found = yield* contentsOf(path)
  const facts = ["space", "peer", "incarnation", "head", "records", "stateHash", "charterRecords"] as const
  const wrong = facts.find((fact) => found[fact] !== manifest[fact])
  if (wrong === undefined) return []
  const problem = `it says ${wrong} ${manifest[wrong]}, and ${found[wrong]} was found`
  return [{ file: BackupManifest.manifestName, problem }]
})

/**
 * Takes away all backups of a place but the newest `keep` of one device, at least 1, and gives their ids. Those of other devices and what
 * cannot be read stay. Fails with `BackupRuns` while one is made there.
 */
export const prune = (place: string, peer: string, keep: number): Effect.Effect<ReadonlyArray<string>, BackupError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const into = resolve(place)
      yield* holdPlace(into)
      const own = (yield* list(into)).filter((one) => "manifest" in one && one.manifest.peer === peer)
      const old = own.slice(Math.max(1, keep))
      for (const { path } of old) yield* FolderCopy.attempt(into, () => remove(path))
      return old.map(({ id }) => id)
    })
  )

/** Takes one backup away. Fails with `BackupForeign` where there is none, and with `BackupRuns` while one is made there. */
export const discard = (place: string, id: string): Effect.Effect<void, BackupError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const into = resolve(place)
      yield* holdPlace(into)
      const path = join(into, id)
      if (!idPattern.test(id) || !existsSync(path)) {
        return yield* because(new BackupForeign({ path, problem: "there is none of this name" }))
      }
      yield* FolderCopy.attempt(into, () => remove(path))
    })
  )

/** Under another name first: half of a backup must not look like one. */
const remove = (path: string): void => {
  renameSync(path, path + unfinished)
  rmSync(path + unfinished, { recursive: true, force: true })
}
