/** Why a question about one of the team has no answer. */
import { Schema } from "effect"

/** There is no such member, device, role, team or request. Look at the list. */
export class NoneOfTeam extends Schema.TaggedError<NoneOfTeam>()("NoneOfTeam", {
  kind: Schema.Literals(["member", "device", "role", "team", "request", "draft"]),
  id: Schema.String
}) {
  override get message(): string {
    return `there is no ${this.kind} ${this.id}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The account that is signed in acts as no member, so it can do nothing to the team. An owner of the hub links it to one. */
export class AccountUnlinked extends Schema.TaggedError<AccountUnlinked>()("AccountUnlinked", {
  account: Schema.String
}) {
  override get message(): string {
    return `the account ${this.account} acts as no member of the team; an owner of the hub can link it to one`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The hub's meeting place is closed, so nobody could come with a code. Start the hub without `SYNCLINE_PAIRING=off`. */
export class PairingClosed extends Schema.TaggedError<PairingClosed>()("PairingClosed", {}) {
  override get message(): string {
    return "this hub has no meeting place for pairings: SYNCLINE_PAIRING is off, or it could not be opened"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The operation takes more than other ones of the charter, and has an endpoint that asks for it. Ask there. */
export class AskedElsewhere extends Schema.TaggedError<AskedElsewhere>()("AskedElsewhere", {
  operation: Schema.String,
  where: Schema.String
}) {
  override get message(): string {
    return `${this.operation} takes more than this asks for, and nothing was written; ask for it at ${this.where}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Another page or program of the same person has saved a draft since, or thrown it away. Read it before one takes its place. */
export class DraftMoved extends Schema.TaggedError<DraftMoved>()("DraftMoved", {
  savedMs: Schema.NullOr(Schema.Finite)
}) {
  override get message(): string {
    return this.savedMs === null
      ? "the draft was thrown away elsewhere meanwhile; nothing was saved"
      : "another draft of yours was saved elsewhere meanwhile; nothing was saved in its place"
  }
  get isRetryable(): boolean {
    return false
  }
}

export class TeamError extends Schema.TaggedError<TeamError>()("TeamError", {
  reason: Schema.Union([NoneOfTeam, AccountUnlinked, AskedElsewhere, DraftMoved, PairingClosed])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: TeamError["reason"]): TeamError => new TeamError({ reason })
