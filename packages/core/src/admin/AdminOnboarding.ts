/** Invitations by links and requests to join, as a hub's REST interface tells them. */
import { Schema } from "effect"
import * as PeerId from "../identity/PeerId.ts"
import { reasonCharsMax } from "../onboarding/OnboardingState.ts"

/** An invitation as people see it. */
export const Invitation = Schema.Struct({
  id: Schema.String,
  role: Schema.String,
  teams: Schema.Array(Schema.String),
  /** Somebody at the hub approves each request. */
  isByHand: Schema.Boolean,
  usesMax: Schema.Int,
  uses: Schema.Int,
  madeMs: Schema.Int,
  expiresMs: Schema.Int,
  over: Schema.NullOr(Schema.Literals(["expired", "revoked"])),
  standing: Schema.Literals(["good", "used up", "expired", "revoked"])
}).annotate({ identifier: "Invitation" })

export const Request = Schema.Struct({
  id: Schema.String,
  invitation: Schema.String,
  peer: PeerId.PeerId,
  name: Schema.String,
  platform: Schema.String,
  role: Schema.String,
  teams: Schema.Array(Schema.String),
  askedMs: Schema.Int,
  untilMs: Schema.Int,
  status: Schema.Literals(["pending", "approved", "rejected"]),
  settledMs: Schema.NullOr(Schema.Int),
  by: Schema.NullOr(PeerId.PeerId),
  because: Schema.NullOr(Schema.String),
  member: Schema.NullOr(Schema.String)
}).annotate({ identifier: "JoinRequest" })

const Id = Schema.String.check(Schema.isMaxLength(32))

export const Invite = Schema.Struct({
  /** Public half of the link's key, in hexadecimal digits. */
  key: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)),
  role: Schema.optionalKey(Schema.String),
  teams: Schema.optionalKey(Schema.Array(Schema.String)),
  validMs: Schema.optionalKey(Schema.Int),
  uses: Schema.optionalKey(Schema.Int),
  isByHand: Schema.optionalKey(Schema.Boolean)
})
export const Named = Schema.Struct({ id: Id })
export const Approval = Schema.Struct({ id: Id, role: Schema.optionalKey(Schema.String) })
export const Rejection = Schema.Struct({
  id: Id,
  reason: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(reasonCharsMax)))
})

export const Invitations = Schema.Struct({ invitations: Schema.Array(Invitation) })
/** With the hub's peer id, which the link names. */
export const Invited = Schema.Struct({ invitation: Invitation, hub: PeerId.PeerId })
export const Revoked = Schema.Struct({ invitation: Invitation })
export const Requests = Schema.Struct({ requests: Schema.Array(Request) })
export const Settled = Schema.Struct({ request: Request })
