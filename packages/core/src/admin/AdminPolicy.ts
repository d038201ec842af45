/** The policy of a team as a hub's REST interface tells it: versions, explanations, and what a draft would change. */
import { Schema } from "effect"
import * as CharterOperation from "../charter/CharterOperation.ts"
import { wording } from "./AdminTeam.ts"

/** What may be done with records, as policies name it. */
export const actions = ["read", "create", "update", "delete", "share", "administer"] as const

export const Decision = Schema.Struct({
  allowed: Schema.Boolean,
  /** The rule that has decided. */
  rule: Schema.String,
  policyVersion: Schema.Int,
  because: Schema.String
}).annotate({ identifier: "Decision" })

const DeniedFields = Schema.Array(Schema.Struct({ field: Schema.String, decision: Decision }))

export const Explanation = Schema.Struct({
  decision: Decision,
  /** Rules that speak of it and did not decide, the strongest first. */
  losing: Schema.Array(Schema.String),
  fields: DeniedFields,
  devices: Schema.Array(Schema.Struct({ peer: Schema.String, decision: Decision, fields: DeniedFields })),
  /** For people. */
  lines: Schema.Array(Schema.String)
}).annotate({ identifier: "Explanation" })

const HeaderValue = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))

export const Question = Schema.Struct({
  /** A device's peer id, or a member's id. */
  asker: Schema.String,
  action: Schema.Literals(actions),
  type: Schema.String,
  id: Schema.optionalKey(Schema.String),
  header: Schema.optionalKey(Schema.Record(Schema.String, HeaderValue)),
  field: Schema.optionalKey(Schema.String),
  /** As if this document were in force. */
  draft: Schema.optionalKey(Schema.String)
})

const Partition = Schema.Struct({ type: Schema.String, header: Schema.Record(Schema.String, HeaderValue) })
const Turned = Schema.Struct({ partition: Partition, records: Schema.Int, before: Decision, after: Decision })
const deed = {
  peer: Schema.String,
  action: Schema.Literals(actions),
  type: Schema.optionalKey(Schema.String),
  /** `""` for every field that no rule names. */
  field: Schema.optionalKey(Schema.String)
}

export const Impact = Schema.Struct({
  ...deed,
  direction: Schema.Literals(["gains", "loses"]),
  partitions: Schema.Int,
  records: Schema.Int,
  samples: Schema.Array(Turned)
}).annotate({ identifier: "Impact" })

/** On how much of what is there one device could do something. */
export const Reach = Schema.Struct({ ...deed, partitions: Schema.Int, records: Schema.Int }).annotate({
  identifier: "Reach"
})

const Sentences = Schema.Array(Schema.String)
export const Text = Schema.Struct({ text: Schema.String })
export const Draft = Schema.Struct({ text: Schema.optionalKey(Schema.String) })
export const Reaches = Schema.Struct({ reach: Schema.Array(Reach) })
export const Impacts = Schema.Struct({
  /** That of the charter with which the draft was compared. */
  version: Schema.Int,
  digest: Schema.String,
  impacts: Schema.Array(Impact),
  warnings: Sentences
})
export const Tested = Schema.Struct({ problems: Sentences, warnings: Sentences })
/** What decides now. */
export const InForce = Schema.Struct({
  /** The version of the charter that put it in force; `null` for the built-in roles alone. */
  version: Schema.NullOr(Schema.Int),
  text: Schema.NullOr(Schema.String),
  warnings: Sentences,
  /** Version and digest of the charter, to be named where something is put in its place. */
  charterVersion: Schema.Int,
  digest: Schema.String
})
/** A document that somebody works on, kept for that account alone. */
export const Kept = Schema.Struct({
  text: Schema.String.check(Schema.isMaxLength(CharterOperation.policyBytesMax)),
  /** The version of the charter that it began with. */
  basedOn: Schema.optionalKey(Schema.Int),
  /** When the draft was saved that it takes the place of, `null` for none. Without it the last one decides. */
  replaces: Schema.optionalKey(Schema.NullOr(Schema.Finite))
})
export const KeptDraft = Schema.Struct({
  text: Schema.String,
  basedOn: Schema.NullOr(Schema.Int),
  /** Unix milliseconds, other ones each time that it is saved. */
  savedMs: Schema.Finite
})
export const Versions = Schema.Struct({
  /** The newest first; a text of `null` means the built-in roles. */
  versions: Schema.Array(Schema.Struct({ version: Schema.Int, text: Schema.NullOr(Schema.String) }))
})
export const Applied = Schema.Struct({ text: Schema.String, ...wording })
export const WentBackTo = Schema.Struct({ version: Schema.Int, ...wording })
export const WentBack = Schema.Struct({
  version: Schema.Int,
  policyVersion: Schema.NullOr(Schema.Int),
  warnings: Sentences
})
