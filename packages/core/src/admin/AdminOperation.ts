/** What a hub says about how it runs: what it found when it looked at itself, what it is, and a file for whoever helps. */
import { Schema } from "effect"

/** `good` needs nothing, `warning` is for somebody to look at, `bad` loses or keeps out something sooner or later. */
export const states = ["good", "warning", "bad"] as const

const Check = Schema.Struct({
  /** What was looked at, e.g. `disk`. */
  id: Schema.String,
  state: Schema.Literals(states),
  /** One sentence on what was found. */
  found: Schema.String,
  /** What to do about it. */
  advice: Schema.NullOr(Schema.String)
}).annotate({ identifier: "Check" })
export type Check = typeof Check.Type

/** What the hub found, always in the same order; `state` is the worst of all. */
export const Doctor = Schema.Struct({ state: Schema.Literals(states), checks: Schema.Array(Check) })
export type Doctor = typeof Doctor.Type

/** Of which program and machine the hub is made. */
export const About = Schema.Struct({
  version: Schema.String,
  node: Schema.String,
  platform: Schema.String,
  licence: Schema.String,
  /** When the process began, in Unix milliseconds. */
  startedMs: Schema.Finite
}).annotate({ identifier: "About" })

/** What may be sent to whoever helps: versions, settings, checks, states and counts. No name, no id, no address, no record and no secret. */
export const Diagnostics = Schema.Struct({
  format: Schema.Literal("syncline-diagnostics/1"),
  /** Unix milliseconds. */
  madeMs: Schema.Finite,
  about: About,
  settings: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])),
  doctor: Doctor,
  /** How many peers, routes and mailboxes are in which state. */
  peers: Schema.Record(Schema.String, Schema.Int),
  routes: Schema.Record(Schema.String, Schema.Int),
  mailboxes: Schema.Record(Schema.String, Schema.Int),
  quarantine: Schema.Record(Schema.String, Schema.Int),
  /** As `/metrics` shows them. */
  metrics: Schema.String
}).annotate({ identifier: "Diagnostics" })
