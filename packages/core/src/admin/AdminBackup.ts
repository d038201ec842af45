/** The backups of a hub's folder as its REST interface tells them. */
import { Schema } from "effect"

/** Which backup is meant: the name of its folder. */
export const OfBackup = Schema.Struct({ id: Schema.String.check(Schema.isMaxLength(64)) })

/** A backup in the hub's place for them. One that cannot be read says why, and nothing else. */
const Backup = Schema.Struct({
  id: Schema.String,
  /** Unix milliseconds. */
  madeMs: Schema.optionalKey(Schema.Finite),
  /** The device whose folder it is. */
  peer: Schema.optionalKey(Schema.String),
  space: Schema.optionalKey(Schema.String),
  records: Schema.optionalKey(Schema.Int),
  commits: Schema.optionalKey(Schema.Int),
  /** 64 hexadecimal digits. */
  stateHash: Schema.optionalKey(Schema.String),
  bytes: Schema.optionalKey(Schema.Int),
  isKeySealed: Schema.optionalKey(Schema.Boolean),
  problem: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Backup" })

/** What restoring would do. */
export const RestorePlan = Schema.Struct({
  /** Unix milliseconds of the backup, and what it holds. */
  madeMs: Schema.Finite,
  records: Schema.Int,
  commits: Schema.Int,
  /** Commits that the hub has now; `null` where the backup is of another device or space. */
  commitsNow: Schema.NullOr(Schema.Int),
  /** Peers that the backup knows: what it lacks they bring again, as far as they have it. */
  peers: Schema.Int,
  /** What does it, once the hub is stopped. */
  command: Schema.String
}).annotate({ identifier: "RestorePlan" })

/** Something that is done with a backup, or was. */
export const BackupRun = Schema.Struct({
  kind: Schema.Literals(["make", "verify"]),
  backup: Schema.NullOr(Schema.String),
  beganMs: Schema.Finite,
  /** `null` as long as it goes on. */
  endedMs: Schema.NullOr(Schema.Finite),
  problem: Schema.NullOr(Schema.String),
  faults: Schema.Array(Schema.Struct({ file: Schema.String, problem: Schema.String }))
}).annotate({ identifier: "BackupRun" })

/** The backups, the newest first, and what was done with them last. */
export const Backups = Schema.Struct({ backups: Schema.Array(Backup), runs: Schema.Array(BackupRun) })
