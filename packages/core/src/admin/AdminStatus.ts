/** How a hub stands, as its REST interface tells it: one sentence, the space, numbers of the last hour, and whether it syncs by itself. */
import { Schema } from "effect"
import { AutoSyncMode } from "../orchestrator/AutoSyncMode.ts"
import * as PeerId from "../identity/PeerId.ts"

const MaybeMs = Schema.NullOr(Schema.Finite)

/** `green` where nothing is known to be missing anywhere; `yellow` where something is or may be; `red` where somebody has to act. */
export const Light = Schema.Literals(["green", "yellow", "red"])
export type Light = typeof Light.Type

const AutoSync = Schema.Struct({ mode: AutoSyncMode, nextAtMs: MaybeMs })
export const AutoSyncWish = Schema.Struct({ mode: AutoSyncMode })
export { AutoSync }

export const Status = Schema.Struct({
  light: Light,
  sentence: Schema.String,
  version: Schema.String,
  /** When this process began to serve, in Unix milliseconds. */
  startedMs: Schema.Finite,
  isStarted: Schema.Boolean,
  /** The hub's device may write the charter; `null` where there is none. */
  canManage: Schema.NullOr(Schema.Boolean),
  /** Why nobody is given anything; `null` where it is not so. */
  closed: Schema.NullOr(Schema.String),
  addresses: Schema.Array(Schema.String),
  /** Number of peers in each state. */
  peers: Schema.Record(Schema.String, Schema.Int),
  autoSync: AutoSync,
  /** Newest arrival number of the journal. */
  head: Schema.Int,
  /** Commits that wait in quarantine, by reason. */
  quarantine: Schema.Record(Schema.String, Schema.Int)
}).annotate({ identifier: "Status" })
export type Status = typeof Status.Type

export const SpaceQuery = Schema.Struct({ hash: Schema.optionalKey(Schema.Literal("true")) })

/** The hub's space, as far as the caller sees it. */
export const Space = Schema.Struct({
  name: Schema.String,
  id: Schema.String,
  policy: Schema.Literals(["personal", "enterprise"]),
  seal: Schema.Literals(["open", "sealed", "waiting"]),
  records: Schema.Int,
  partitions: Schema.Int,
  /** Of everything in the space, where it was asked for by somebody who sees all of it: 64 hexadecimal digits. */
  stateHash: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Space" })
export const Spaces = Schema.Struct({ spaces: Schema.Array(Space) })

/** What happened in ten seconds. */
const Point = Schema.Struct({
  atMs: Schema.Finite,
  eventsIn: Schema.Int,
  eventsOut: Schema.Int,
  bytesIn: Schema.Int,
  bytesOut: Schema.Int,
  sessions: Schema.Int
})

export const StatsQuery = Schema.Struct({
  sinceMs: Schema.optionalKey(Schema.FiniteFromString.check(Schema.isGreaterThanOrEqualTo(0)))
})

export const Stats = Schema.Struct({
  /** Of the last hour at most, the oldest first. */
  points: Schema.Array(Point),
  /** Live records of each type that the caller sees. */
  records: Schema.Record(Schema.String, Schema.Int),
  /** Bytes of files in the data folder. */
  storage: Schema.Record(Schema.String, Schema.Int),
  lag: Schema.Array(Schema.Struct({ peer: PeerId.PeerId, pendingOut: Schema.Int, pendingIn: Schema.Int }))
}).annotate({ identifier: "Stats" })
export type StatsPoint = typeof Point.Type

export const SyncWish = Schema.Struct({ peer: Schema.optionalKey(PeerId.PeerId) })
export const Started = Schema.Struct({ addresses: Schema.Array(Schema.String) })
