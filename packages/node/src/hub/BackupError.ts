/**
 * Why a data folder was not backed up, or a backup not read or restored. A failed backup leaves none behind, and a failed restore
 * the folder as it was.
 */
import { JournalError } from "@syncline/core"
import { Schema } from "effect"

/** Backups cannot lie there. Recover by naming another folder. */
export class BackupPlaceUnfit extends Schema.TaggedError<BackupPlaceUnfit>()("BackupPlaceUnfit", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `backups cannot lie in ${this.path}: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Another backup is being made into the same place. */
export class BackupRuns extends Schema.TaggedError<BackupRuns>()("BackupRuns", { path: Schema.String }) {
  override get message(): string {
    return `another backup is being made into ${this.path}; wait until it is done`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** No backup of this program, or of a later version of it. */
export class BackupForeign extends Schema.TaggedError<BackupForeign>()("BackupForeign", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path} is no backup that this program can read: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A file is not what it was, or was damaged before it was copied. */
export class BackupDamaged extends Schema.TaggedError<BackupDamaged>()("BackupDamaged", {
  path: Schema.String,
  file: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.file} in ${this.path} is damaged: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A process works on the folder that was to be restored. */
export class FolderInUse extends Schema.TaggedError<FolderInUse>()("FolderInUse", { path: Schema.String }) {
  override get message(): string {
    return `another process works on ${this.path}; stop it, then restore`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The folder that was to be restored holds something. */
export class FolderNotEmpty extends Schema.TaggedError<FolderNotEmpty>()("FolderNotEmpty", {
  path: Schema.String,
  holds: Schema.String
}) {
  override get message(): string {
    return `${this.path} holds ${this.holds}; restore into an empty folder, or say that this one is to be replaced`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The process that made or verified a backup ended before it was done. */
export class BackupStopped extends Schema.TaggedError<BackupStopped>()("BackupStopped", { problem: Schema.String }) {
  override get message(): string {
    return `the process that was at the backup stopped: ${this.problem}; try again`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** A file could not be read or written. */
export class BackupStoreFailed extends Schema.TaggedError<BackupStoreFailed>()("BackupStoreFailed", {
  cause: JournalError.JournalError
}) {
  override get message(): string {
    return this.cause.message
  }
  get isRetryable(): boolean {
    return this.cause.isRetryable
  }
}

export class BackupError extends Schema.TaggedError<BackupError>()("BackupError", {
  reason: Schema.Union([
    BackupPlaceUnfit,
    BackupRuns,
    BackupForeign,
    BackupDamaged,
    FolderInUse,
    FolderNotEmpty,
    BackupStopped,
    BackupStoreFailed
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: BackupError["reason"]): BackupError => new BackupError({ reason })
