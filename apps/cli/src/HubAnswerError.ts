/** Why a hub's REST interface did not do what a command asked. */
import * as Schema from "effect/Schema"

/** No hub runs on the folder that answers this, or not to whoever asks. Start it there, or name its folder. */
export class DoorClosed extends Schema.TaggedError<DoorClosed>()("DoorClosed", {
  folder: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return (
      `No hub answers this on ${this.folder}: ${this.problem}. This needs a hub that runs on this machine, ` +
      "and its folder as --data."
    )
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The hub does not do what it was asked, and nothing changed. The message says why. */
export class HubRefused extends Schema.TaggedError<HubRefused>()("HubRefused", {
  /** The status of HTTP that it answers with. */
  status: Schema.Int,
  problem: Schema.String,
  /** The name that it has for the reason. */
  code: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `The hub refuses: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return this.status >= 500
  }
}

/** The hub does not know the token, or not any more. Make a new one. */
export class TokenRefused extends Schema.TaggedError<TokenRefused>()("TokenRefused", {
  address: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `The hub at ${this.address} does not take this token: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}
