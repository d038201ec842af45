/** A server with endpoints of a test and callers that the test makes up, over real connections. */
import { DeviceKey, Gate } from "@syncline/core"
import type { AdminScope } from "@syncline/core/admin"
import { DeviceKeyFile } from "@syncline/node"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { pino } from "pino"
import { onTestFinished } from "vitest"
import * as HttpServer from "../../src/http/HttpServer.ts"
import * as Descriptions from "../../src/rest/Descriptions.ts"
import type { HubServices } from "../../src/EndpointList.ts"
import type { AnyEndpoint } from "../../src/rest/Endpoint.ts"
import * as Installing from "../../src/rest/Installing.ts"
import { type AccountView, Identify, type Principal } from "../../src/rest/Principal.ts"

/** An account of a role, which acts as a member where one is named. */
export const accountOf = (role: AdminScope.HubRole, member?: string): AccountView => ({
  id: role,
  name: `the ${role}`,
  role,
  member
})

/** An owner of the hub who signed in just now, and acts as a member where one is named. */
export const sessionOf = (member: string | undefined): Principal => ({
  kind: "session",
  account: accountOf("owner", member),
  session: `s-${member}`,
  signedInMs: Date.now()
})

/** Callers by the name that they send as their token. */
export const callers: { readonly [name: string]: Principal } = {
  door: { kind: "door" },
  owner: { kind: "session", account: accountOf("owner"), session: "s1", signedInMs: Date.now() },
  tired: {
    kind: "session",
    account: accountOf("owner"),
    session: "s2",
    signedInMs: Date.now() - Installing.freshMsMax - 60_000
  },
  viewer: { kind: "session", account: accountOf("viewer"), session: "s3", signedInMs: Date.now() },
  narrow: { kind: "token", account: accountOf("owner"), token: "t1", scopes: new Set(["team:read"]) },
  wide: { kind: "token", account: accountOf("viewer"), token: "t2", scopes: new Set(["team:read", "team:write"]) }
}

export interface Asked {
  readonly status: number
  readonly headers: Headers
  readonly body: { readonly [key: string]: unknown }
}

export interface AskOptions {
  readonly as?: string | undefined
  readonly method?: string
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string }
}

export interface ServeOptions {
  readonly isTeam?: boolean
  readonly services?: Context.Context<never>
  readonly callers?: typeof callers
}

/** What an audit is told of: a list that a test reads. */
export const auditing = () => {
  const audited: Array<Gate.AuditedAction> = []
  const gate = Effect.runSync(Effect.scoped(Effect.map(Layer.build(Gate.Gate.layerClosed), Context.get(Gate.Gate))))
  const telling = { ...gate, audit: (action: Gate.AuditedAction) => Effect.sync(() => void audited.push(action)) }
  const key = DeviceKeyFile.deviceKey(Redacted.make(new Uint8Array(32).fill(1)))
  return { audited, services: Context.add(Context.make(Gate.Gate, telling), DeviceKey.DeviceKey, key) }
}

/** Serves until the test ends; gives how to ask. */
export const serve = async (
  endpoints: ReadonlyArray<AnyEndpoint<HubServices>>,
  { callers: known = callers, isTeam = true, services = Context.empty() }: ServeOptions = {}
) => {
  const app = HttpServer.make(pino({ level: "silent" }))
  onTestFinished(() => app.close())
  const identify: Identify["Service"] = {
    of: ({ headers }) => Effect.sync(() => known[headers.authorization?.replace("Bearer ", "") ?? ""]),
    ended: Stream.empty
  }
  const { audited, services: told } = auditing()
  const all = Context.add(Context.merge(told, services), Identify, identify) as Context.Context<HubServices | Identify>
  Installing.install(app, endpoints, { services: all, isTeam })
  Descriptions.install(app, endpoints, "1.2.3")
  const url = await app.listen({ port: 0, host: "127.0.0.1" })
  const ask = async (path: string, { as, body, headers, method = "GET" }: AskOptions = {}): Promise<Asked> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        origin: url,
        ...headers
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
    const text = await response.text()
    const isJson = /[/+]json\b/.test(response.headers.get("content-type") ?? "")
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as Asked["body"]) : { text }
    }
  }
  return { ask, url, audited }
}
