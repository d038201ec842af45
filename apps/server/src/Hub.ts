/**
 * A hub from opening to closing: journal, HTTP server, then devices; and all of it in reverse. Processes, signals and
 * words for people are `main`'s business.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { AddressInfo } from "node:net"
import { Charter, type CharterOperation, DeviceKey, Orchestrator, OrchestratorError } from "@syncline/core"
import type { NodeServices } from "@syncline/node"
import type { JournalThread } from "@syncline/node/thread"
import { Context, Effect, Exit, Layer, ManagedRuntime, Scope } from "effect"
import type { FastifyInstance } from "fastify"
import type { Logger } from "pino"
import * as GatewayList from "./gateway/GatewayList.ts"
import * as Gateways from "./gateway/Gateways.ts"
import * as EdgeSettings from "./http/EdgeSettings.ts"
import * as HttpServer from "./http/HttpServer.ts"
import * as LocalDoor from "./http/LocalDoor.ts"
import * as LocalListener from "./http/LocalListener.ts"
import * as OperationRoutes from "./http/OperationRoutes.ts"
import * as PublicPath from "./http/PublicPath.ts"
import * as TrustedProxies from "./http/TrustedProxies.ts"
import * as HubAddress from "./HubAddress.ts"
import type { HubConfig } from "./HubConfig.ts"
import { HostUnavailable, HubError, PortForbidden, PortInUse, RelayPortInUse } from "./HubError.ts"
import * as HubLayer from "./HubLayer.ts"
import * as HubRelay from "./HubRelay.ts"
import { LiveFeed } from "./live/LiveFeed.ts"
import * as LiveSocket from "./live/LiveSocket.ts"
import { LiveConfig } from "./operation/LiveConfig.ts"
import { Quotas } from "./operation/Quotas.ts"
import { RunTimeSettings } from "./operation/RunTimeSettings.ts"
import { RunningHub } from "./operation/RunningHub.ts"
import * as SavedPeers from "./peers/SavedPeers.ts"
import { Endings } from "./people/Endings.ts"
import * as IdentifyLive from "./people/IdentifyLive.ts"
import * as OidcRoute from "./people/OidcRoute.ts"
import type { PeopleServices } from "./people/PeopleLayer.ts"
import { Sessions } from "./people/Sessions.ts"
import { SigningIn } from "./people/SigningIn.ts"
import { Tokens } from "./people/Tokens.ts"
import * as AdminPages from "./pages/AdminPages.ts"
import * as RelayAddress from "./RelayAddress.ts"
import * as Descriptions from "./rest/Descriptions.ts"
import { endpoints } from "./EndpointList.ts"
import * as Installing from "./rest/Installing.ts"
import { Identify } from "./rest/Principal.ts"
import { HubIdentity } from "./status/HubIdentity.ts"

export interface Hub {
  /** Where people and devices reach it, e.g. `http://127.0.0.1:5342`. */
  readonly url: string
  readonly peer: string
  /** How long opening the data folder took, in milliseconds. */
  readonly journalMs: number
  /** The token for the first account, where the hub has none; it does not fail, and tells the log why it does not know. */
  readonly setupToken: Promise<string | undefined>
  readonly stop: () => Promise<void>
}

/**
 * A thread that was started ahead of time saves the time that it takes to load. Rejects with `JournalError`, `DeviceKeyError`, `TrustFileError`, `HubError` or `OrchestratorError`, and then nothing
 * stays open.
 */
export const open = async (given: HubConfig, log: Logger, thread?: JournalThread): Promise<Hub> => {
  const relays = await HubRelay.transports(given)
  const tracing = await traces(given)
  const live = new LiveConfig(given)
  const { config } = live
  live.onChange(() => void (log.level = config.logLevel))
  const app = HttpServer.make(log, config.edge)
  const identity: HubIdentity["Service"] = { current: nobodyYet(config) }
  const runtime = ManagedRuntime.make(HubLayer.layer(app.server, log, live, relays, tracing, identity, thread))
  const gatewayScope = Effect.runSync(Scope.make())
  // Links end before the server closes, which would wait for them; later requests find the journal closed.
  app.addHook("preClose", async () => {
    await Effect.runPromise(Scope.close(gatewayScope, Exit.void))
    await runtime.dispose()
  })
  try {
    const beganMs = performance.now()
    const services = await runtime.context()
    const journalMs = performance.now() - beganMs
    const { peer } = Context.get(services, DeviceKey.DeviceKey)
    identity.current = { ...identity.current, peer }
    OperationRoutes.install(app, services)
    const door = LocalDoor.make(app, config.dataFolder)
    const beside = config.edge.tls === undefined ? undefined : LocalListener.make(app)
    await foundTeam(services, config)
    const open: Gateways.OpenGateways["Service"] = { current: [] }
    const told = services.pipe(
      Context.add(HubIdentity, identity),
      Context.add(Gateways.OpenGateways, open),
      Context.add(RunningHub, { config, startedMs: performance.timeOrigin })
    )
    const identify = identifying(services, door)
    installRest(app, told, config, identify)
    await openLive(app, services, gatewayScope, config, identify)
    open.current = await openGateways(app, services, gatewayScope, config)
    AdminPages.install(app, { folder: pagesFolder, publicPath: PublicPath.of(config.edge.publicUrl) })
    const bound = HubAddress.of(await listen(app, config), beside !== undefined)
    const own = config.edge.publicUrl === undefined ? bound : [config.edge.publicUrl, ...bound]
    identity.current = { ...identity.current, addresses: own }
    const url = own[0]!
    door.open((await beside?.open()) ?? bound[0]!, url)
    const orchestrator = Context.get(services, Orchestrator.Orchestrator)
    if (existsSync(join(config.dataFolder, "hub.db"))) await runtime.runPromise(replay)
    await runtime.runPromise(orchestrator.send({ _tag: "Start" })).catch((error: unknown) => {
      throw startError(error, config)
    })
    const relaying = RelayAddress.dialable((await runtime.runPromise(orchestrator.status)).addresses)
    identity.current = { ...identity.current, relays: relaying, addresses: [...own, ...relaying] }
    const setupToken = Effect.runPromiseWith(services)(drawSetupToken).catch(() => undefined)
    return { url, peer, journalMs, setupToken, stop: () => app.close() }
  } catch (error) {
    await app.close()
    throw error
  }
}

/** It brings Effect's HTTP client along, which would make every start longer. */
const traces = async ({ otlpUrl }: HubConfig): Promise<Layer.Layer<never>> =>
  otlpUrl === undefined ? Layer.empty : (await import("./operation/Tracing.ts")).layer(otlpUrl, version())

/** What people said, and what was counted, in earlier runs; before any device gets a link. */
const replay = Effect.gen(function* () {
  yield* (yield* RunTimeSettings).replay
  yield* (yield* Quotas).replay
  yield* SavedPeers.replay
})

/** What is known of a hub before it is open. */
const nobodyYet = ({ policy, space }: HubConfig): HubIdentity["Service"]["current"] => ({
  peer: "",
  space,
  policy,
  version: version(),
  addresses: [],
  relays: []
})

/** In a space with a charter: founds it when it is new. */
const foundTeam = async (services: Context.Context<NodeServices>, { policy, space }: HubConfig): Promise<void> => {
  if (policy !== "enterprise") return
  const withCharter = services as Context.Context<NodeServices | HubLayer.TeamServices>
  const charter = Context.get(withCharter, Charter.Charter)
  if (charter.state().version === 0) await Effect.runPromise(charter.write([founding(services, space)]))
}

/** Other systems' doors; a hub that has none loads nothing of them. */
const openGateways = async (
  app: FastifyInstance,
  services: Context.Context<NodeServices>,
  scope: Scope.Scope,
  { edge, gateways, policy }: HubConfig
): Promise<ReadonlyArray<Gateways.Standing>> => {
  const opening = Gateways.open(app, await GatewayList.load(gateways), {
    services,
    remoteOf: TrustedProxies.make(edge.trustedProxies).remoteOf,
    publicOrigin: EdgeSettings.originOf(edge),
    from: gateways.from,
    isTeam: policy === "enterprise"
  })
  return Effect.runPromiseWith(services)(Scope.provide(opening, scope))
}

type RestServices = HubLayer.HubLayerServices | HubIdentity | Gateways.OpenGateways | RunningHub

const identifying = (services: Context.Context<PeopleServices>, door: LocalDoor.LocalDoor) =>
  IdentifyLive.make({
    door,
    sessions: Context.get(services, Sessions),
    tokens: Context.get(services, Tokens),
    endings: Context.get(services, Endings)
  })

/** What happens, to whoever may hear it. */
const openLive = (
  app: FastifyInstance,
  services: Context.Context<LiveFeed>,
  scope: Scope.Scope,
  { edge }: HubConfig,
  identify: Identify["Service"]
): Promise<void> => {
  const opening = LiveSocket.open(app.server, {
    identify,
    feed: Context.get(services, LiveFeed),
    proxies: TrustedProxies.make(edge.trustedProxies),
    publicOrigin: EdgeSettings.originOf(edge)
  })
  return Effect.runPromiseWith(services)(Scope.provide(opening, scope))
}

/** The REST interface. A personal hub has no charter, and its endpoints that need one are never run. */
const installRest = (
  app: FastifyInstance,
  services: Context.Context<RestServices>,
  { edge, oidc, policy }: HubConfig,
  identify: Identify["Service"]
): void => {
  const withTeam = services as Context.Context<RestServices | HubLayer.TeamServices>
  Installing.install(app, endpoints, {
    services: Context.add(withTeam, Identify, identify),
    isTeam: policy === "enterprise",
    publicOrigin: EdgeSettings.originOf(edge)
  })
  if (oidc !== undefined) OidcRoute.install(app, services)
  Descriptions.install(app, endpoints, version())
}

/** Also in the log, for those who do not see standard output. */
const drawSetupToken = Effect.gen(function* () {
  const { drawSetupToken: draw } = yield* SigningIn
  const token = yield* draw
  if (token !== undefined) yield* Effect.logInfo("setup: POST /api/v1/setup makes the first account", { token })
  return token
}).pipe(
  Effect.catchTag("HubStoreError", (error) => Effect.as(Effect.logError("accounts cannot be used", error), undefined))
)

/** The hub orders the records, and its owner acts through it. */
const founding = (services: Context.Context<NodeServices>, space: string): CharterOperation.CharterOperation => {
  const { publicKey } = Context.get(services, DeviceKey.DeviceKey)
  return {
    _tag: "Found",
    name: space,
    hub: publicKey,
    member: "owner",
    memberName: "Owner",
    device: publicKey,
    deviceName: "the hub"
  }
}

const listen = async (app: FastifyInstance, { host, port }: HubConfig): Promise<AddressInfo> => {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listening on ${address}` })
  } catch (error) {
    throw listenError(error, host, port)
  }
  return app.server.address() as AddressInfo
}

const listenError = (error: unknown, host: string, port: number): unknown => {
  const { code } = error as { readonly code?: string }
  switch (code) {
    case "EADDRINUSE":
      return new HubError({ reason: new PortInUse({ host, port }) })
    case "EACCES":
      return new HubError({ reason: new PortForbidden({ host, port }) })
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return new HubError({ reason: new HostUnavailable({ host, problem: code }) })
    default:
      return error
  }
}

/** What the hub listens on beside its server is its relay's. */
const startError = (error: unknown, { host, relayPort }: HubConfig): unknown => {
  const isTaken = error instanceof OrchestratorError.OrchestratorError && isListenFailure(error.reason)
  return isTaken ? new HubError({ reason: new RelayPortInUse({ host, port: relayPort }) }) : error
}

const isListenFailure = (reason: OrchestratorError.OrchestratorError["reason"]): boolean =>
  reason._tag === "TransportError" && reason.reason._tag === "AddressInUse"

/** From the source and from the bundle alike. */
const pagesFolder = fileURLToPath(new URL("../../admin/bundle/", import.meta.url))

const version = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  return (manifest as { readonly version: string }).version
}
