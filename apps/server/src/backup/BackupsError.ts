/** Why the hub makes or verifies no backup now. */
import { Schema } from "effect"

/** The hub has no folder for backups. Start it with `SYNCLINE_BACKUP_FOLDER`. */
export class BackupsOff extends Schema.TaggedError<BackupsOff>()("BackupsOff", {}) {
  override get message(): string {
    return "this hub has no folder for backups; start it with SYNCLINE_BACKUP_FOLDER"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A backup is being made or verified. Ask again when it is done. */
export class BackupUnderWay extends Schema.TaggedError<BackupUnderWay>()("BackupUnderWay", {}) {
  override get message(): string {
    return "a backup is being made or verified; ask again when it is done"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** There is no such backup. Look at the list. */
export class BackupUnknown extends Schema.TaggedError<BackupUnknown>()("BackupUnknown", { id: Schema.String }) {
  override get message(): string {
    return `there is no backup ${this.id}`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class BackupsError extends Schema.TaggedError<BackupsError>()("BackupsError", {
  reason: Schema.Union([BackupsOff, BackupUnderWay, BackupUnknown])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: BackupsError["reason"]): BackupsError => new BackupsError({ reason })
