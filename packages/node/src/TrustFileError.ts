/**
 * Why the list of trusted peers could not be read or changed. Nothing of a failed change is kept.
 */
import { Schema } from "effect"

/** A line holds something else than one peer id and a comment. Recover by mending or removing the named line. */
export class TrustLineInvalid extends Schema.TaggedError<TrustLineInvalid>()("TrustLineInvalid", {
  path: Schema.String,
  line: Schema.Int,
  text: Schema.String
}) {
  override get message(): string {
    return `${this.path}, line ${this.line}: ${JSON.stringify(this.text)} is no peer id; a line holds one, such as 12D3KooW…`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** What should be trusted is no peer id. Recover by copying the id that the other device prints. */
export class TrustedPeerInvalid extends Schema.TaggedError<TrustedPeerInvalid>()("TrustedPeerInvalid", {
  text: Schema.String
}) {
  override get message(): string {
    return `${JSON.stringify(this.text)} is no peer id; one looks like 12D3KooW… and has 52 characters`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The file or its folder cannot be read or written. Recover by mending its permissions. */
export class TrustFileInaccessible extends Schema.TaggedError<TrustFileInaccessible>()("TrustFileInaccessible", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path} cannot be read or written: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Another process changes the file and does not finish. Trying again is safe. */
export class TrustFileTaken extends Schema.TaggedError<TrustFileTaken>()("TrustFileTaken", { path: Schema.String }) {
  override get message(): string {
    return `${this.path} is being changed by another process; try again`
  }
  get isRetryable(): boolean {
    return true
  }
}

export class TrustFileError extends Schema.TaggedError<TrustFileError>()("TrustFileError", {
  reason: Schema.Union([TrustLineInvalid, TrustedPeerInvalid, TrustFileInaccessible, TrustFileTaken])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
