/** Why a question about peers, routes or the space has no answer. */
import { Schema } from "effect"

/** The address leads where the hub does not call. Name another one, or start the hub with `SYNCLINE_LAN_PEERS=on` where it is in its own network. */
export class AddressRefused extends Schema.TaggedError<AddressRefused>()("AddressRefused", {
  address: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `the hub does not call ${this.address}: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** There is no such peer or space here. Look at the list. */
export class NoneHere extends Schema.TaggedError<NoneHere>()("NoneHere", {
  kind: Schema.Literals(["peer", "space"]),
  id: Schema.String
}) {
  override get message(): string {
    return `there is no ${this.kind} ${this.id} at this hub`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** As many of them are kept over restarts as may be. Remove or resume one first. */
export class SavedExhausted extends Schema.TaggedError<SavedExhausted>()("SavedExhausted", {
  kind: Schema.Literals(["routes", "pauses"]),
  limit: Schema.Int
}) {
  override get message(): string {
    return `a hub keeps at most ${this.limit} ${this.kind}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** As many routes are tested as may be at a time. Try again. */
export class TestsBusy extends Schema.TaggedError<TestsBusy>()("TestsBusy", { limit: Schema.Int }) {
  override get message(): string {
    return `${this.limit} routes are tested now; try again in a moment`
  }
  get isRetryable(): boolean {
    return true
  }
}

export class PeersError extends Schema.TaggedError<PeersError>()("PeersError", {
  reason: Schema.Union([AddressRefused, NoneHere, SavedExhausted, TestsBusy])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: PeersError["reason"]): PeersError => new PeersError({ reason })
