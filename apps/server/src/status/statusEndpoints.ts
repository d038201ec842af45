/** How the hub stands, numbers of its last hour, and whether it syncs: by itself, now, or not at all. */
import type { NodeServices } from "@syncline/node"
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { Journal, Orchestrator } from "@syncline/core"
import { AdminPeers, AdminStatus } from "@syncline/core/admin"
import { Effect } from "effect"
import * as PeerActs from "../peers/PeerActs.ts"
import type { PeerServices } from "../peers/PeerLayer.ts"
import * as peerProblems from "../peers/peerProblems.ts"
import { SavedPeers } from "../peers/SavedPeers.ts"
import * as Reader from "../records/Reader.ts"
import { type AnyEndpoint, endpoint } from "../rest/Endpoint.ts"
import * as teamProblems from "../team/teamProblems.ts"
import { RunningHub } from "../operation/RunningHub.ts"
import * as HubHealth from "./HubHealth.ts"
import { HubIdentity } from "./HubIdentity.ts"
import { Stats } from "./Stats.ts"

const common = { tag: "status", problems: peerProblems.all } as const
const reading = { ...common, method: "GET", access: { kind: "scope", scope: "status:read" } } as const
const writing = { ...common, access: { kind: "scope", scope: "peers:write" }, audit: "path" } as const
const operating = {
  ...common,
  method: "POST",
  access: { kind: "scope", scope: "operate:write", isFresh: true },
  audit: "path"
} as const

const status = Effect.gen(function* () {
  const { canManage, closed, health, status: told } = yield* HubHealth.now
  const { current } = yield* HubIdentity
  const { startedMs } = yield* RunningHub
  const peers: Record<string, number> = {}
  for (const { state } of told.peers) peers[state] = (peers[state] ?? 0) + 1
  return {
    ...health,
    version: current.version,
    startedMs,
    isStarted: told.isStarted,
    canManage,
    closed: closed ?? null,
    addresses: current.addresses,
    peers,
    autoSync: { mode: told.autoSync.mode, nextAtMs: told.autoSync.nextAtMs ?? null },
    head: told.head,
    quarantine: told.quarantine
  }
})

const autoSync = Effect.map(
  Effect.flatMap(Orchestrator.Orchestrator, (orchestrator) => orchestrator.status),
  ({ autoSync: { mode, nextAtMs } }) => ({ mode, nextAtMs: nextAtMs ?? null })
)

/** Files of a data folder; what lies deeper is somebody else's. */
const storageOf = (folder: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    readdirSync(folder).flatMap((name) => {
      const file = statSync(join(folder, name), { throwIfNoEntry: false })
      return file?.isFile() === true ? [[name, file.size]] : []
    })
  )

export const statusEndpoints: ReadonlyArray<
  AnyEndpoint<NodeServices | HubIdentity | PeerServices | RunningHub | Stats>
> = [
  endpoint({
    ...reading,
    id: "status.get",
    path: "/status",
    summary: "How the hub stands, in one sentence and in numbers.",
    answer: AdminStatus.Status,
    run: () => status
  }),
  endpoint({
    ...reading,
    id: "stats.get",
    path: "/stats",
    summary:
      "What went in and out in the last hour, records by type as the caller sees them, bytes on disk, and who lags.",
    query: AdminStatus.StatsQuery,
    answer: AdminStatus.Stats,
    problems: { ...peerProblems.all, ...teamProblems.team },
    run: Effect.fnUntraced(function* ({ principal, query: { sinceMs = 0 } }) {
      const { sees } = yield* Reader.of(principal)
      const records: Record<string, number> = {}
      for (const { count, partition } of yield* (yield* Journal.Journal).liveCounts) {
        if (sees(partition)) records[partition.type] = (records[partition.type] ?? 0) + count
      }
      const points = (yield* (yield* Stats).points).filter(({ atMs }) => atMs > sinceMs)
      const { peers } = yield* (yield* Orchestrator.Orchestrator).status
      const lag = peers.map(({ peer, pendingIn, pendingOut }) => ({ peer, pendingIn, pendingOut }))
      return { points, records, storage: storageOf((yield* RunningHub).config.dataFolder), lag }
    })
  }),
  endpoint({
    ...writing,
    id: "sync.now",
    method: "POST",
    path: "/sync",
    summary: "Compares with everybody now, or with one peer.",
    body: AdminStatus.SyncWish,
    answer: AdminPeers.Touched,
    run: ({ body: { peer } }) => PeerActs.sync(peer)
  }),
  endpoint({
    ...reading,
    id: "autosync.get",
    path: "/autosync",
    summary: "Whether the hub syncs by itself.",
    answer: AdminStatus.AutoSync,
    run: () => autoSync
  }),
  endpoint({
    ...writing,
    id: "autosync.set",
    method: "PUT",
    path: "/autosync",
    summary: "Chooses whether the hub syncs by itself, and how often; also after a restart.",
    body: AdminStatus.AutoSyncWish,
    answer: AdminStatus.AutoSync,
    run: Effect.fnUntraced(function* ({ body: { mode } }) {
      yield* (yield* Orchestrator.Orchestrator).send({ _tag: "SetAutoSync", mode })
      yield* (yield* SavedPeers).setAutoSync(mode)
      return yield* autoSync
    })
  }),
  endpoint({
    ...operating,
    id: "orchestrator.start",
    path: "/orchestrator/start",
    summary: "Lets devices have links and dials routes, where that was stopped.",
    answer: AdminStatus.Started,
    run: () => Effect.flatMap(Orchestrator.Orchestrator, ({ send }) => send({ _tag: "Start" }))
  }),
  endpoint({
    ...operating,
    id: "orchestrator.stop",
    path: "/orchestrator/stop",
    summary: "Ends all links and makes none until it is started, here or with the process. This interface goes on.",
    answer: AdminPeers.Touched,
    run: () => Effect.flatMap(Orchestrator.Orchestrator, ({ send }) => send({ _tag: "Stop" }))
  })
]
