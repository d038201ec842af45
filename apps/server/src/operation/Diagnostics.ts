/**
 * What may be sent to whoever helps. Everything in it is named here one by one: versions, settings that are numbers or choices, checks,
 * states and counts. Names, ids, addresses, paths, records and secrets are not.
 */
import { type DeviceKey, Journal, type JournalError, Orchestrator } from "@syncline/core"
import type { AdminOperation } from "@syncline/core/admin"
import { Clock, Effect } from "effect"
import type { Backups } from "../backup/Backups.ts"
import type { Imports } from "../exchange/Imports.ts"
import type { OpenGateways } from "../gateway/Gateways.ts"
import * as OperationRoutes from "../http/OperationRoutes.ts"
import type { HubConfig } from "../HubConfig.ts"
import type { Accounts } from "../people/Accounts.ts"
import * as Doctor from "./Doctor.ts"
import type { Quotas } from "./Quotas.ts"
import { RunningHub } from "./RunningHub.ts"

/** Of which program and machine the hub is made. */
export const about = (version: string) =>
  Effect.map(RunningHub, ({ startedMs }): typeof AdminOperation.About.Type => ({
    version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    licence: "MIT",
    startedMs
  }))

/** What is asked of it here fails for the journal alone. */
const status = Effect.flatMap(Orchestrator.Orchestrator, (orchestrator) => orchestrator.status).pipe(
  Effect.catchTag("OrchestratorError", ({ reason }) =>
    reason._tag === "JournalError" ? Effect.fail(reason) : Effect.die(reason)
  )
)

type Needed =
  | RunningHub
  | Quotas
  | Orchestrator.Orchestrator
  | Journal.Journal
  | DeviceKey.DeviceKey
  | Backups
  | Imports
  | OpenGateways
  | Accounts

/** Fails with `JournalError` where the store does not answer. */
export const collect = Effect.fnUntraced(function* (
  version: string
): Effect.fn.Return<typeof AdminOperation.Diagnostics.Type, JournalError.JournalError, Needed> {
  const { config } = yield* RunningHub
  const { mailboxes, peers, routes } = yield* status
  const quarantine = yield* Effect.flatMap(Journal.Journal, (journal) => journal.quarantineCounts)
  const collected: typeof AdminOperation.Diagnostics.Type = {
    format: "syncline-diagnostics/1",
    madeMs: yield* Clock.currentTimeMillis,
    about: yield* about(version),
    settings: tellable(config),
    doctor: yield* Doctor.examineBare,
    peers: countedBy(peers),
    routes: countedBy(routes),
    mailboxes: countedBy(mailboxes),
    quarantine: { ...quarantine },
    metrics: yield* OperationRoutes.metrics
  }
  return collected
})

/** Numbers and choices; of the others only whether they are set. */
const tellable = (config: HubConfig): Record<string, string | number | boolean> => ({
  port: config.port,
  logLevel: config.logLevel,
  policy: config.policy,
  massDeleteRecords: config.massDeleteRecords,
  massDeletePercent: config.massDeletePercent,
  auditEntries: config.auditEntries,
  pairing: config.pairing,
  relay: config.relay,
  relayPort: config.relayPort,
  backupEveryHours: config.backupEveryHours,
  backupKeep: config.backupKeep,
  quotaRecordsPerDevice: config.quotas.recordsPerDevice,
  quotaMibPerDeviceDay: config.quotas.mebibytesPerDeviceDay,
  quotaMibSpace: config.quotas.mebibytesOfSpace,
  hasOtlpUrl: config.otlpUrl !== undefined,
  hasMailboxFolder: config.mailboxFolder !== undefined,
  hasBackupFolder: config.backupFolder !== undefined,
  hasPublicUrl: config.edge.publicUrl !== undefined,
  hasCertificate: config.edge.tls !== undefined,
  hasPassphrase: config.passphrase !== undefined,
  trustedProxies: config.edge.trustedProxies.length
})

const countedBy = (all: ReadonlyArray<{ readonly state: string }>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { state } of all) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
