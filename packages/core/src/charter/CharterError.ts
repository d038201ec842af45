/**
 * Why a charter did not do what was asked. Nothing of the failed call was kept.
 */
import { Schema } from "effect"
import { JournalError } from "../journal/JournalError.ts"

/** The signer had no right to it, or it makes no sense in the present state. */
export class CharterDenied extends Schema.TaggedError<CharterDenied>()("CharterDenied", {
  version: Schema.Int,
  problem: Schema.String
}) {
  override get message(): string {
    return `the charter does not allow it at version ${this.version}: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The space has a hub that takes records in, and it has not taken this one. Recover by connecting to it. */
export class CharterElsewhere extends Schema.TaggedError<CharterElsewhere>()("CharterElsewhere", {
  hub: Schema.String
}) {
  override get message(): string {
    return `the hub ${this.hub} of this space takes records in, and has not taken this one; connect to it and try again`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** This node knows no charter yet: found a space, or connect to somebody who has one. */
export class CharterMissing extends Schema.TaggedError<CharterMissing>()("CharterMissing", {}) {
  override get message(): string {
    return "this node has no charter yet; found the space, or connect to a member first"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Somebody else wrote since the version that was expected. */
export class CharterMoved extends Schema.TaggedError<CharterMoved>()("CharterMoved", {
  expected: Schema.Int,
  version: Schema.Int
}) {
  override get message(): string {
    if (this.expected === this.version) return "the charter says something else than was expected; look at it again"
    return `the charter has moved on to version ${this.version}, and version ${this.expected} was expected; look at it again`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The store of the charter could not be read or written. */
export class CharterStoreFailed extends Schema.TaggedError<CharterStoreFailed>()("CharterStoreFailed", {
  cause: JournalError
}) {
  override get message(): string {
    return `the charter was not changed: ${this.cause.message}`
  }
  get isRetryable(): boolean {
    return this.cause.isRetryable
  }
}

export class CharterError extends Schema.TaggedError<CharterError>()("CharterError", {
  reason: Schema.Union([CharterDenied, CharterElsewhere, CharterMissing, CharterMoved, CharterStoreFailed])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
