/** A team as a hub's REST interface tells it: members, devices, roles and teams of the charter, and what is written there. */
import { Schema } from "effect"
import * as CharterOperation from "../charter/CharterOperation.ts"
import * as PeerId from "../identity/PeerId.ts"
import * as AdminPage from "./AdminPage.ts"

const HeaderValue = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))

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

/** Of an operation: its `_tag` and what it names in plain words; keys and texts of documents are left out. */
const Told = Schema.Record(Schema.String, Schema.Union([HeaderValue, Schema.Array(Schema.String)])).annotate({
  identifier: "OperationTold"
})
/** What was written into the charter, the newest first. */
export const CharterRecord = Schema.Struct({
  version: Schema.Int,
  /** Unix milliseconds, by the signer's clock. */
  atMs: Schema.Finite,
  /** The device that signed it. */
  signer: Schema.String,
  /** The person in whose name; empty where the device speaks for itself. */
  behalf: Schema.String,
  note: Schema.String,
  operations: Schema.Array(Told)
}).annotate({ identifier: "CharterRecord" })
export const RecordsQuery = Schema.Struct({
  limit: AdminPage.fields.limit,
  /** Versions below this one. */
  before: Schema.optionalKey(Schema.FiniteFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(1)))
})
export const CharterRecords = Schema.Struct({ records: Schema.Array(CharterRecord) })

/** The version of the charter with what was written. */
export const Written = Schema.Struct({ version: Schema.Int })

const Id = Schema.String.check(
  Schema.makeFilter(
    (text: string) =>
      CharterOperation.isId(text) || "must be 1 to 64 small letters, digits, dots, dashes or underscores"
  )
)
const Name = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(CharterOperation.nameCharsMax))
const Peer = PeerId.PeerId
const Limit = Schema.NullOr(
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: CharterOperation.deviceLimitMax }))
)

/** Of a member, role or team in a path. */
export const OfId = Schema.Struct({ id: Id })
/** Of a device in a path. */
export const OfPeer = Schema.Struct({ peer: Peer })

export const Members = AdminPage.of(Member)
export const Devices = AdminPage.of(Device)
export const Roles = AdminPage.of(Role)
export const TeamName = Schema.Struct({ id: Schema.String, name: Schema.String }).annotate({ identifier: "TeamName" })
export const Teams = AdminPage.of(TeamName)

export const NewMember = Schema.Struct({
  /** Without it one is made of the name. */
  id: Schema.optionalKey(Id),
  name: Name,
  role: Id,
  teams: Schema.optionalKey(Schema.Array(Id)),
  /** Its first device, in the same record. */
  device: Schema.optionalKey(Schema.Struct({ peer: Peer, name: Name })),
  ...wording
})
const namesSomething = Schema.makeFilter(
  (changes: { readonly [field: string]: unknown }) =>
    Object.keys(changes).some((field) => !(field in wording)) || "must name something to change"
)
export const MemberChanges = Schema.Struct({
  name: Schema.optionalKey(Name),
  role: Schema.optionalKey(Id),
  teams: Schema.optionalKey(Schema.Array(Id)),
  ...wording
}).check(namesSomething)
export const NewDevice = Schema.Struct({ member: Id, peer: Peer, name: Name, ...wording })
export const DeviceChanges = Schema.Struct({
  name: Schema.optionalKey(Name),
  isPaused: Schema.optionalKey(Schema.Boolean),
  ...wording
}).check(namesSomething)
export const RoleAs = Schema.Struct({
  name: Name,
  level: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: CharterOperation.ownerLevel - 1 })),
  ...wording
})
export const TeamAs = Schema.Struct({ name: Name, ...wording })
export const DeviceLimit = Schema.Struct({ limit: Limit, ...wording })
/** `isOwn: false` takes a member's own limit away. */
export const MemberDeviceLimit = Schema.Struct({ limit: Limit, isOwn: Schema.Boolean, ...wording })
export const SealAs = Schema.Struct({
  showsHistory: Schema.Boolean,
  periodDays: Schema.NullOr(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: CharterOperation.keyPeriodDaysMax }))
  ),
  ...wording
})
/** Which charter was looked at, in a query. */
export const Expecting = Schema.Struct({
  note: wording.note,
  expectedVersion: Schema.optionalKey(Schema.FiniteFromString.check(Schema.isInt())),
  expectedDigest: wording.expectedDigest
})
