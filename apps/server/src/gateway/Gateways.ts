/**
 * Opens a hub's gateways: looks whether the space may have any, mounts each in a Fastify scope of its own and checks every request before a
 * gateway sees it. What cannot be protected is told in the log and by `OpenGateways`. It knows no gateway.
 */
import { Charter, CharterOperation, DeviceKey, SpaceKeys } from "@syncline/core"
import { Context, Effect, Result, type Scope } from "effect"
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import type { IncomingMessage } from "node:http"
import * as BodyDeadline from "../http/BodyDeadline.ts"
import type { Gateway, GatewayHost, GatewayServices, OpenGateway } from "./Gateway.ts"
import * as GatewayBudget from "./GatewayBudget.ts"
import * as GatewaySockets from "./GatewaySockets.ts"
import * as OwnName from "./OwnName.ts"

/** How it stands about a gateway that the settings open. */
export interface Standing {
  readonly name: string
  /** What it cannot protect. */
  readonly warning: string
  /** Why it is closed; open where absent. */
  readonly because: string | undefined
}

/** The gateways that the settings open; empty until the hub has looked at them. */
export class OpenGateways extends Context.Service<OpenGateways, { current: ReadonlyArray<Standing> }>()(
  "@syncline/server/gateway/Gateways/OpenGateways"
) {}

export interface OpeningOptions {
  readonly services: Context.Context<GatewayServices>
  /** Who sent an upgrade, as far as trusted proxies say it. */
  readonly remoteOf: (request: IncomingMessage) => string
  /** The origin of the hub's public address. */
  readonly publicOrigin: string | undefined
  /** Networks from which they may be called; all where there is none. */
  readonly from: ReadonlyArray<string>
  /** The space has a charter, which is among the services then. */
  readonly isTeam: boolean
}

/** To be called before the server listens. Open until the scope closes. A gateway that cannot be opened is told, and the hub goes on. */
export const open = Effect.fnUntraced(function* (
  app: FastifyInstance,
  gateways: ReadonlyArray<Gateway>,
  { from, isTeam, publicOrigin, remoteOf, services }: OpeningOptions
): Effect.fn.Return<ReadonlyArray<Standing>, never, GatewayServices | Scope.Scope> {
  if (gateways.length === 0) return []
  const budget = yield* GatewayBudget.make(from)
  const charter = isTeam
    ? Context.get(services as Context.Context<GatewayServices | Charter.Charter>, Charter.Charter)
    : undefined
  const whyClosed = () => (charter?.state().seal === undefined ? undefined : sealed)
  const host: GatewayHost = { services, whyClosed }
  const mounting: Mounting = { app, budget, whyClosed, publicOrigin, remoteOf }
  const unfit = (charter === undefined ? undefined : unfitTeam(charter, services)) ?? (yield* unfitKeys)
  const standings: Array<Standing> = []
  const sockets: Array<NonNullable<OpenGateway["onClient"]>> = []
  for (const gateway of gateways) {
    const opened = unfit === undefined ? yield* Effect.result(gateway.open(host)) : Result.fail({ message: unfit })
    if (Result.isSuccess(opened)) {
      const { addRoutes, onClient } = opened.success
      mount(mounting, gateway, addRoutes)
      if (onClient !== undefined) sockets.push(onClient)
    }
    const because = Result.isFailure(opened) ? opened.failure.message : undefined
    yield* tell(gateway, because)
    standings.push({ name: gateway.name, warning: gateway.warning, because })
  }
  if (sockets.length > 0) yield* openSockets(mounting, sockets)
  return standings
})

/** For Socket.IO's clients, in the form in which its servers refuse. A polling client asks and waits for half a minute. */
const socketDoor: MountOptions = {
  bodyBytesMax: GatewaySockets.messageBytesMax,
  answerMsMax: 60_000,
  refuse: (reply, status, words) => reply.code(status).send({ code: 4, message: words })
}

const openSockets = Effect.fnUntraced(function* (
  mounting: Mounting,
  handlers: ReadonlyArray<NonNullable<OpenGateway["onClient"]>>
) {
  const { app, budget, publicOrigin, remoteOf, whyClosed } = mounting
  const mayUpgrade = (request: IncomingMessage): boolean =>
    whyClosed() === undefined &&
    OwnName.isOwn(request.headers.host, publicOrigin) &&
    isOwnPage(request.headers.origin, request.headers.host, publicOrigin) &&
    budget.call(remoteOf(request)) === undefined
  const addRoutes = yield* GatewaySockets.open(app.server, handlers, { mayUpgrade, remoteOf })
  mount(mounting, socketDoor, addRoutes)
})

const sealed = "the space is sealed, and a gateway would hand out to strangers what its readers keep to themselves"

const tell = ({ name, warning }: Gateway, because: string | undefined): Effect.Effect<void> =>
  because === undefined
    ? Effect.logWarning("a gateway is open to everybody who reaches this hub", { gateway: name, warning })
    : Effect.logError("a gateway stays closed", { gateway: name, because })

/** What gateways keep is written by the hub's own device. */
const unfitTeam = ({ state }: Charter.CharterShape, services: Context.Context<GatewayServices>): string | undefined => {
  const { devices, members, roles, seal } = state()
  if (seal !== undefined) return sealed
  const device = devices.get(Context.get(services, DeviceKey.DeviceKey).peer)
  const member = device === undefined ? undefined : members.get(device.member)
  const level = member === undefined ? 0 : (roles.get(member.role)?.level ?? 0)
  if (device?.isPaused === false && level >= CharterOperation.ownerLevel) return undefined
  return "the hub's device is none of an owner's, so it may not write what a gateway's clients send"
}

const unfitKeys = Effect.gen(function* () {
  const keys = yield* SpaceKeys.SpaceKeys
  const status = yield* Effect.result(keys.status)
  if (Result.isFailure(status)) return status.failure.message
  return status.success.state === "open" ? undefined : sealed
})

interface Mounting extends Pick<OpeningOptions, "publicOrigin" | "remoteOf"> {
  readonly app: FastifyInstance
  readonly budget: GatewayBudget.GatewayBudget
  readonly whyClosed: () => string | undefined
}

type MountOptions = Pick<Gateway, "answerMsMax" | "bodyBytesMax" | "pages" | "refuse">

const mount = (
  { app, budget, publicOrigin, whyClosed }: Mounting,
  { answerMsMax, bodyBytesMax, pages = [], refuse }: MountOptions,
  addRoutes: OpenGateway["addRoutes"]
): void => {
  app.register((scope, _, done) => {
    scope.removeAllContentTypeParsers()
    scope.addHook("onRoute", (route) => {
      route.bodyLimit = bodyBytesMax
      route.handlerTimeout = answerMsMax
      route.config = { ...route.config, bodyMsMax: BodyDeadline.largeBodyMsMax }
    })
    scope.addHook("onRequest", async (request, reply) => {
      const { origin } = request.headers
      const isNamed = origin !== undefined && pages.includes(origin)
      if (isNamed) reply.headers({ ...forPages, "access-control-allow-origin": origin })
      const isPageAllowed = isNamed || isOwnPage(origin, request.host, publicOrigin)
      const refusal = OwnName.isOwn(request.host, publicOrigin)
        ? (whyClosed() ?? problemOf(request, budget, reply, isPageAllowed))
        : unknownName
      if (refusal === undefined) return undefined
      if (typeof refusal === "string") return refuse(reply, 503, refusal)
      if (refusal.retryAfterS !== undefined) reply.header("retry-after", refusal.retryAfterS)
      return refuse(reply, refusal.status, refusal.words)
    })
    scope.setErrorHandler<FastifyError>((error, request, reply) => {
      const status = error.statusCode ?? 500
      if (status < 500) return refuse(reply, status, error.message)
      if (error.code === "FST_ERR_HANDLER_TIMEOUT") return refuse(reply, 503, "the hub took too long; try again")
      request.log.error({ err: error }, "a request of a gateway failed")
      return refuse(reply, status, "the hub could not answer")
    })
    addRoutes(scope)
    done()
  })
}

/** Clients of other systems are programs, which name no origin. A page of another one has no business here. */
const isOwnPage = (origin: string | undefined, host: string | undefined, publicOrigin: string | undefined): boolean =>
  [undefined, publicOrigin, `http://${host}`, `https://${host}`].includes(origin)

/** What a page that the settings name may do: what programs do. */
const forPages = {
  "access-control-allow-methods": "GET, POST, OPTIONS",
  "access-control-allow-headers": "Content-Type",
  vary: "Origin"
}

interface Refusal {
  readonly status: number
  readonly words: string
  readonly retryAfterS?: number
}

const unknownName: Refusal = {
  status: 403,
  words: "this hub is not known by that name; call it by its address, or name it in SYNCLINE_PUBLIC_URL"
}

const problemOf = (
  request: FastifyRequest,
  budget: GatewayBudget.GatewayBudget,
  reply: FastifyReply,
  isPageAllowed: boolean
): Refusal | undefined => {
  if (!isPageAllowed) {
    return { status: 403, words: "pages of other origins get nothing here" }
  }
  if (request.headers["content-encoding"] !== undefined) return { status: 415, words: "send it uncompressed" }
  const place = budget.call(request.ip) ?? budget.body(request.ip, request.raw)
  if (typeof place !== "string") return void reply.raw.once("close", place)
  switch (place) {
    case "foreign":
      return { status: 403, words: "calls from this address are not taken" }
    case "too-often":
      return { status: 429, words: "too many calls from this address", retryAfterS: 60 }
    case "busy":
      return { status: 503, words: "other large bodies are on their way; try again", retryAfterS: 1 }
  }
}
