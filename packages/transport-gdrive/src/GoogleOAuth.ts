/**
 * Google's token endpoint through `google-auth-library`: a code and a refresh token become tokens. It keeps nothing, retries
 * nothing and shows nobody anything.
 */
import { Effect, Redacted } from "effect"
import { type Credentials, OAuth2Client } from "google-auth-library"
import type { Renewed } from "./DriveAccess.ts"
import { type DriveFailure, failure, ofError } from "./DriveFailure.ts"
import type { DriveEndpoints, OAuthApp } from "./GoogleDriveOptions.ts"

/** Files that this OAuth client made, and no others. */
export const scope = "https://www.googleapis.com/auth/drive.file"

export interface OAuthPlace {
  readonly app: OAuthApp
  readonly endpoints: DriveEndpoints
  readonly requestMsMax: number
}

/** What a login gives. */
export interface Exchanged extends Renewed {
  /** What the person consented to. */
  readonly scopes: ReadonlyArray<string>
}

/** A client for one request. The library would repeat requests for tokens by itself; here it does not. */
const clientOf = ({ app, endpoints, requestMsMax }: OAuthPlace, signal: AbortSignal): OAuth2Client => {
  const client = new OAuth2Client({
    clientId: app.clientId,
    clientSecret: Redacted.value(app.clientSecret),
    endpoints: {
      oauth2AuthBaseUrl: endpoints.consent,
      oauth2RevokeUrl: endpoints.revoke,
      oauth2TokenUrl: endpoints.token
    }
  })
  client.transporter.interceptors.request.add({
    resolved: (config) => {
      config.retry = false
      delete config.retryConfig
      config.signal = AbortSignal.any([signal, AbortSignal.timeout(requestMsMax)])
      return Promise.resolve(config)
    }
  })
  return client
}

const asking = <A>(ask: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, DriveFailure> =>
  Effect.tryPromise({ try: ask, catch: ofError })

export const renew =
  (place: OAuthPlace) =>
  (refreshToken: Redacted.Redacted<string>): Effect.Effect<Renewed, DriveFailure> =>
    asking(async (signal) => {
      const client = clientOf(place, signal)
      client.setCredentials({ refresh_token: Redacted.value(refreshToken) })
      return (await client.refreshAccessToken()).credentials
    }).pipe(Effect.flatMap(read))

export const exchange = (
  place: OAuthPlace,
  given: { readonly code: string; readonly verifier: Redacted.Redacted<string>; readonly redirectUri: string }
): Effect.Effect<Exchanged, DriveFailure> =>
  asking(async (signal) => {
    const { code, redirectUri: redirect_uri, verifier } = given
    const { tokens } = await clientOf(place, signal).getToken({
      code,
      codeVerifier: Redacted.value(verifier),
      redirect_uri
    })
    return tokens
  }).pipe(Effect.flatMap(read))

/** Takes back what a person consented to. Of a token that is not good any more Google says so, and there is nothing to take back. */
export const revoke = (place: OAuthPlace, refreshToken: Redacted.Redacted<string>): Effect.Effect<void, DriveFailure> =>
  asking((signal) => clientOf(place, signal).revokeToken(Redacted.value(refreshToken))).pipe(
    Effect.asVoid,
    Effect.catchIf(
      ({ kind, problem }) => kind === "refused" && problem.includes("invalid_token"),
      () => Effect.void
    )
  )

/** When Google does not say how long a token is good: an hour, in milliseconds. */
const lifetimeMsDefault = 3_600_000

const read = (credentials: Credentials): Effect.Effect<Exchanged, DriveFailure> => {
  const { access_token, expiry_date, refresh_token, scope: scopes } = credentials
  if (typeof access_token !== "string" || access_token === "") {
    return Effect.fail(failure("unreachable", "Google's answer has no token"))
  }
  return Effect.succeed({
    accessToken: Redacted.make(access_token),
    // The library has added the time of this machine, which is not the time that counts here.
    lifetimeMs: typeof expiry_date === "number" ? Math.max(0, expiry_date - Date.now()) : lifetimeMsDefault,
    refreshToken: typeof refresh_token === "string" ? Redacted.make(refresh_token) : undefined,
    scopes: (scopes ?? "").split(" ")
  })
}
