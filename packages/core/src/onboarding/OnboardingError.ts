/**
 * Why an invitation or a request did not come to what was asked. Nothing was changed. A stranger learns by none of them whether
 * an invitation is there.
 */
import { Schema } from "effect"

/** What somebody pasted is no link of an invitation. */
export class InvitationLinkInvalid extends Schema.TaggedError<InvitationLinkInvalid>()("InvitationLinkInvalid", {
  problem: Schema.String
}) {
  override get message(): string {
    return `This is no link of an invitation: ${this.problem}. Copy it whole, as \`syncline invite new\` printed it.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** There can be no such invitation: a bound, a role or a team of it is not one that this hub may give. */
export class InvitationUnfit extends Schema.TaggedError<InvitationUnfit>()("InvitationUnfit", {
  problem: Schema.String
}) {
  override get message(): string {
    return `nobody can be invited so: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The person in whose name it was to be done may not do it. */
export class BehalfDenied extends Schema.TaggedError<BehalfDenied>()("BehalfDenied", { problem: Schema.String }) {
  override get message(): string {
    return `this may not be done in that person's name: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Nobody becomes somebody who manages the space without a person's word. */
export class RoleNeedsPerson extends Schema.TaggedError<RoleNeedsPerson>()("RoleNeedsPerson", { role: Schema.String }) {
  override get message(): string {
    return `the role ${this.role} manages the space, so a person must approve each request for it`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A role that manages the space is given only by whoever names it. */
export class RoleUnnamed extends Schema.TaggedError<RoleUnnamed>()("RoleUnnamed", {
  id: Schema.String,
  role: Schema.String
}) {
  override get message(): string {
    return `${this.id} asks for the role ${this.role}, which manages the space: approve it with --role ${this.role}, or with another role`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** As many invitations are good, or have requests that wait, as may be. */
export class InvitationsExhausted extends Schema.TaggedError<InvitationsExhausted>()("InvitationsExhausted", {
  limit: Schema.Int
}) {
  override get message(): string {
    return `there are ${this.limit} invitations that are good or have requests waiting; revoke one first`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** There is no such invitation, or it was over long ago. */
export class InvitationUnknown extends Schema.TaggedError<InvitationUnknown>()("InvitationUnknown", {
  id: Schema.String
}) {
  override get message(): string {
    return `there is no invitation ${this.id}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** There is no such request, or its invitation was over long ago. */
export class RequestUnknown extends Schema.TaggedError<RequestUnknown>()("RequestUnknown", { id: Schema.String }) {
  override get message(): string {
    return `there is no request ${this.id}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The request was decided, for good. */
export class RequestSettled extends Schema.TaggedError<RequestSettled>()("RequestSettled", {
  id: Schema.String,
  status: Schema.Literals(["approved", "rejected"])
}) {
  override get message(): string {
    return `the request ${this.id} was ${this.status} already, and stays so`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The invitation is not good, or what was said does not prove that it is known. Which of it, a stranger is not told. */
export class JoinRefused extends Schema.TaggedError<JoinRefused>()("JoinRefused", {}) {
  override get message(): string {
    return "this invitation is not good here: it is unknown, used up, over or revoked; ask whoever sent it for a new one"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Too many calls or requests. Wait. */
export class JoinBusy extends Schema.TaggedError<JoinBusy>()("JoinBusy", {
  because: Schema.Literals(["calls", "requests"])
}) {
  override get message(): string {
    return this.because === "calls"
      ? "this address has called too often within a minute; try again in a minute"
      : "as many requests wait as the hub takes; try again once people have answered some"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** What is kept of invitations cannot be read or written. Nothing was changed, and nobody was answered. */
export class OnboardingStoreFailed extends Schema.TaggedError<OnboardingStoreFailed>()("OnboardingStoreFailed", {
  place: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.place} cannot be used: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

export class OnboardingError extends Schema.TaggedError<OnboardingError>()("OnboardingError", {
  reason: Schema.Union([
    InvitationLinkInvalid,
    InvitationUnfit,
    BehalfDenied,
    RoleNeedsPerson,
    RoleUnnamed,
    InvitationsExhausted,
    InvitationUnknown,
    RequestUnknown,
    RequestSettled,
    JoinRefused,
    JoinBusy,
    OnboardingStoreFailed
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
export const because = (reason: OnboardingError["reason"]): OnboardingError => new OnboardingError({ reason })
