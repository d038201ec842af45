/**
 * Why the journal could not do something. Nothing of the failed call was kept; what was acknowledged before stays.
 */
import { Schema } from "effect"

/** The disk is full. Reads go on; writes resume by themselves once space is free. */
export class StoreFull extends Schema.TaggedError<StoreFull>()("StoreFull", { path: Schema.String }) {
  override get message(): string {
    return `the disk is full: ${this.path} cannot grow; free some space and try again`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The data folder or its file cannot be written. */
export class StoreReadOnly extends Schema.TaggedError<StoreReadOnly>()("StoreReadOnly", { path: Schema.String }) {
  override get message(): string {
    return `${this.path} cannot be written; check its owner and permissions`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Another process works on the same data folder. */
export class StoreInUse extends Schema.TaggedError<StoreInUse>()("StoreInUse", { path: Schema.String }) {
  override get message(): string {
    return `another process uses ${this.path}; stop it or choose another data folder`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The store does not keep its promise of durability, e.g. on a network file system. */
export class StoreNotDurable extends Schema.TaggedError<StoreNotDurable>()("StoreNotDurable", {
  path: Schema.String,
  setting: Schema.String
}) {
  override get message(): string {
    return `${this.path} is not durable (${this.setting}); put the data folder on a local disk`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The file was written by a newer version, or belongs to another space or device. */
export class StoreForeign extends Schema.TaggedError<StoreForeign>()("StoreForeign", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path} cannot be used: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The contents are sealed under other passphrases of the space than those that were given. */
export class StoreSealed extends Schema.TaggedError<StoreSealed>()("StoreSealed", { path: Schema.String }) {
  override get message(): string {
    return (
      `the records in ${this.path} are sealed under another passphrase of the space than the one given; give the one that ` +
      "your other devices have, or, to go on with a new one, list the earlier ones before it"
    )
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The file is damaged. `remedy`: what to do, where that is not to restore a backup or to begin afresh. */
export class StoreCorrupt extends Schema.TaggedError<StoreCorrupt>()("StoreCorrupt", {
  path: Schema.String,
  problem: Schema.String,
  remedy: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const { path, problem, remedy = "restore a backup, or move it away to sync afresh" } = this
    return `${path} is damaged (${problem}); ${remedy}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The journal was closed, or its worker ended. */
export class StoreClosed extends Schema.TaggedError<StoreClosed>()("StoreClosed", { problem: Schema.String }) {
  override get message(): string {
    return `the journal is closed: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class JournalError extends Schema.TaggedError<JournalError>()("JournalError", {
  reason: Schema.Union([
    StoreFull,
    StoreReadOnly,
    StoreInUse,
    StoreNotDurable,
    StoreForeign,
    StoreSealed,
    StoreCorrupt,
    StoreClosed
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
