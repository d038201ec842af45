/** The audit as a hub's REST interface tells it. */
import { Schema } from "effect"

const Place = Schema.FiniteFromString.check(Schema.isInt(), Schema.isGreaterThan(0))
/** Most entries of one answer. */
export const listMax = 1_000
export const listedDefault = 100

const Text = Schema.String.check(Schema.isMaxLength(256))

/** Which entries are meant. */
export const AuditQuery = Schema.Struct({
  /** Only those below this number. */
  before: Schema.optionalKey(Place),
  limit: Schema.optionalKey(Place.check(Schema.isLessThanOrEqualTo(listMax))),
  denied: Schema.optionalKey(Schema.Literal("true")),
  action: Schema.optionalKey(Schema.String),
  peer: Schema.optionalKey(Schema.String),
  /** Decided at this time or later, and before that one, in Unix milliseconds. */
  from: Schema.optionalKey(Schema.FiniteFromString),
  to: Schema.optionalKey(Schema.FiniteFromString),
  /** Decided by this rule; one that ends in `*` stands for all that begin so. */
  rule: Schema.optionalKey(Text),
  /** In the detail or the reason, in small or capital letters. */
  text: Schema.optionalKey(Text)
})

/** How the whole audit is exported: with its chain, to be verified elsewhere; or as a table for people. */
export const ExportQuery = Schema.Struct({ format: Schema.optionalKey(Schema.Literals(["ndjson", "csv"])) })

export const AuditEntry = Schema.Struct({
  /** Place in the chain, from 1. */
  number: Schema.Int,
  /** Unix milliseconds. */
  atMs: Schema.Finite,
  action: Schema.String,
  peer: Schema.String,
  decision: Schema.Struct({
    allowed: Schema.Boolean,
    rule: Schema.String,
    policyVersion: Schema.Int,
    because: Schema.String
  }),
  detail: Schema.String,
  /** How often the same was decided within a second or so. */
  times: Schema.Int,
  /** 64 hexadecimal digits. */
  hash: Schema.String
}).annotate({ identifier: "AuditEntry" })

export const AuditEntries = Schema.Struct({ entries: Schema.Array(AuditEntry) })

const Point = Schema.Struct({ number: Schema.Int, hash: Schema.String })
/** Whether the chain holds. */
export const AuditVerdict = Schema.Struct({
  entries: Schema.Int,
  start: Point,
  last: Point,
  signer: Schema.optionalKey(Schema.UndefinedOr(Schema.String)),
  fault: Schema.NullOr(Schema.Struct({ number: Schema.Int, problem: Schema.String }))
}).annotate({ identifier: "AuditVerdict" })
