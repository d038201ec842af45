/**
 * The stream of live events to browsers and programs: by Socket.IO, on a path of its own, with the cookie or the token that the REST interface takes. It
 * ends when what somebody came with ends. What is told to whom is the feed's business.
 */
import type { IncomingMessage } from "node:http"
import { AdminLive } from "@syncline/core/admin"
import { type EventsConnection, type EventsRefused, serveEvents } from "@syncline/transport-socketio/events"
import { Deferred, Effect, type Scope, Stream } from "effect"
import type { HubServer } from "../http/HubServer.ts"
import type { TrustedProxies } from "../http/TrustedProxies.ts"
import * as Origin from "../rest/Origin.ts"
import type { Ended, Identify, Principal } from "../rest/Principal.ts"
import type { LiveFeedShape } from "./LiveFeed.ts"

/** Listeners of the hub; a further one is answered 503. */
export const listenersMax = 1_000
/** Listeners of one account; a further one is answered 429. */
export const listenersOfAccountMax = 50
/** Connections of one remote address that have not opened. */
const pendingMax = 20
const askAgainMsDefault = 60_000

export interface LiveSocketOptions {
  readonly identify: Identify["Service"]
  readonly feed: LiveFeedShape
  readonly proxies: TrustedProxies
  /** Of the address under which browsers call the hub, where that is not what they connect to. */
  readonly publicOrigin: string | undefined
  /** How often it is asked again whether a session or a token is good, in milliseconds: they end by themselves, too. Default 60,000. */
  readonly askAgainMs?: number
}

interface Caller {
  readonly principal: Principal
  readonly request: IncomingMessage
}

interface Listener extends Caller {
  readonly over: Deferred.Deferred<void>
}

/** Open until the scope closes. To be called before the server listens. */
export const open = Effect.fnUntraced(function* (
  server: HubServer,
  options: LiveSocketOptions
): Effect.fn.Return<void, never, Scope.Scope> {
  const listeners = new Set<Listener>()
  const ending = Stream.runForEach(options.identify.ended, (ended) =>
    Effect.forEach(
      [...listeners].filter(({ principal }) => isOf(ended, principal)),
      ({ over }) => Deferred.succeed(over, undefined),
      { discard: true }
    )
  )
  yield* Effect.forkScoped(ending, { startImmediately: true })
  yield* serveEvents<Caller>(server, {
    path: AdminLive.path,
    namespace: AdminLive.namespace,
    connectionsMax: listenersMax,
    maxPendingConnections: pendingMax,
    remoteOf: options.proxies.remoteOf,
    admit: (request) => admit(options, listeners, request),
    onOpen: (caller, connection) => tell(options, listeners, caller, connection)
  }).pipe(Effect.orDie)
})

const isOf = ({ id, kind }: Ended, principal: Principal): boolean => {
  if (principal.kind === "door") return false
  if (kind === "account") return principal.account.id === id
  return kind === principal.kind && id === (principal.kind === "session" ? principal.session : principal.token)
}

const refuse = (status: EventsRefused["status"]): Effect.Effect<never, EventsRefused> => Effect.fail({ status })

/** As the REST interface lets somebody in; the cookie of a session counts only for a page of this hub. */
const admit = Effect.fnUntraced(function* (
  { identify, proxies, publicOrigin }: LiveSocketOptions,
  listeners: ReadonlySet<Listener>,
  request: IncomingMessage
) {
  const principal = yield* Effect.catch(identify.of(request), () => refuse(503))
  if (principal === undefined) return yield* refuse(401)
  const { host, protocol } = proxies.targetOf(request)
  if (principal.kind === "session" && !Origin.isOwn({ headers: request.headers, host, protocol }, publicOrigin)) {
    return yield* refuse(403)
  }
  if (isCrowded(listeners, principal)) return yield* refuse(429)
  return { principal, request } satisfies Caller
})

const isCrowded = (listeners: ReadonlySet<Listener>, principal: Principal): boolean => {
  if (principal.kind === "door") return false
  const { id } = principal.account
  const own = [...listeners].filter((each) => each.principal.kind !== "door" && each.principal.account.id === id)
  return own.length >= listenersOfAccountMax
}

const tell = (
  { askAgainMs = askAgainMsDefault, feed, identify }: LiveSocketOptions,
  listeners: Set<Listener>,
  { principal, request }: Caller,
  { emit }: EventsConnection
): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      if (isCrowded(listeners, principal)) return
      const listener: Listener = { principal, request, over: yield* Deferred.make<void>() }
      yield* Effect.acquireRelease(
        Effect.sync(() => listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener))
      )
      const next = yield* feed.listen(principal)
      const telling = Effect.forever(Effect.flatMap(next, (told) => emit(AdminLive.eventName, told)))
      yield* Effect.raceAllFirst([telling, Deferred.await(listener.over), untilOver(identify, request, askAgainMs)])
    })
  )

/** At once, too: what ended while the connection was opened was told to nobody. Where it cannot be found out, nothing is known to be over. */
const untilOver = Effect.fnUntraced(function* (
  identify: Identify["Service"],
  request: IncomingMessage,
  everyMs: number
) {
  const isGood = Effect.map(
    Effect.option(identify.of(request)),
    (found) => found._tag === "None" || found.value !== undefined
  )
  while (yield* isGood) yield* Effect.sleep(everyMs)
})
