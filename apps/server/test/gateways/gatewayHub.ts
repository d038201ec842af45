/** A hub with gateways in the test's own process, and what a device that syncs with it sees. Everything is closed with the test. */
import type { IncomingMessage } from "node:http"
import { Charter, CharterState, DeviceKey, Orchestrator, type PeerId, Records } from "@syncline/core"
import { nodeLayer } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import fastify from "fastify"
import { pino } from "pino"
import { onTestFinished } from "vitest"
import type { Gateway } from "../../src/gateway/Gateway.ts"
import * as Gateways from "../../src/gateway/Gateways.ts"
import * as GatewaySettings from "../../src/gateway/GatewaySettings.ts"
import * as OperationSettings from "../../src/operation/OperationSettings.ts"
import * as EdgeSettings from "../../src/http/EdgeSettings.ts"
import * as Hub from "../../src/Hub.ts"
import type { HubConfig } from "../../src/HubConfig.ts"
import { temporaryFolder } from "../hubProcess.ts"

export interface GatewayHub {
  readonly url: string
  readonly peer: string
  readonly data: string
  /** Lines of the log, parsed. */
  readonly log: () => ReadonlyArray<{ readonly [key: string]: unknown }>
  readonly stop: () => Promise<void>
}

type Given = Partial<GatewaySettings.GatewaySettings>

export const settingsOf = (dataFolder: string, gateways: Given, more: Partial<HubConfig> = {}): HubConfig => ({
  port: 0,
  host: "127.0.0.1",
  dataFolder,
  space: "home",
  logLevel: "info",
  policy: "personal",
  massDeleteRecords: 1_000,
  massDeletePercent: 20,
  auditEntries: 1_000,
  pairing: "off",
  mailboxFolder: undefined,
  relay: "off",
  relayPort: 0,
  relayAddresses: [],
  backupFolder: undefined,
  backupEveryHours: 0,
  backupKeep: 1,
  quotas: OperationSettings.noQuotas,
  otlpUrl: undefined,
  origins: new Map(),
  edge: EdgeSettings.none,
  lanPeers: "off",
  gateways: { ...GatewaySettings.none, ...gateways },
  oidc: undefined,
  passphrase: undefined,
  ...more
})

export const openHub = async (
  gateways: Given,
  { data = temporaryFolder(), ...more }: Partial<HubConfig> & { readonly data?: string } = {}
): Promise<GatewayHub> => {
  const lines: Array<string> = []
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) })
  const hub = await Hub.open(settingsOf(data, gateways, more), log)
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= hub.stop())
  onTestFinished(stop)
  return {
    url: hub.url,
    peer: hub.peer,
    data,
    log: () => lines.map((line) => JSON.parse(line) as { readonly [key: string]: unknown }),
    stop
  }
}

interface Alone {
  readonly url: string
  readonly records: Records.Records["Service"]
  readonly seal: () => void
}

/** No proxy stands before. */
export const nobodyBefore = {
  remoteOf: ({ socket }: IncomingMessage) => socket.remoteAddress ?? "",
  publicOrigin: undefined
}

interface Site {
  /** With the key of a device that the hub trusts. */
  readonly folder: string
  /** With whom it syncs. */
  readonly hub: Pick<GatewayHub, "url" | "peer">
}

/** A gateway on a node of its own, in a space that the test seals; alone, or beside a hub that has the space. */
export const openAlone = async (gateway: Gateway, site?: Site): Promise<Alone> => {
  const node = nodeLayer({
    folder: site?.folder ?? temporaryFolder(),
    space: "home",
    transports: site === undefined ? [] : [socketIo()],
    routes: site === undefined ? [] : [{ address: site.hub.url, peer: site.hub.peer as PeerId.PeerId }],
    policy: personal({ trusted: site === undefined ? [] : [site.hub.peer] })
  })
  const scope = Effect.runSync(Scope.make())
  const app = fastify()
  const state: { seal: object | undefined } = { seal: undefined }
  const opening = Effect.gen(function* () {
    const built = yield* Layer.build(node)
    const { peer } = Context.get(built, DeviceKey.DeviceKey)
    const charter = {
      devices: new Map([[peer, { member: "owner", isPaused: false }]]),
      members: new Map([["owner", { role: "owner" }]]),
      roles: new Map(CharterState.builtInRoles.map((role) => [role.id, role]))
    }
    const services = Context.add(built, Charter.Charter, { state: () => ({ ...charter, ...state }) } as never)
    const open = Gateways.open(app, [gateway], { services, ...nobodyBefore, from: [], isTeam: true })
    yield* Effect.provide(open, services)
    if (site !== undefined) yield* Context.get(built, Orchestrator.Orchestrator).send({ _tag: "Start" })
    return Context.get(built, Records.Records)
  })
  const records = await Effect.runPromise(opening.pipe(Scope.provide(scope), Effect.provide(Logger.layer([]))))
  app.addHook("preClose", () => Effect.runPromise(Scope.close(scope, Exit.void)))
  onTestFinished(() => app.close())
  const url = await app.listen({ port: 0, host: "127.0.0.1" })
  return { url, records, seal: () => void (state.seal = {}) }
}
