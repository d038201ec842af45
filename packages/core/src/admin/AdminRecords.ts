/** Records as a hub's REST interface tells and takes them: by type and id, as they are and as they were. */
import { Schema } from "effect"
import * as EntityId from "../identity/EntityId.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as FieldValue from "../model/FieldValue.ts"
import * as Partition from "../model/Partition.ts"
import * as AdminPage from "./AdminPage.ts"

/** Longest text of a place in a list, in characters. */
export const placeCharsMax = 2_048
/** Records of one batch. */
export const batchMax = 2_048
/** Commits that one call undoes. */
export const undoneMax = 100
/** Changes of one page of a history. */
export const historyMax = 100
export const historyDefault = 50
/** Records that an undo tells about one by one. */
export const undoneToldMax = 1_000
/** Longest condition or header in a query, in characters. */
const conditionCharsMax = 8_192
/** Digits of the largest time in milliseconds. */
const msDigitsMax = 15

const nameProblem = (name: string): string | undefined =>
  FieldValue.nameProblem(name) ?? (name === "id" ? `"id" is the record's own name` : undefined)

const Type = Schema.String.check(Schema.makeFilter((name: string) => FieldValue.nameProblem(name) ?? true))
const Id = Schema.String.check(Schema.makeFilter((id: string) => EntityId.problem(id) ?? true))

/** Of a type in a path. */
export const OfType = Schema.Struct({ type: Type })
/** Of a record in a path. */
export const OfRecord = Schema.Struct({ type: Type, id: Id })

const HeaderValue = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))
/** Values of header fields: they choose where a record lies and who may have it. */
const Header = Schema.Record(Schema.String, HeaderValue).check(
  Schema.makeFilter(
    (header: Partition.HeaderValues) =>
      Object.keys(header)
        .map(nameProblem)
        .find((problem) => problem !== undefined) ??
      Partition.headerProblem(header) ??
      true
  )
)

const Value = Schema.Unknown.annotate({ description: "Any JSON, at most 32 deep and with 10,000 parts." })
const Fields = Schema.Record(Schema.String, Value).check(
  Schema.makeFilter(
    (fields: { readonly [name: string]: unknown }) =>
      Object.keys(fields)
        .map(nameProblem)
        .find((problem) => problem !== undefined) ?? true
  )
)

/** How a field merges: `lww` holds what was written last, `counter` a number that everybody adds to, `orSet` a set. */
export const Kind = Schema.Literals(["lww", "counter", "orSet"])
export type Kind = typeof Kind.Type
const Kinds = Schema.Record(Schema.String, Kind).check(
  Schema.makeFilter(
    (kinds: { readonly [name: string]: unknown }) =>
      Object.keys(kinds)
        .map(nameProblem)
        .find((problem) => problem !== undefined) ?? true
  )
)

/** JSON of an object with single values, in a query. */
const Condition = Schema.String.check(
  Schema.isMaxLength(conditionCharsMax),
  Schema.makeFilter((text: string) => conditionProblem(text) ?? true)
)

const conditionProblem = (text: string): string | undefined => {
  try {
    return Partition.headerProblem(JSON.parse(text))
  } catch {
    return 'must be the JSON of an object, such as {"team":"north"}'
  }
}

/** What a condition says. */
export const conditionOf = (text: string): Partition.HeaderValues => JSON.parse(text) as Partition.HeaderValues

/** A time: milliseconds since 1970, or a stamp of 16 hexadecimal digits as a history shows it. */
const Time = Schema.String.check(Schema.isPattern(/^([0-9]{1,15}|[0-9a-f]{16})$/))

/** The stamp that a time means: of milliseconds, everything in that one. */
export const stampOf = (time: string): HybridTime.HybridTime => {
  if (time.length > msDigitsMax) return time as HybridTime.HybridTime
  return HybridTime.make(Math.min(Number(time), 2 ** 48 - 1), 0xffff)
}

const Place = Schema.optionalKey(Schema.String.check(Schema.isMaxLength(placeCharsMax)))

/** Which records of a type, and as of when. */
export const Query = Schema.Struct({
  limit: AdminPage.fields.limit,
  after: Place,
  /** Fields that must equal these values, as the JSON of an object; null also means missing. At most 8. */
  where: Schema.optionalKey(Condition),
  orderBy: Schema.optionalKey(Schema.String.check(Schema.makeFilter((name: string) => nameProblem(name) ?? true))),
  isDescending: Schema.optionalKey(Schema.Literal("true")),
  at: Schema.optionalKey(Time)
})
export type Query = typeof Query.Type

/** Which of several records with one id, as the JSON of its header. */
export const Which = Schema.Struct({ header: Schema.optionalKey(Condition) })
export const WhichAt = Schema.Struct({ ...Which.fields, at: Schema.optionalKey(Time) })
export const HistoryQuery = Schema.Struct({
  ...Which.fields,
  limit: Schema.optionalKey(
    Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: historyMax }))
  ),
  after: Place
})

export const Record = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  header: Schema.Record(Schema.String, HeaderValue),
  /** Without those of the header. */
  fields: Schema.Record(Schema.String, Schema.Unknown),
  /** Fields that are no plain values, of a single record that is told as it is now. */
  kinds: Schema.optionalKey(Schema.Record(Schema.String, Schema.Literals(["counter", "orSet"])))
}).annotate({ identifier: "Record" })
export const Records = AdminPage.of(Record)

const writing = {
  fields: Fields,
  /** What fields are that no record has yet; of others it may be said again. */
  kinds: Schema.optionalKey(Kinds)
}
/** A new record, under an id of the hub's. */
export const NewRecord = Schema.Struct({ header: Schema.optionalKey(Header), ...writing })
/** Fields that are not named stay as they are. */
export const RecordAs = Schema.Struct({
  /** Where a new record lies; of one that is there, which is meant. */
  header: Schema.optionalKey(Header),
  ...writing
})
/** Counters change by `{inc: n}`, sets by `{add: […], remove: […]}`, other fields hold the value. */
export const RecordChanges = Schema.Struct({
  /** Which of several records with the id. */
  header: Schema.optionalKey(Header),
  ...writing
})
export const Batch = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({ id: Schema.optionalKey(Id), header: Schema.optionalKey(Header), fields: Fields })
  ).check(Schema.isMinLength(1), Schema.isMaxLength(batchMax)),
  kinds: writing.kinds
})

const Commits = Schema.Array(Schema.String)
/** The commits that a write made, none where nothing changed, and the record behind it; `null` where it is there no more. */
export const Written = Schema.Struct({ id: Schema.String, commits: Commits, record: Schema.NullOr(Record) })
export const Removed = Schema.Struct({ commits: Commits })
export const BatchWritten = Schema.Struct({ ids: Schema.Array(Schema.String), commits: Commits })

const FieldChange = Schema.Struct({
  kind: Kind,
  field: Schema.String,
  /** Of `lww`: what was written, and what stood there. */
  value: Schema.optionalKey(Schema.Unknown),
  previous: Schema.optionalKey(Schema.Unknown),
  /** The writer had not seen what stood there. */
  isConflict: Schema.optionalKey(Schema.Boolean),
  /** Of a counter. */
  by: Schema.optionalKey(Schema.Finite),
  /** Of a set. */
  added: Schema.optionalKey(Schema.Array(Schema.Unknown)),
  removed: Schema.optionalKey(Schema.Array(Schema.Unknown))
})
export const Change = Schema.Struct({
  /** A stamp of 16 hexadecimal digits. */
  at: Schema.String,
  /** Unix milliseconds of it, by the author's clock. */
  atMs: Schema.Finite,
  /** Peer id and incarnation of the device that wrote it. */
  author: Schema.String,
  event: Schema.String,
  /** What undo takes. */
  commit: Schema.String,
  /** The transaction, where it has more than this. */
  group: Schema.NullOr(Schema.String),
  kind: Schema.Literals(["created", "changed", "deleted", "revived"]),
  changes: Schema.Array(FieldChange)
}).annotate({ identifier: "Change" })
/** The newest first. */
export const History = AdminPage.of(Change)

export const Restoring = Schema.Struct({ at: Time, header: Schema.optionalKey(Header) })

const CommitId = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
/** Commits in the order in which they are undone, or a whole transaction. */
export const Undoing = Schema.Struct({
  commits: Schema.optionalKey(Schema.Array(CommitId).check(Schema.isMinLength(1), Schema.isMaxLength(undoneMax))),
  group: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[0-9a-f]{16}$/)))
}).check(
  Schema.makeFilter(
    ({ commits, group }: { readonly commits?: unknown; readonly group?: unknown }) =>
      (commits === undefined) !== (group === undefined) || "must name commits or a group, and not both"
  )
)
export const Undone = Schema.Struct({
  commits: Commits,
  /** The first 1,000 of them. */
  entities: Schema.Array(
    Schema.Struct({
      type: Schema.String,
      header: Schema.Record(Schema.String, HeaderValue),
      id: Schema.String,
      /** Fields that were set back. */
      fields: Schema.Array(Schema.String),
      becomes: Schema.NullOr(Schema.Literals(["deleted", "live"])),
      /** What stays as it is, and why; without a field the record as such. */
      skipped: Schema.Array(Schema.Struct({ field: Schema.NullOr(Schema.String), because: Schema.String }))
    })
  ),
  entitiesCount: Schema.Int
})

/** Two devices wrote a field without knowing of each other, and one of the values stands. The other one is in the record's history. */
export const Conflict = Schema.Struct({
  /** Unix milliseconds of when the hub found it. */
  atMs: Schema.Finite,
  type: Schema.String,
  id: Schema.String,
  field: Schema.String,
  /** Devices whose value stood when the hub found it, and whose did not. */
  winner: Schema.String,
  loser: Schema.String,
  /** Where the record lies, and the stamps by which its history finds both writes; not of conflicts that were noted without them. */
  header: Schema.optionalKey(Schema.Record(Schema.String, HeaderValue)),
  winnerAt: Schema.optionalKey(Schema.String),
  loserAt: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Conflict" })
export const ConflictQuery = Schema.Struct({
  ...AdminPage.fields,
  type: Schema.optionalKey(Type),
  id: Schema.optionalKey(Id)
})
/** The newest first. */
export const Conflicts = Schema.Struct({
  ...AdminPage.of(Conflict).fields,
  /** Conflicts that happened faster than the hub could note them, since it keeps a list. */
  missed: Schema.Int
})

export const TypeCount = Schema.Struct({
  id: Schema.String,
  records: Schema.Int,
  partitions: Schema.Int,
  /** Names of header fields that its records have. */
  header: Schema.Array(Schema.String)
}).annotate({ identifier: "TypeCount" })
export const Types = AdminPage.of(TypeCount)
/** With the fields of its first records, and what they are. */
export const TypeSeen = Schema.Struct({ ...TypeCount.fields, fields: Schema.Record(Schema.String, Kind) })
