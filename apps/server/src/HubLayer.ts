/**
 * The hub's composition root: the one list of its plugins. A node on the data folder that lets in whom the folder's
 * trust file or the space's charter names, over Socket.IO on the hub's own HTTP server and, where it relays, over libp2p; and a log of what happens on it.
 */
import {
  type Charter,
  IntakeQuota,
  type JournalError,
  Limits,
  type OnboardingDesk,
  Orchestrator,
  type SyncEvent,
  type Transport
} from "@syncline/core"
import {
  type DeviceKeyError,
  nodeLayer,
  type NodeLayerOptions,
  type NodeServices,
  TrustFile,
  type TrustFileError
} from "@syncline/node"
import type { JournalThread } from "@syncline/node/thread"
import type { HubStore } from "@syncline/node/hub"
import { enterprise, personal } from "@syncline/policy"
import { folder } from "@syncline/transport-fsfolder"
import { socketIo } from "@syncline/transport-socketio"
import { Effect, Layer, Stream } from "effect"
import type { Logger } from "pino"
import * as Backups from "./backup/Backups.ts"
import * as HttpServer from "./http/HttpServer.ts"
import * as TlsFiles from "./http/TlsFiles.ts"
import * as TrustedProxies from "./http/TrustedProxies.ts"
import type { HubServer } from "./http/HubServer.ts"
import type { LiveConfig } from "./operation/LiveConfig.ts"
import { Imports } from "./exchange/Imports.ts"
import { Conflicts } from "./records/Conflicts.ts"
import * as Quotas from "./operation/Quotas.ts"
import * as RunTimeSettings from "./operation/RunTimeSettings.ts"
import * as HubLog from "./HubLog.ts"
import * as HubOnboarding from "./HubOnboarding.ts"
import * as HubPairing from "./HubPairing.ts"
import * as LiveFeed from "./live/LiveFeed.ts"
import * as AddressGuard from "./peers/AddressGuard.ts"
import * as PeerLayer from "./peers/PeerLayer.ts"
import * as PeopleLayer from "./people/PeopleLayer.ts"
import * as Stats from "./status/Stats.ts"
import { HubIdentity } from "./status/HubIdentity.ts"
import * as PairingKeeper from "./team/PairingKeeper.ts"

/** What a hub whose policy is a team's has beside the others. */
export type TeamServices = Charter.Charter | OnboardingDesk.OnboardingDesk

/** What every hub has. */
export type HubLayerServices =
  | NodeServices
  | Backups.Backups
  | PairingKeeper.PairingKeeper
  | PeopleLayer.PeopleServices
  | PeerLayer.PeerServices
  | LiveFeed.LiveFeed
  | Quotas.Quotas
  | RunTimeSettings.RunTimeSettings
  | Stats.Stats
  | Conflicts
  | Imports
  | HubStore.HubStore

/** Routes that a hub dials at a time, whatever its policy: as many as a node has. */
const hubDialledMax = 256

/** Nothing listens before `Start`, and then on the server that its owner has opened. A team's hub has `TeamServices`, too. */
export const layer = (
  server: HubServer,
  log: Logger,
  live: LiveConfig,
  relays: ReadonlyArray<Transport.TransportPlugin>,
  tracing: Layer.Layer<never>,
  identity: HubIdentity["Service"],
  thread?: JournalThread
): Layer.Layer<
  HubLayerServices,
  JournalError.JournalError | DeviceKeyError.DeviceKeyError | TrustFileError.TrustFileError
> => {
  const { config } = live
  const { auditEntries, dataFolder, massDeletePercent, massDeleteRecords, space } = config
  const { remoteOf } = TrustedProxies.make(config.edge.trustedProxies)
  const guard = AddressGuard.make({ isLanOpen: config.lanPeers === "on" })
  const audit = { entriesMax: auditEntries }
  const trusting = Layer.unwrap(Effect.map(TrustFile.watch(dataFolder), (trusted) => personal({ trusted, audit })))
  const policy: NodeLayerOptions<JournalError.JournalError | TrustFileError.TrustFileError>["policy"] =
    config.policy === "enterprise" ? enterprise({ audit }) : trusting
  const node = nodeLayer({
    folder: dataFolder,
    passphrase: config.passphrase,
    space,
    transports: [guard.over(socketIo({ server, remoteOf, handshakeTimeoutMs: HttpServer.strangerMsMax })), ...relays],
    mailboxes: config.mailboxFolder === undefined ? [] : [folder({ path: config.mailboxFolder, dataFolder })],
    routes: [],
    dialledMax: hubDialledMax,
    // A hub is expected to keep good time, so it holds back less from the future than a device does.
    aheadMsMax: Limits.clockAheadHubMs,
    deleteLimits: { recordsMax: massDeleteRecords, shareMax: massDeletePercent / 100 },
    policy,
    thread
  })
  const isTeam = config.policy === "enterprise"
  const certificate = config.edge.tls === undefined ? Effect.void : TlsFiles.follow(config.edge.tls, server)
  const watching = Layer.effectDiscard(
    Effect.all([HttpServer.watchConnections(server), logEvents, Effect.forkScoped(certificate)])
  )
  const codes = PairingKeeper.layer({ folder: dataFolder, spaceName: space, isTeam }).pipe(
    Layer.provide(config.pairing === "on" ? HubPairing.layer(server, remoteOf) : HubPairing.HubMeeting.closed),
    Layer.provide(Layer.succeed(HubIdentity, identity))
  )
  const onboarding = isTeam ? HubOnboarding.layer(dataFolder) : Layer.empty
  const own = PeopleLayer.layer(dataFolder, { publicUrl: config.edge.publicUrl, oidc: config.oidc })
  const quotas = new Quotas.QuotaDesk(config)
  const beside = Layer.mergeAll(PeerLayer.layer(guard), Quotas.layer(quotas), RunTimeSettings.layer(live))
  const people = beside.pipe(Layer.provideMerge(Layer.provide(own, Layer.succeed(HubIdentity, identity))))
  const changed = Effect.callback<void>((resume) => Effect.sync(live.onChange(() => resume(Effect.void))))
  const backups = Backups.layer(config, undefined, changed)
  const told = Layer.merge(LiveFeed.LiveFeed.layer, Stats.Stats.layer())
  const noted = Layer.provideMerge(Layer.merge(Conflicts.layer, Imports.layer(dataFolder)), people)
  const onNode = Layer.mergeAll(watching, Layer.provideMerge(told, Layer.mergeAll(codes, onboarding, noted, backups)))
  const below = Layer.mergeAll(HubLog.layer(log), tracing, Layer.succeed(IntakeQuota.IntakeQuota, quotas.port))
  // Such a policy brings the charter.
  return onNode.pipe(Layer.provideMerge(node as Layered<typeof node>), Layer.provideMerge(below))
}

type Layered<L> = L extends Layer.Layer<infer A, infer E> ? Layer.Layer<A | Charter.Charter, E> : never

const logEvents = Effect.gen(function* () {
  const orchestrator = yield* Orchestrator.Orchestrator
  yield* Effect.forkScoped(Stream.runForEach(orchestrator.events, logEvent), { startImmediately: true })
})

/** What an operator wants to see; the rest is in the metrics. */
const logEvent = (event: SyncEvent.SyncEvent): Effect.Effect<void> => {
  switch (event._tag) {
    case "PeerConnected":
    case "PeerDisconnected":
    case "SyncCompleted":
    case "RouteChanged":
    case "AutoSyncChanged":
    case "QuarantineLeft":
      return Effect.logInfo(event._tag, event)
    case "SyncError":
    case "CommitsRefused":
    case "CommitsHeld":
    case "CommitsPutOff":
    case "CommitsLocked":
    case "WriteRejected":
    case "WritesDeferred":
    case "AccessChanged":
    case "WritesRestamped":
    case "JournalCopied":
    case "ClockSkewed":
    case "ForkDetected":
    case "Stalled":
    case "HookFailed":
    case "Lagged":
      return Effect.logWarning(event._tag, event)
    case "SyncStarted":
    case "SyncProgress":
    case "EntitiesUpdated":
    case "ConflictResolved":
      return Effect.logDebug(event._tag, event)
  }
}
