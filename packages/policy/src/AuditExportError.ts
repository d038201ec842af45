/** Why an audit could not be exported as a whole. */
import { Schema } from "effect"

/** Entries that had not been exported yet made room for newer ones. A new export begins behind them. */
export class AuditCut extends Schema.TaggedError<AuditCut>()("AuditCut", {
  /** The first of them. */
  number: Schema.Int
}) {
  override get message(): string {
    return `The audit's entries from ${this.number} on made room for newer ones while they were exported. Export it again.`
  }
  get isRetryable(): boolean {
    return true
  }
}
