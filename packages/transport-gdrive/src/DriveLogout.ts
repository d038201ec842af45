/**
 * Taking a login back at Google, so that whoever has a copy of its tokens can do nothing with them. Forgetting the tokens is their
 * store's business.
 */
import { Effect, type Redacted } from "effect"
import { DriveLoginError, LogoutFailed } from "./DriveLoginError.ts"
import { retried } from "./DriveRetry.ts"
import { type DriveEndpoints, endpointsOf, type OAuthApp, requestMsDefault } from "./GoogleDriveOptions.ts"

export interface DriveLogoutOptions {
  readonly app: OAuthApp
  readonly refreshToken: Redacted.Redacted<string>
  readonly endpoints?: Partial<DriveEndpoints>
}

// Google's client is large; whoever never signs out never loads it.
const oauth = Effect.promise(() => import("./GoogleOAuth.ts"))

/**
 * Takes the login back, also one that had ended already. Google takes back what the person consented to for the OAuth client, which
 * ends that account's logins on other devices, too. Fails with `LogoutFailed`.
 */
export const logout = Effect.fnUntraced(function* ({
  app,
  endpoints,
  refreshToken
}: DriveLogoutOptions): Effect.fn.Return<void, DriveLoginError> {
  const { revoke } = yield* oauth
  const place = { app, endpoints: endpointsOf(endpoints), requestMsMax: requestMsDefault }
  yield* Effect.mapError(
    retried(revoke(place, refreshToken)),
    ({ problem }) => new DriveLoginError({ reason: new LogoutFailed({ problem }) })
  )
})
