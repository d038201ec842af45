/**
 * What a backup says of itself, as JSON beside its files: whose it is, how far it goes, and the length and hash of each file. It is
 * written last, so a folder without it is no backup. What the files hold, and whether they still do, is for others to look at.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Result, Schema } from "effect"
import { type BackupError, BackupForeign, because } from "./BackupError.ts"

/** The manifest's file in a backup. */
export const manifestName = "backup.json"
const format = "syncline-backup/1"
/** A larger manifest is none of this program's. */
const manifestBytesMax = 256 * 1024
/** Files of one backup. A data folder has about a dozen. */
export const filesMax = 256

/** Names that mean a file in this very folder, on every system, and nothing hidden. */
const fileName = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][\w.-]{0,127}$/))
const hash = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** True for names that a backup may have. */
export const isFileName = Schema.is(fileName)

const BackupFile = Schema.Struct({ name: fileName, bytes: count, sha256: hash })
export type BackupFile = typeof BackupFile.Type

const BackupManifest = Schema.Struct({
  format: Schema.Literal(format),
  /** Unix milliseconds at which it was begun; it holds what was durable a moment later. */
  madeMs: count,
  space: Schema.String,
  /** The device whose folder it is. */
  peer: Schema.String,
  /** The incarnation of the journal then; what is restored goes on under another one. */
  incarnation: Schema.String,
  /** Arrival number of the last commit. */
  head: count,
  /** Live records, and the state hash over them as far as the folder can be read without a passphrase of the space. */
  records: count,
  stateHash: hash,
  /** Records of the charter, those that do not count among them; 0 where there is none. */
  charterRecords: count,
  /** True where the device's key is under a passphrase, in the backup, too. */
  isKeySealed: Schema.Boolean,
  files: Schema.Array(BackupFile).check(Schema.isMaxLength(filesMax))
})
export type BackupManifest = typeof BackupManifest.Type

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(BackupManifest))

/** A manifest of what was found. */
export const make = (found: Omit<BackupManifest, "format">): BackupManifest => ({ format, ...found })

/** Writes it beside the files; throws the system's error. */
export const write = (backup: string, manifest: BackupManifest): void =>
  writeFileSync(join(backup, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600, flag: "wx" })

/** What the backup says of itself; fails with `BackupForeign` where that is nothing that this program knows. */
export const read = (backup: string): Effect.Effect<BackupManifest, BackupError> =>
  Effect.suspend(() => {
    const text = textOf(join(backup, manifestName))
    if (typeof text !== "string") return Effect.fail(because(new BackupForeign({ path: backup, ...text })))
    const decoded = decode(text)
    if (Result.isSuccess(decoded) && isPlain(decoded.success)) return Effect.succeed(decoded.success)
    const problem = `${manifestName} holds something else, or is of a later version`
    return Effect.fail(because(new BackupForeign({ path: backup, problem })))
  })

/** No file twice, and a journal among them. */
const isPlain = ({ files }: BackupManifest): boolean => {
  const names = new Set(files.map(({ name }) => name))
  return names.size === files.length && names.has("journal.db") && !names.has(manifestName)
}

const textOf = (path: string): string | { readonly problem: string } => {
  try {
    if (statSync(path).size > manifestBytesMax) return { problem: `${manifestName} is too large` }
    return readFileSync(path, "utf8")
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { problem: code === "ENOENT" || code === "ENOTDIR" ? `it has no ${manifestName}` : message }
  }
}
