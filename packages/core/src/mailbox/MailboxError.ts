/**
 * Why a mailbox could not be read or written. No provider's own error crosses this boundary.
 */
import { Schema } from "effect"

/** Nobody answers, or the folder is not there now. It is tried again by itself. */
export class MailboxUnreachable extends Schema.TaggedError<MailboxUnreachable>()("MailboxUnreachable", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the mailbox cannot be reached: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** There is no room for more. What is there can be read; writing is tried again by itself. Make room there. */
export class MailboxFull extends Schema.TaggedError<MailboxFull>()("MailboxFull", { problem: Schema.String }) {
  override get message(): string {
    return `the mailbox is full: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The provider asks for fewer requests. It is tried again by itself, no sooner than `afterMs` says. */
export class MailboxBusy extends Schema.TaggedError<MailboxBusy>()("MailboxBusy", {
  problem: Schema.String,
  /** Milliseconds from now, 0 where the provider does not say. */
  afterMs: Schema.Int
}) {
  override get message(): string {
    return `the mailbox wants to be asked less: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** This node may not use it: a person must give it access, or sign in again. */
export class MailboxDenied extends Schema.TaggedError<MailboxDenied>()("MailboxDenied", { problem: Schema.String }) {
  override get message(): string {
    return `the mailbox is closed to this node: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** What is there is no mailbox, or one where no node may keep one, e.g. the folder holds a database. Choose another. */
export class MailboxUnfit extends Schema.TaggedError<MailboxUnfit>()("MailboxUnfit", { problem: Schema.String }) {
  override get message(): string {
    return `this is no place for a mailbox: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A file that is listed cannot be read now: it is not here yet, or not whole. It is tried again by itself. */
export class FileNotThere extends Schema.TaggedError<FileNotThere>()("FileNotThere", {
  name: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.name} cannot be read yet: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** A file is larger than a mailbox carries; nothing of it was written or read. */
export class FileTooLarge extends Schema.TaggedError<FileTooLarge>()("FileTooLarge", {
  name: Schema.String,
  bytes: Schema.Int,
  bytesMax: Schema.Int
}) {
  override get message(): string {
    return `${this.name} has ${this.bytes} bytes, and a mailbox carries ${this.bytesMax}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A place to go on from is none that this storage has given. Ask for everything from the beginning. */
export class CursorMalformed extends Schema.TaggedError<CursorMalformed>()("CursorMalformed", {
  cursor: Schema.Unknown
}) {
  override get message(): string {
    return `${JSON.stringify(this.cursor) ?? "nothing"} is no place to go on from; give back the last "next", or null for everything`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class MailboxError extends Schema.TaggedError<MailboxError>()("MailboxError", {
  /** The mailbox's name. */
  mailbox: Schema.String,
  reason: Schema.Union([
    MailboxUnreachable,
    MailboxFull,
    MailboxBusy,
    MailboxDenied,
    MailboxUnfit,
    FileNotThere,
    FileTooLarge,
    CursorMalformed
  ])
}) {
  override get message(): string {
    return `${this.mailbox}: ${this.reason.message}`
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
