/** A hub's people on a store in memory, behind the real frame: browsers with a cookie, programs with a token, and a clock that a test moves. */
import { Charter, type Gate } from "@syncline/core"
import type { AdminIdentity } from "@syncline/core/admin"
import { HubStore } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer, PubSub, Scope, Stream } from "effect"
import { pino } from "pino"
import { onTestFinished } from "vitest"
import * as HttpServer from "../../src/http/HttpServer.ts"
import { Endings } from "../../src/people/Endings.ts"
import * as IdentifyLive from "../../src/people/IdentifyLive.ts"
import * as OidcRoute from "../../src/people/OidcRoute.ts"
import type { OidcSettings } from "../../src/people/OidcSettings.ts"
import * as PeopleLayer from "../../src/people/PeopleLayer.ts"
import { Sessions } from "../../src/people/Sessions.ts"
import { SigningIn } from "../../src/people/SigningIn.ts"
import { Tokens } from "../../src/people/Tokens.ts"
import { endpoints, type HubServices } from "../../src/EndpointList.ts"
import * as Installing from "../../src/rest/Installing.ts"
import { type Ended, Identify } from "../../src/rest/Principal.ts"
import { HubIdentity } from "../../src/status/HubIdentity.ts"
import { auditing } from "../rest/frame.ts"

export const password = "correct horse battery"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, never>
}

/** One browser: it keeps the cookie that it is given. */
export interface Browser {
  cookie: string | undefined
  readonly ask: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
}

export interface WorldOptions {
  /** Ids of members; without it the hub has no team. */
  readonly members?: ReadonlyArray<string>
  readonly store?: Layer.Layer<HubStore.HubStore>
  /** The other service that people sign in by. */
  readonly oidc?: OidcSettings
  /** Where browsers call the hub; without it `localhost`. */
  readonly publicUrl?: string
}

/** A charter that knows members by id and nothing else. */
const teamOf = (members: ReadonlyArray<string>) => {
  const changes = Effect.runSync(PubSub.unbounded<never>())
  const state = {
    version: 7,
    members: new Map(members.map((id) => [id, { id }])),
    removedMembers: new Map<string, number>()
  }
  const charter = { state: () => state, changes: Stream.fromPubSub(changes) } as unknown as Charter.CharterShape
  const remove = async (id: string) => {
    state.members.delete(id)
    state.removedMembers.set(id, 8)
    await Effect.runPromise(PubSub.publish(changes, state as never))
  }
  return { charter, remove }
}

export const peopleWorld = async ({
  members,
  oidc,
  publicUrl,
  store = HubStore.HubStore.layerMemory
}: WorldOptions = {}): Promise<World> => {
  let aheadMs = 0
  const usual = Effect.runSync(Effect.clockWith(Effect.succeed))
  const clock: Clock.Clock = Object.assign(Object.create(usual) as Clock.Clock, {
    currentTimeMillisUnsafe: () => Date.now() + aheadMs,
    currentTimeMillis: Effect.sync(() => Date.now() + aheadMs)
  })
  const { audited, services: told } = auditing()
  const team = members === undefined ? undefined : teamOf(members)
  const inTeam = team === undefined ? told : Context.add(told, Charter.Charter, team.charter)
  const identity = { current: { addresses: [] as ReadonlyArray<string> } as AdminIdentity }
  const given = Context.add(Context.add(inTeam as typeof told, Clock.Clock, clock), HubIdentity, identity)
  const scope = Effect.runSync(Scope.make())
  onTestFinished(() => Effect.runPromise(Scope.close(scope, { _tag: "Success", value: undefined } as never)))
  const beside = Layer.provideMerge(PeopleLayer.layerNoDeps({ publicUrl, oidc }), store)
  const layer = Layer.provideMerge(beside, Layer.succeedContext(given))
  const services = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const endings = Context.get(services, Endings)
  const ended: Array<Ended> = []
  Effect.runFork(Stream.runForEach(endings.told, (one) => Effect.sync(() => void ended.push(one))))
  const identify = IdentifyLive.make({
    door: { holds: ({ headers }) => headers.authorization === "Bearer door" },
    sessions: Context.get(services, Sessions),
    tokens: Context.get(services, Tokens),
    endings
  })
  const app = HttpServer.make(pino({ level: "error" }))
  onTestFinished(() => app.close())
  const all = Context.add(services, Identify, identify) as unknown as Context.Context<HubServices | Identify>
  Installing.install(app, endpoints, { services: all, isTeam: team !== undefined })
  if (oidc !== undefined) OidcRoute.install(app, services)
  const url = await app.listen({ port: 0, host: "127.0.0.1" })
  identity.current = { ...identity.current, addresses: [url] }

  const browser = (): Browser => {
    const own: Browser = {
      cookie: undefined,
      ask: async (method, path, body, headers = {}) => {
        const response = await fetch(`${url}/api/v1${path}`, {
          method,
          headers: {
            origin: url,
            ...(own.cookie === undefined ? {} : { cookie: own.cookie }),
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...headers
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) })
        })
        const given = response.headers.get("set-cookie")?.split(";", 1)[0]
        if (given !== undefined) own.cookie = given.endsWith("=") ? undefined : given
        const text = await response.text()
        const parsed = text === "" ? {} : (JSON.parse(text) as Record<string, never>)
        return { status: response.status, headers: response.headers, body: parsed }
      }
    }
    return own
  }
  const program = (token: string) => {
    const { ask } = browser()
    return (method: string, path: string, body?: unknown) =>
      ask(method, path, body, { authorization: `Bearer ${token}` })
  }
  const run: World["run"] = (effect) => Effect.runPromiseWith(services)(effect)
  const setupToken = () => run(Effect.flatMap(SigningIn, ({ drawSetupToken }) => drawSetupToken))
  return {
    url,
    audited,
    browser,
    program,
    door: program("door"),
    ended,
    setupToken,
    run,
    remove: (member: string) => team!.remove(member),
    pass: (ms: number) => void (aheadMs += ms),
    owner: async (): Promise<Browser> => {
      const ann = browser()
      const made = await ann.ask("POST", "/setup", { token: await setupToken(), name: "ann", password })
      if (made.status !== 201) throw new Error(JSON.stringify(made.body))
      return ann
    }
  }
}

type Program = (method: string, path: string, body?: unknown) => Promise<Answer>

export interface World {
  readonly url: string
  readonly audited: ReadonlyArray<Gate.AuditedAction>
  readonly browser: () => Browser
  readonly program: (token: string) => Program
  readonly door: Program
  readonly ended: ReadonlyArray<Ended>
  readonly setupToken: () => Promise<string | undefined>
  readonly run: <A, E>(effect: Effect.Effect<A, E, HubStore.HubStore | SigningIn>) => Promise<A>
  /** Removes a member from the team. */
  readonly remove: (member: string) => Promise<void>
  readonly pass: (ms: number) => void
  /** A browser in which the first account, `ann`, is signed in. */
  readonly owner: () => Promise<Browser>
}

/** An account that the owner makes and whose person chooses the usual password, signed in. */
export const join = async (world: World, owner: Browser, name: string, role: string, member?: string) => {
  const made = await owner.ask("POST", "/accounts", { name, role, ...(member === undefined ? {} : { member }) })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  const own = world.browser()
  const entered = await own.ask("POST", "/session/link", { link: made.body["link"], password })
  if (entered.status !== 200) throw new Error(JSON.stringify(entered.body))
  return { own, id: (made.body["account"] as unknown as { readonly id: string }).id }
}
