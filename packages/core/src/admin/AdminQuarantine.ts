/** The quarantine and the receipts of a hub as its REST interface tells them, and what people decide there. */
import { Schema } from "effect"
import * as Quarantine from "../journal/Quarantine.ts"
import * as AdminPage from "./AdminPage.ts"

const Place = Schema.FiniteFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0))
const CommitId = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))

/** Of a commit in a path. */
export const OfCommit = Schema.Struct({ id: CommitId })

const page = { limit: AdminPage.fields.limit, after: Schema.optionalKey(Place) }
export const Query = Schema.Struct({ ...page, reason: Schema.optionalKey(Quarantine.QuarantineReason) })

export const ExportQuery = Schema.Struct({ reason: Query.fields.reason })

const entry = {
  id: Schema.String,
  reason: Quarantine.QuarantineReason,
  /** Who delivered it; of a rejected one who refused it. */
  peer: Schema.String,
  /** `<peer id>/<incarnation>`; empty where only a later version can read it. */
  author: Schema.String,
  type: Schema.String,
  /** A stamp of 16 hexadecimal digits. */
  at: Schema.String,
  events: Schema.Int,
  /** Unix milliseconds. */
  sinceMs: Schema.Finite,
  /** When it is released by itself; `null` where only a policy or a person decides. */
  dueMs: Schema.NullOr(Schema.Finite),
  rule: Schema.String,
  policyVersion: Schema.Int,
  because: Schema.String
}
export const Entry = Schema.Struct(entry).annotate({ identifier: "QuarantineEntry" })
/** A page may be empty before the last. */
export const Entries = Schema.Struct({
  ...AdminPage.of(Entry).fields,
  /** How many wait, by reason; `null` for who does not see all of the space. */
  counts: Schema.NullOr(Schema.Record(Quarantine.QuarantineReason, Schema.Int))
})

const HeaderValue = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))
const FieldWrite = Schema.Struct({
  kind: Schema.Literals(["lww", "counter", "orSet"]),
  field: Schema.String,
  value: Schema.optionalKey(Schema.Unknown),
  by: Schema.optionalKey(Schema.Finite),
  added: Schema.optionalKey(Schema.Array(Schema.Unknown)),
  removed: Schema.optionalKey(Schema.Array(Schema.Unknown))
})
const Contents = Schema.Struct({
  partition: Schema.Struct({ type: Schema.String, header: Schema.Record(Schema.String, HeaderValue) }),
  at: Schema.String,
  group: Schema.NullOr(Schema.String),
  entities: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      kind: Schema.Literals(["changed", "deleted", "revived"]),
      changes: Schema.Array(FieldWrite)
    })
  )
})
export const Shown = Schema.Struct({
  ...entry,
  /** In bytes. */
  size: Schema.Int,
  /** What it would do; `null` where that cannot be read. */
  contents: Schema.NullOr(Contents),
  problem: Schema.NullOr(Schema.String)
})

/** Commits by their ids, or all that wait for a reason. */
export const Decided = Schema.Struct({
  ids: Schema.optionalKey(
    Schema.Array(CommitId).check(Schema.isMinLength(1), Schema.isMaxLength(Quarantine.quarantinePageMax))
  ),
  reason: Schema.optionalKey(Quarantine.QuarantineReason),
  /** With a reason: only what this peer delivered. */
  peer: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(128))),
  /** With a reason: only what this device wrote. */
  author: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(160)))
}).check(
  Schema.makeFilter(({ author, ids, peer, reason }: { readonly [field: string]: unknown }) => {
    if ((ids === undefined) === (reason === undefined)) return "must name ids or a reason, and not both"
    return reason !== undefined || (peer === undefined && author === undefined) || "peer and author go with a reason"
  })
)
const Answer = Schema.Struct({
  id: Schema.String,
  outcome: Schema.Literals(["released", "discarded", "waiting", "denied", "unknown"]),
  reason: Schema.NullOr(Quarantine.QuarantineReason),
  rule: Schema.String,
  policyVersion: Schema.Int,
  because: Schema.String
})
export const Outcome = Schema.Struct({
  /** Commits that were released or discarded. */
  done: Schema.Int,
  /** Commits that stay. */
  stayed: Schema.Int,
  /** For each id; of a reason for those that stay, at most 100. */
  answers: Schema.Array(Answer)
}).annotate({ identifier: "QuarantineOutcome" })

export const ReceiptStatus = Schema.Literals(["accepted", "rejected", "deferred"])
export const ReceiptQuery = Schema.Struct({ ...page, status: Schema.optionalKey(ReceiptStatus) })
export const Receipt = Schema.Struct({
  commit: Schema.String,
  status: ReceiptStatus,
  /** Who decided; `null` while nobody has said anything. */
  peer: Schema.NullOr(Schema.String),
  code: Schema.String,
  atMs: Schema.NullOr(Schema.Finite),
  rule: Schema.String,
  policyVersion: Schema.Int,
  because: Schema.String
}).annotate({ identifier: "Receipt" })
export const Receipts = AdminPage.of(Receipt)
