/**
 * Who belongs to a team, as its hub answers: members, devices, roles and teams of the charter. What may be written
 * there the hub decides.
 */
import { PolicyDesk } from "@syncline/policy"
import { Effect, Schema } from "effect"
import * as FolderDesk from "./FolderDesk.ts"
import * as LocalDoor from "./LocalDoor.ts"

const Member = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  role: Schema.String,
  teams: Schema.Array(Schema.String)
})
const Device = Schema.Struct({
  peer: Schema.String,
  member: Schema.String,
  name: Schema.String,
  isPaused: Schema.Boolean
})
const Team = Schema.Struct({
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
  roles: Schema.Array(
    Schema.Struct({ id: Schema.String, name: Schema.String, level: Schema.Int, isBuiltIn: Schema.Boolean })
  ),
  teams: Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.String })),
  /** Devices that a member may have, and that single members may; `null` for any number. */
  deviceLimit: Schema.NullOr(Schema.Int),
  deviceLimits: Schema.Record(Schema.String, Schema.NullOr(Schema.Int)),
  /** The version that put the policy in force. */
  policyVersion: Schema.NullOr(Schema.Int),
  /** Why the hub's version of the program lets nothing pass; `null` while it does. */
  closed: Schema.NullOr(Schema.String),
  /** How contents are sealed, and how many keys there were; `null` where they are not. */
  seal: Schema.NullOr(
    Schema.Struct({ showsHistory: Schema.Boolean, periodDays: Schema.NullOr(Schema.Int), keys: Schema.Int })
  )
})
export type Team = typeof Team.Type

/** The team of the hub that runs on the folder, or as the folder knows it. */
export const ask = (folder: string) =>
  FolderDesk.ask(folder, question, ({ charter }) => Effect.sync(() => PolicyDesk.summary(charter)))

/** The team of the hub that runs on the folder, for who means to change it. */
export const askHub = (folder: string) => LocalDoor.ask(folder, question)

const question: LocalDoor.Question<Team, typeof Team.Encoded> = { path: "charter", answer: Team }
