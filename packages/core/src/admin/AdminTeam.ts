/** A team as a hub's REST interface tells it: members, devices, roles and teams of the charter, and what is written there. */
import { Schema } from "effect"
import * as CharterOperation from "../charter/CharterOperation.ts"

export const Member = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  role: Schema.String,
  teams: Schema.Array(Schema.String)
}).annotate({ identifier: "Member" })

export const Device = Schema.Struct({
  peer: Schema.String,
  member: Schema.String,
  name: Schema.String,
  isPaused: Schema.Boolean
}).annotate({ identifier: "Device" })

export const Role = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  /** 1 to 100; 80 and more manage the team. */
  level: Schema.Int,
  isBuiltIn: Schema.Boolean
}).annotate({ identifier: "Role" })

/** How contents are sealed, and how many keys there were. */
export const Seal = Schema.Struct({
  showsHistory: Schema.Boolean,
  periodDays: Schema.NullOr(Schema.Int),
  keys: Schema.Int
}).annotate({ identifier: "Seal" })

export const Team = Schema.Struct({
  /** Name of the space. */
  name: Schema.String,
  /** Records of the charter. */
  version: Schema.Int,
  /** Of the records that count: with it, a change is made to what was looked at. */
  digest: Schema.String,
  hub: Schema.NullOr(Schema.String),
  members: Schema.Array(Member),
  /** Ids of members that there were: nobody gets one again. */
  removedMembers: Schema.Array(Schema.String),
  devices: Schema.Array(Device),
  roles: Schema.Array(Role),
  teams: Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.String })),
  /** Devices that a member may have, and that single members may; `null` for any number. */
  deviceLimit: Schema.NullOr(Schema.Int),
  deviceLimits: Schema.Record(Schema.String, Schema.NullOr(Schema.Int)),
  /** The version that put the policy in force. */
  policyVersion: Schema.NullOr(Schema.Int),
  /** Why the hub's version of the program lets nothing pass; `null` while it does. */
  closed: Schema.NullOr(Schema.String),
  /** `null` where contents are not sealed. */
  seal: Schema.NullOr(Seal)
}).annotate({ identifier: "Team" })
export type Team = typeof Team.Type

/** Why, for the charter, and which charter was looked at. */
export const wording = {
  note: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(512))),
  expectedVersion: Schema.optionalKey(Schema.Int),
  expectedDigest: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/)))
}

const Operation = CharterOperation.Json.annotate({
  identifier: "CharterOperation",
  description:
    "An operation of a charter by its `_tag`, with peer ids for devices; see the SPEC of @syncline/core, The charter."
})
export const Operations = Schema.Struct({ operations: Schema.Array(Operation), ...wording })

/** The version of the charter with what was written. */
export const Written = Schema.Struct({ version: Schema.Int })
