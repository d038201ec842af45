/**
 * Signing in to Google Drive from an installed program: a page of Google's to be shown to a person, and a door on this machine's
 * loopback address to which that page sends the browser back (RFC 8252), with PKCE and a state of its own. It opens no browser
 * and keeps no token; its caller does both.
 */
import { Clock, Deferred, Effect, Redacted, type Scope } from "effect"
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { signInAgain } from "./DriveFailure.ts"
import {
  DriveLoginError,
  LoginBlocked,
  LoginDeclined,
  LoginRefused,
  LoginTimedOut,
  LoginUnreachable
} from "./DriveLoginError.ts"
import { retried } from "./DriveRetry.ts"
import type { Exchanged } from "./GoogleOAuth.ts"
import { type DriveEndpoints, endpointsOf, type OAuthApp, requestMsDefault } from "./GoogleDriveOptions.ts"
import type { DriveTokens } from "./TokenStore.ts"

export interface DriveLoginOptions {
  readonly app: OAuthApp
  readonly endpoints?: Partial<DriveEndpoints>
  /** How long to wait for the person, in milliseconds; default ten minutes. */
  readonly waitMsMax?: number
}

export interface DriveLogin {
  /** Google's page, for the person's browser on this machine. It holds no secret, and is good for this login only. */
  readonly url: string
  /** What the login gives once the person has consented; may be awaited once. */
  readonly tokens: Effect.Effect<DriveTokens, DriveLoginError>
}

const waitMsDefault = 600_000
/** Connections to the door at a time, and bytes of a request's head. */
const connectionsMax = 16
const headBytesMax = 16_384
const doorPath = "/"

// Google's client is large; whoever never signs in never loads it.
const oauth = Effect.promise(() => import("./GoogleOAuth.ts"))

/** Begins a login. The door is open until the scope closes. */
export const login = Effect.fnUntraced(function* (
  options: DriveLoginOptions
): Effect.fn.Return<DriveLogin, DriveLoginError, Scope.Scope> {
  const { exchange, scope } = yield* oauth
  const endpoints = endpointsOf(options.endpoints)
  const verifier = Redacted.make(randomBytes(64).toString("base64url"))
  const state = randomBytes(32).toString("base64url")
  const code = yield* Deferred.make<string, DriveLoginError>()
  const context = yield* Effect.context()
  const end = (ended: Effect.Effect<string, DriveLoginError>): void => {
    Effect.runForkWith(context)(Deferred.complete(code, ended))
  }
  const redirectUri = yield* openDoor((asked, answer) => answerTo(state, asked, answer, end))
  const waitMsMax = options.waitMsMax ?? waitMsDefault
  const place = { app: options.app, endpoints, requestMsMax: requestMsDefault }
  return {
    url: urlOf(options.app, endpoints.consent, {
      redirect_uri: redirectUri,
      scope,
      state,
      code_challenge: createHash("sha256").update(Redacted.value(verifier)).digest("base64url")
    }),
    tokens: Effect.gen(function* () {
      const given = yield* Effect.timeoutOrElse(Deferred.await(code), {
        duration: waitMsMax,
        orElse: () => Effect.fail(fail(new LoginTimedOut({ waitedMs: waitMsMax })))
      })
      const exchanged = yield* Effect.mapError(
        retried(exchange(place, { code: given, verifier, redirectUri })),
        ({ kind, problem }) =>
          fail(
            kind === "denied" || kind === "refused" ? new LoginRefused({ problem }) : new LoginUnreachable({ problem })
          )
      )
      return yield* tokensOf(exchanged, scope, yield* Clock.currentTimeMillis)
    })
  }
})

const fail = (reason: DriveLoginError["reason"]): DriveLoginError => new DriveLoginError({ reason })

/** A consent page that always gives a refresh token, also to whoever has consented before. */
const urlOf = (app: OAuthApp, consent: string, own: Readonly<Record<string, string>>): string => {
  const url = new URL(consent)
  const asked = {
    client_id: app.clientId,
    response_type: "code",
    access_type: "offline",
    prompt: "consent",
    code_challenge_method: "S256",
    ...own
  }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  return url.href
}

const tokensOf = (
  { accessToken, lifetimeMs, refreshToken, scopes }: Exchanged,
  scope: string,
  nowMs: number
): Effect.Effect<DriveTokens, DriveLoginError> => {
  if (!scopes.includes(scope)) {
    return Effect.fail(fail(new LoginDeclined({ problem: `${signInAgain} and tick the box for Drive` })))
  }
  if (refreshToken === undefined) {
    const problem = `it gave nothing that lasts: remove the program's access in the Google account, and ${signInAgain}`
    return Effect.fail(fail(new LoginRefused({ problem })))
  }
  return Effect.succeed({ accessToken, refreshToken, expiresAtMs: nowMs + lifetimeMs })
}

/** Listens on a port that the system chooses; nobody but this machine reaches it. */
const openDoor = (
  answer: (asked: IncomingMessage, response: ServerResponse) => void
): Effect.Effect<string, DriveLoginError, Scope.Scope> => {
  const opened = Effect.callback<Server, DriveLoginError>((resume) => {
    const server = createServer({ maxHeaderSize: headBytesMax }, answer)
    server.maxConnections = connectionsMax
    server.once("error", (error: NodeJS.ErrnoException) => {
      resume(Effect.fail(fail(new LoginBlocked({ problem: error.code ?? "it cannot be opened" }))))
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  })
  const close = (server: Server): Effect.Effect<void> =>
    Effect.callback((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
  return Effect.map(Effect.acquireRelease(opened, close), (server) => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    return `http://127.0.0.1:${port}${doorPath}`
  })
}

/**
 * What the browser brings back. Any page may send a browser here, so what has not this login's state is turned away and changes
 * nothing.
 */
const answerTo = (
  state: string,
  { method, url }: IncomingMessage,
  response: ServerResponse,
  end: (ended: Effect.Effect<string, DriveLoginError>) => void
): void => {
  const asked = URL.parse(url ?? "", "http://127.0.0.1")
  if (method !== "GET" || asked?.pathname !== doorPath) return say(response, 404, "There is nothing here.")
  const { searchParams } = asked
  if (!isEqual(searchParams.get("state") ?? "", state)) {
    return say(response, 400, "This is not the login that is waiting. Open the address that it shows.")
  }
  const [code, error] = [searchParams.get("code"), searchParams.get("error")]
  if (code !== null && code !== "") {
    say(response, 200, "Back from Google. You may close this page; the terminal says how it went.")
    return end(Effect.succeed(code))
  }
  say(response, 200, "Access was not given. You may close this page.")
  const word = error !== null && /^[a-z_]{1,48}$/.test(error) ? error : "no code came"
  end(Effect.fail(fail(new LoginDeclined({ problem: word }))))
}

const isEqual = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

const say = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    connection: "close"
  })
  response.end(text)
}
