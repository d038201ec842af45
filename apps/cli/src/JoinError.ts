/** Why a device did not become one of a team by an invitation's link; reasons of `CliError`. */
import * as Schema from "effect/Schema"
import { command } from "./Invocation.ts"

/** The hub takes no request by this link, and does not say why. Ask for a new one. */
export class InvitationRefused extends Schema.TaggedError<InvitationRefused>()("InvitationRefused", {
  problem: Schema.String
}) {
  override get message(): string {
    return `The hub says: ${this.problem}.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** People at the hub, or time, said no, for good. */
export class RequestRejected extends Schema.TaggedError<RequestRejected>()("RequestRejected", {
  request: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `The request ${this.request} was rejected: ${this.problem}. It stays so; a new try takes a new invitation.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Nobody has answered yet. Run the command again, with the same link and folder. */
export class RequestWaiting extends Schema.TaggedError<RequestWaiting>()("RequestWaiting", {
  request: Schema.String,
  data: Schema.String
}) {
  override get message(): string {
    const again = command(`join --data ${this.data}`)
    return `The request ${this.request} waits for a person at the hub. To look again, paste the same link into: ${again}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** What answers is not the hub that the link names. Nothing that could be used was sent. */
export class HubForeign extends Schema.TaggedError<HubForeign>()("HubForeign", {
  address: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `What answers at ${this.address} is not the hub of this invitation: ${this.problem}. Ask whoever sent it for a new one.`
  }
  get isRetryable(): boolean {
    return false
  }
}
