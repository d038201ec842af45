/**
 * What the audit hears of the REST interface: what was changed in whose name, and who was kept from what. Which endpoint changes
 * something it says itself; signing in is told elsewhere.
 */
import { Charter, DeviceKey, Gate } from "@syncline/core"
import { Effect, Option } from "effect"
import type { FastifyRequest } from "fastify"
import type { AnyEndpoint, Call } from "./Endpoint.ts"
import { behalfOf, type Principal } from "./Principal.ts"

/** Tells of an act, where the endpoint changes something and somebody is signed in. */
export const done = (
  endpoint: AnyEndpoint,
  call: Call<unknown, unknown, unknown>,
  request: FastifyRequest,
  answer: unknown
): Effect.Effect<void, never, Gate.Gate | DeviceKey.DeviceKey> => {
  const { audit } = endpoint
  const { principal } = call
  if (audit === undefined || principal === undefined) return Effect.void
  const words = audit === "path" ? pathOf(request) : audit(call, answer)
  return tell(endpoint, principal, request, { allowed: true, because: rightOf(endpoint), words })
}

/** Tells of an act that did not come to its end: whoever hangs up at once must not do anything unseen. */
export const brokenOff = (
  endpoint: AnyEndpoint,
  { principal }: Call<unknown, unknown, unknown>,
  request: FastifyRequest
): Effect.Effect<void, never, Gate.Gate | DeviceKey.DeviceKey> => {
  if (endpoint.audit === undefined || principal === undefined) return Effect.void
  const words = `${pathOf(request)} was broken off, and may have been done`
  return tell(endpoint, principal, request, { allowed: true, because: rightOf(endpoint), words })
}

/** Tells of somebody who is signed in and may not do this. */
export const refused = (
  endpoint: AnyEndpoint,
  principal: Principal,
  request: FastifyRequest,
  because: string
): Effect.Effect<void, never, Gate.Gate | DeviceKey.DeviceKey> =>
  tell(endpoint, principal, request, { allowed: false, because, words: pathOf(request) })

const tell = Effect.fnUntraced(function* (
  { id }: AnyEndpoint,
  principal: Principal,
  request: FastifyRequest,
  act: { readonly allowed: boolean; readonly because: string; readonly words: string }
) {
  const { allowed, because, words } = act
  const { peer } = yield* DeviceKey.DeviceKey
  const charter = yield* Effect.serviceOption(Charter.Charter)
  const policyVersion = Option.isSome(charter) ? charter.value.state().version : 0
  const behalf = behalfOf(principal)
  yield* (yield* Gate.Gate).audit({
    action: "manage",
    peer,
    decision: { allowed, rule: `hub/${id}`, policyVersion, because },
    // With the request's id, or equal acts of one second would count as one.
    detail: `${behalf}: ${words}, request ${request.id}`,
    behalf
  })
})

const rightOf = ({ access }: AnyEndpoint): string =>
  access.kind === "scope" ? `it takes the right ${access.scope}` : "it is about the caller itself"

/** Characters of a path that are told. */
const pathCharsMax = 256

/** Without the query, which may hold anything. */
const pathOf = ({ method, url }: FastifyRequest): string => `${method} ${url.split("?", 1)[0]!.slice(0, pathCharsMax)}`
