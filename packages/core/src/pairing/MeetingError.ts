/** Why two sides of a pairing did not meet, or lost each other. Nobody has learned anything of a code by it. */
import { Schema } from "effect"

/** The meeting place does not answer. */
export class MeetingUnreachable extends Schema.TaggedError<MeetingUnreachable>()("MeetingUnreachable", {
  place: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `the meeting place ${this.place} cannot be reached: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Somebody else holds the slot. */
export class SlotTaken extends Schema.TaggedError<SlotTaken>()("SlotTaken", { slot: Schema.Int }) {
  override get message(): string {
    return `somebody else invites in slot ${this.slot}; make a new code`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Nobody invites in the slot: the code is over, or of another meeting place. */
export class SlotEmpty extends Schema.TaggedError<SlotEmpty>()("SlotEmpty", { place: Schema.String }) {
  override get message(): string {
    return `nobody invites with this code at ${this.place}; its time may be over, or it was made elsewhere`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Two sides are in the slot already. */
export class SlotCrowded extends Schema.TaggedError<SlotCrowded>()("SlotCrowded", {}) {
  override get message(): string {
    return "somebody else tries a code in this slot right now; try again in a moment"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** More than one device nearby invites, and none was named: a code tried with the wrong one would use up its only attempt. */
export class SeveralInvite extends Schema.TaggedError<SeveralInvite>()("SeveralInvite", {
  peers: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `several devices nearby invite right now: ${this.peers.join(", ")}; say which one is meant, or wait until one is left`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The meeting place has as many callers as it can take, or this address has called too often within a minute. */
export class MeetingBusy extends Schema.TaggedError<MeetingBusy>()("MeetingBusy", { place: Schema.String }) {
  override get message(): string {
    return `the meeting place ${this.place} has as many callers as it takes; try again in a minute`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The path to the other side has ended. */
export class MeetingEnded extends Schema.TaggedError<MeetingEnded>()("MeetingEnded", { problem: Schema.String }) {
  override get message(): string {
    return `the way to the other side has ended: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** More than a visit may carry. */
export class MeetingFrameRefused extends Schema.TaggedError<MeetingFrameRefused>()("MeetingFrameRefused", {
  bytes: Schema.Int
}) {
  override get message(): string {
    return `a frame of ${this.bytes} bytes is beyond what a visit may carry`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class MeetingError extends Schema.TaggedError<MeetingError>()("MeetingError", {
  reason: Schema.Union([
    MeetingUnreachable,
    SlotTaken,
    SlotEmpty,
    SlotCrowded,
    SeveralInvite,
    MeetingBusy,
    MeetingEnded,
    MeetingFrameRefused
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
export const because = (reason: MeetingError["reason"]): MeetingError => new MeetingError({ reason })
