/**
 * Why an audit could not be verified or exported: reasons of `CliError`.
 */
import * as Schema from "effect/Schema"

/** The audit's chain does not hold: somebody changed the file, or it was damaged. Keep it, and compare it with an earlier export. */
export class AuditBroken extends Schema.TaggedError<AuditBroken>()("AuditBroken", {
  place: Schema.String,
  number: Schema.Int,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.place} does not hold from entry ${this.number} on: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Older entries were dropped while they were exported. Run the command again. */
export class AuditMoved extends Schema.TaggedError<AuditMoved>()("AuditMoved", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The argument names no device. Give the PeerId that `syncline device list` prints. */
export class SignerInvalid extends Schema.TaggedError<SignerInvalid>()("SignerInvalid", { signer: Schema.String }) {
  override get message(): string {
    return `${this.signer} is no device: --signer takes a PeerId, as "syncline device list" prints it.`
  }
  get isRetryable(): boolean {
    return false
  }
}
