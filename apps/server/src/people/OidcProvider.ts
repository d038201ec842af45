/**
 * The OpenID Connect provider that a hub is set to: where it sends browsers, and whom it vouches for. Answers are taken only with their code
 * proven (PKCE), for the nonce of this very browser, and signed by the provider's keys. The library is loaded when somebody signs in so first.
 */
import { Clock, Effect, Redacted } from "effect"
import type { Configuration } from "openid-client"
import type { OidcSettings } from "./OidcSettings.ts"

/** What the provider has to answer within, in seconds. */
const answerSecondsMax = 4
/** How long what it says of itself is believed. */
const knownMsMax = 60 * 60_000

/** What only this browser and the hub know of a sign-in. */
export interface Secrets {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** Why the provider vouched for nobody. It stays between this and `Oidc`, which has the words for people. */
export interface ProviderFailure {
  readonly isUnreachable: boolean
  /** A name for the log, without anything of the answer. */
  readonly name: string
}

export type Claims = { readonly [claim: string]: unknown }

export interface OidcProvider {
  /** Where a browser goes. */
  readonly urlOf: (redirectUri: string, secrets: Secrets) => Effect.Effect<string, ProviderFailure>
  /** What the provider says of the person who came back to `url`. */
  readonly claimsOf: (url: URL, secrets: Secrets) => Effect.Effect<Claims, ProviderFailure>
}

export const make = (settings: OidcSettings): OidcProvider => {
  let known: { readonly config: Configuration; readonly untilMs: number } | undefined
  const configuration = Effect.fnUntraced(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    if (known !== undefined && known.untilMs > nowMs) return known.config
    const config = yield* asking(() => discover(settings))
    known = { config, untilMs: nowMs + knownMsMax }
    return config
  })
  return {
    urlOf: (redirectUri, secrets) =>
      Effect.flatMap(configuration(), (config) => asking(() => authorizationUrl(config, redirectUri, secrets))),
    claimsOf: (url, secrets) =>
      Effect.flatMap(configuration(), (config) => asking(() => exchange(config, url, secrets)))
  }
}

const discover = async ({ clientId, clientSecret, issuer }: OidcSettings): Promise<Configuration> => {
  const client = await import("openid-client")
  const proof = clientSecret === undefined ? client.None() : client.ClientSecretBasic(Redacted.value(clientSecret))
  const execute = [client.enableNonRepudiationChecks]
  // The settings take http for this machine alone.
  if (new URL(issuer).protocol === "http:") execute.push(client.allowInsecureRequests)
  return client.discovery(new URL(issuer), clientId, undefined, proof, { execute, timeout: answerSecondsMax })
}

const authorizationUrl = async (config: Configuration, redirectUri: string, secrets: Secrets): Promise<string> => {
  const client = await import("openid-client")
  return client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    response_type: "code",
    scope: "openid email profile",
    state: secrets.state,
    nonce: secrets.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(secrets.verifier),
    code_challenge_method: "S256"
  }).href
}

const exchange = async (config: Configuration, url: URL, { nonce, state, verifier }: Secrets): Promise<Claims> => {
  const client = await import("openid-client")
  const answer = await client.authorizationCodeGrant(config, url, {
    expectedNonce: nonce,
    expectedState: state,
    pkceCodeVerifier: verifier,
    idTokenExpected: true
  })
  return answer.claims()!
}

const asking = <A>(ask: () => Promise<A>): Effect.Effect<A, ProviderFailure> =>
  Effect.tryPromise({ try: ask, catch: failureOf })

const failureOf = (error: unknown): ProviderFailure => {
  const { cause, code, message, name } = error as Error & { readonly code?: string }
  const isTimeout = code === "OAUTH_TIMEOUT" || name === "TimeoutError"
  const isUnreachable =
    isTimeout || message === "fetch failed" || (cause as Error | undefined)?.message === "fetch failed"
  return { isUnreachable, name: code ?? name }
}
