/**
 * Why a command could not do what it was asked, in one or two sentences that say what to do. Failures of the engine
 * (`JournalError`, `WriteError`, …) pass by as they are; which exit code each has is `ExitCode`'s business.
 */
import * as Schema from "effect/Schema"
import { AuditBroken, AuditMoved, SignerInvalid } from "./AuditError.ts"
import { command } from "./Invocation.ts"
import { HubForeign, InvitationRefused, RequestRejected, RequestWaiting } from "./JoinError.ts"
import { DriveFileUnusable, DriveSignedOut } from "./DriveError.ts"
import { DoorClosed, HubRefused, TokenRefused } from "./HubAnswerError.ts"
import { GrantUnusable, InviterGone, TeamChanged } from "./PairError.ts"
import { FileClosed, FileForeign, NothingReached, RoadMissing } from "./RoadError.ts"

/** The command line asks for something that makes no sense. Mend the named argument. */
export class UsageInvalid extends Schema.TaggedError<UsageInvalid>()("UsageInvalid", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The data folder is no device's. Run `init`, or name another folder. */
export class DeviceMissing extends Schema.TaggedError<DeviceMissing>()("DeviceMissing", { folder: Schema.String }) {
  override get message(): string {
    return `${this.folder} is no device. Make one with: ${command(`init --data ${this.folder}`)}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** `device.json` cannot be read or written, or says nothing usable. Mend it, or run `init` again. */
export class DeviceFileDamaged extends Schema.TaggedError<DeviceFileDamaged>()("DeviceFileDamaged", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path} cannot be used: ${this.problem}. Mend it, or remove it and run init again.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The device has neither a hub to go to nor another road. Run `init --hub`, or `road add`. */
export class HubMissing extends Schema.TaggedError<HubMissing>()("HubMissing", { folder: Schema.String }) {
  override get message(): string {
    return (
      `This device knows no hub. Name one with: ${command(`init --data ${this.folder} --hub <address>`)}\n` +
      `Or a folder that a cloud program copies: ${command(`road add folder <path> --data ${this.folder}`)}\n` +
      `Or your Google Drive: ${command(`drive login --data ${this.folder}`)}\n` +
      `Or meet devices in the same network: ${command(`road add direct --data ${this.folder}`)}`
    )
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The schema file cannot be loaded, or exports no entity types. Mend the file or its path. */
export class SchemaUnusable extends Schema.TaggedError<SchemaUnusable>()("SchemaUnusable", {
  file: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `The schema ${this.file} cannot be used: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The input cannot be read. Check its path and permissions. */
export class InputUnreadable extends Schema.TaggedError<InputUnreadable>()("InputUnreadable", {
  file: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.file} cannot be read: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The input changed between checking and importing; nothing was imported. Run the command again. */
export class InputChanged extends Schema.TaggedError<InputChanged>()("InputChanged", { file: Schema.String }) {
  override get message(): string {
    return `${this.file} changed while it was checked, so nothing was imported. Run the command again when it is complete.`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The input is not JSON at the named place; nothing was imported. Mend it, or pass `--skip-bad`. */
export class InputMalformed extends Schema.TaggedError<InputMalformed>()("InputMalformed", {
  file: Schema.String,
  line: Schema.Int,
  column: Schema.Int,
  problem: Schema.String
}) {
  override get message(): string {
    const place = `${this.file}, line ${this.line}, column ${this.column}`
    return `${place}: ${this.problem}. Nothing was imported; mend it, or skip bad records with --skip-bad.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A record breaks the schema or has no usable id; nothing was imported. Mend it, or pass `--skip-bad`. */
export class RecordInvalid extends Schema.TaggedError<RecordInvalid>()("RecordInvalid", {
  file: Schema.String,
  line: Schema.Int,
  problem: Schema.String
}) {
  override get message(): string {
    const place = `${this.file}, line ${this.line}`
    return `${place}: ${this.problem}. Nothing was imported; mend it, or skip bad records with --skip-bad.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The import stopped between two transactions. What was stored stays; run the command again to store the rest. */
export class ImportStopped extends Schema.TaggedError<ImportStopped>()("ImportStopped", {
  stored: Schema.Int,
  problem: Schema.String
}) {
  override get message(): string {
    const done =
      this.stored === 0 ? "Nothing was imported" : `The first ${this.stored.toLocaleString("en-US")} records are stored`
    return `${this.problem}. ${done}; run the same command again once that is mended, it goes on where it stopped.`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** A result cannot be written, e.g. on a full disk. Make room, or choose another place. */
export class OutputUnwritable extends Schema.TaggedError<OutputUnwritable>()("OutputUnwritable", {
  place: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.place} cannot be written: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Whoever read the output has gone. Nothing to say to anyone. */
export class OutputClosed extends Schema.TaggedError<OutputClosed>()("OutputClosed", {}) {
  override get message(): string {
    return "the reader of the output has gone"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The hub does not answer. Start it, check the address, or wait. */
export class NotConnected extends Schema.TaggedError<NotConnected>()("NotConnected", {
  address: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `No connection to the hub at ${this.address}: ${this.problem}. Check that it runs and that the address is right.`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** One side does not trust the other. Run the command that the message names. */
export class NotTrusted extends Schema.TaggedError<NotTrusted>()("NotTrusted", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The two sides met and could not sync. The message says why. */
export class SyncFailed extends Schema.TaggedError<SyncFailed>()("SyncFailed", {
  reason: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `Syncing failed (${this.reason}): ${this.problem}.`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** What follows `--at` is no time. Write it as the message shows. */
export class TimeInvalid extends Schema.TaggedError<TimeInvalid>()("TimeInvalid", {
  text: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return (
      `--at ${this.text} is no time: ${this.problem}. Write a date (2026-11-21), a date and time ` +
      "(2026-11-21T14:30:05Z), or a stamp, the 16 hexadecimal digits that history --json shows."
    )
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The record was not there at the time that was asked for. Take the time that the message names, or look at its history. */
export class RecordMissingThen extends Schema.TaggedError<RecordMissingThen>()("RecordMissingThen", {
  type: Schema.String,
  id: Schema.String,
  at: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `There was no ${this.type} ${this.id} at ${this.at}: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** No such commit where it was looked for. Copy its id from a list, or sync first. */
export class CommitMissing extends Schema.TaggedError<CommitMissing>()("CommitMissing", {
  commit: Schema.String,
  place: Schema.Literals(["journal", "quarantine", "receipts"])
}) {
  override get message(): string {
    switch (this.place) {
      case "journal":
        return (
          `There is no ${named(this.commit)} here. If another device wrote it, sync first; ` +
          `the commits of a record are shown by: ${command("history <type> <id>")}`
        )
      case "quarantine":
        return `There is no commit ${this.commit} in quarantine. What waits is shown by: ${command("quarantine list")}`
      case "receipts":
        return `This device wrote no commit ${this.commit}. Those that it wrote are shown by: ${command("receipts")}`
    }
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A transaction's group is a quarter as long as a commit's id. */
const named = (name: string): string => `${name.length === 16 ? "transaction" : "commit"} ${name}`

/** The text as one word of a shell's command. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

/** The commit is undone already, so nothing was written. Undo its undo to have it back. */
export class UndoneAlready extends Schema.TaggedError<UndoneAlready>()("UndoneAlready", {
  commit: Schema.String,
  type: Schema.String,
  id: Schema.String
}) {
  override get message(): string {
    return (
      `The ${named(this.commit)} is undone already, so nothing was written. To have it back, undo the commit that undid it; ` +
      `it is shown by: ${command(`history ${shellWord(this.type)} ${shellWord(this.id)}`)}`
    )
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Nothing of the commit is in force, so nothing was written. The message says what stands instead. */
export class NothingInForce extends Schema.TaggedError<NothingInForce>()("NothingInForce", {
  commit: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return (
      `Nothing of ${named(this.commit)} is in force, so nothing was written: ${this.problem}. ` +
      `To go back all the same, use: ${command("restore <type> <id> --at <time>")}`
    )
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Not every commit left the quarantine; the result says why for each. */
export class CommitsStay extends Schema.TaggedError<CommitsStay>()("CommitsStay", {
  denied: Schema.Int,
  waiting: Schema.Int,
  unknown: Schema.Int,
  /** Further ones that no answer was given for. */
  more: Schema.Int
}) {
  override get message(): string {
    const parts = [
      this.denied > 0 ? `${this.denied} may not be applied or discarded here` : "",
      this.waiting > 0 ? `${this.waiting} cannot be taken in now` : "",
      this.unknown > 0 ? `${this.unknown} are not in quarantine` : "",
      this.more > 0 ? `${this.more} more stay` : ""
    ]
    return `Not all were done: ${parts.filter((part) => part !== "").join(", ")}.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** What is discarded is gone, so it is asked for twice. Nothing was done; say `--yes`. */
export class DiscardUnconfirmed extends Schema.TaggedError<DiscardUnconfirmed>()("DiscardUnconfirmed", {}) {
  override get message(): string {
    return (
      "Nothing was discarded: what is discarded is gone. Look at it with quarantine show, keep a copy with " +
      "quarantine export, then run this again with --yes."
    )
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Who was asked about may not do it; the result says why. */
export class ActionDenied extends Schema.TaggedError<ActionDenied>()("ActionDenied", {
  asker: Schema.String,
  action: Schema.String,
  type: Schema.String,
  rule: Schema.String
}) {
  override get message(): string {
    return `${this.asker} may not ${this.action} ${this.type} (${this.rule}).`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The file is no policy that could be put in force, and nothing changed. Mend what the problems name. */
export class PolicyInvalid extends Schema.TaggedError<PolicyInvalid>()("PolicyInvalid", {
  file: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.file} cannot be put in force: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The hub found something in itself that is bad. What, and what to do, was printed. */
export class HubUnwell extends Schema.TaggedError<HubUnwell>()("HubUnwell", { checks: Schema.String }) {
  override get message(): string {
    return `The hub needs somebody: ${this.checks}. What to do stands above.`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class CliError extends Schema.TaggedError<CliError>()("CliError", {
  reason: Schema.Union([
    UsageInvalid,
    DeviceMissing,
    DeviceFileDamaged,
    HubMissing,
    SchemaUnusable,
    InputUnreadable,
    InputChanged,
    InputMalformed,
    RecordInvalid,
    ImportStopped,
    OutputUnwritable,
    OutputClosed,
    NotConnected,
    NotTrusted,
    SyncFailed,
    TimeInvalid,
    RecordMissingThen,
    CommitMissing,
    UndoneAlready,
    NothingInForce,
    CommitsStay,
    DiscardUnconfirmed,
    DoorClosed,
    HubUnwell,
    HubRefused,
    TokenRefused,
    ActionDenied,
    PolicyInvalid,
    AuditBroken,
    AuditMoved,
    SignerInvalid,
    GrantUnusable,
    InviterGone,
    TeamChanged,
    InvitationRefused,
    RequestRejected,
    RequestWaiting,
    HubForeign,
    NothingReached,
    RoadMissing,
    FileClosed,
    FileForeign,
    DriveSignedOut,
    DriveFileUnusable
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
export const because = (reason: CliError["reason"]): CliError => new CliError({ reason })
