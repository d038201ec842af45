/**
 * The access token of one login, shared by all requests: renewed before it ends and when Drive does not take it, once however
 * many requests notice. It does not sign anybody in.
 */
import { Clock, Effect, Metric, Redacted, Semaphore } from "effect"
import { type DriveFailure, failure, signInAgain } from "./DriveFailure.ts"
import { renewalsTotal } from "./DriveMetrics.ts"
import type { DriveTokens, TokenStore } from "./TokenStore.ts"

/** What Google gives for a refresh token. */
export interface Renewed {
  readonly accessToken: Redacted.Redacted<string>
  /** How long it is good, in milliseconds. */
  readonly lifetimeMs: number
  /** A new refresh token; mostly the old one stays. */
  readonly refreshToken: Redacted.Redacted<string> | undefined
}

export type Renew = (refreshToken: Redacted.Redacted<string>) => Effect.Effect<Renewed, DriveFailure>

export interface DriveAccess {
  /** Makes a request with a token that is good; when Drive does not take it, once more with a new one. */
  readonly use: <A>(
    request: (accessToken: Redacted.Redacted<string>) => Effect.Effect<A, DriveFailure>
  ) => Effect.Effect<A, DriveFailure>
  /** How many logins were found in the store so far: another number, another login, maybe of another account. */
  readonly logins: () => number
}

/** A token is renewed so long before it ends, in milliseconds. */
const earlyMs = 60_000

interface Current {
  readonly number: number
  readonly tokens: DriveTokens
  readonly accessToken: Redacted.Redacted<string>
}

export const make = (store: TokenStore, renew: Renew): DriveAccess => {
  const turn = Semaphore.makeUnsafe(1)
  let current: Current | undefined
  let count = 0
  let login: { readonly number: number; readonly refreshToken: string } = { number: 0, refreshToken: "" }

  /** Whoever signed in again meanwhile is found in the store. */
  const forget = (problem: DriveFailure): Effect.Effect<never, DriveFailure> =>
    Effect.suspend(() => {
      current = undefined
      return Effect.fail(problem)
    })

  const keep = (tokens: DriveTokens, accessToken: Redacted.Redacted<string>): Current => {
    count += 1
    current = { number: count, tokens, accessToken }
    return current
  }

  const load = Effect.map(
    Effect.mapError(store.load, ({ message }) => failure("denied", message)),
    (tokens) => {
      const refreshToken = tokens === undefined ? "" : Redacted.value(tokens.refreshToken)
      if (refreshToken !== login.refreshToken) login = { number: login.number + 1, refreshToken }
      return tokens
    }
  )

  const renewed = Effect.fnUntraced(function* (tokens: DriveTokens) {
    const { accessToken, lifetimeMs, refreshToken } = yield* renew(tokens.refreshToken).pipe(
      Effect.catchIf(({ kind }) => kind === "denied", forget)
    )
    yield* Metric.update(renewalsTotal, 1)
    const expiresAtMs = (yield* Clock.currentTimeMillis) + lifetimeMs
    const next = { refreshToken: refreshToken ?? tokens.refreshToken, accessToken, expiresAtMs }
    // A new refresh token of the same login.
    login = { ...login, refreshToken: Redacted.value(next.refreshToken) }
    const kept = keep(next, accessToken)
    // The token in memory is good; one that could not be kept is asked for again by the next start.
    yield* Effect.catch(store.save(next), ({ message }) => Effect.logWarning(message))
    return kept
  })

  const usable = turn.withPermit(
    Effect.gen(function* () {
      const tokens = current?.tokens ?? (yield* load)
      if (tokens === undefined) return yield* Effect.fail(failure("denied", `nobody is signed in: ${signInAgain}`))
      const { accessToken, expiresAtMs } = tokens
      if (accessToken === undefined || expiresAtMs - earlyMs <= (yield* Clock.currentTimeMillis)) {
        return yield* renewed(tokens)
      }
      return current ?? keep(tokens, accessToken)
    })
  )

  /** A token that another request renewed meanwhile is new enough. */
  const another = (refused: Current): Effect.Effect<Current, DriveFailure> =>
    turn.withPermit(
      Effect.suspend(() =>
        current !== undefined && current.number !== refused.number
          ? Effect.succeed(current)
          : renewed((current ?? refused).tokens)
      )
    )

  return {
    logins: () => login.number,
    use: (request) =>
      Effect.gen(function* () {
        const first = yield* usable
        const refusal = (problem: DriveFailure) => problem.kind === "unauthorized"
        return yield* Effect.catchIf(request(first.accessToken), refusal, () =>
          Effect.flatMap(another(first), ({ accessToken }) =>
            Effect.catchIf(request(accessToken), refusal, ({ problem }) =>
              forget(failure("denied", `${problem} twice, with a new token too: ${signInAgain}`))
            )
          )
        )
      })
  }
}

/** For one opened mailbox: it ends with its login, for what it knows is of one account. */
export const pinned = ({ logins, use }: DriveAccess): DriveAccess => {
  let own: number | undefined
  return {
    logins,
    use: (request) =>
      use((accessToken) => {
        own ??= logins()
        return own === logins() ? request(accessToken) : Effect.fail(failure("denied", anew))
      })
  }
}

const anew = "somebody signed in anew: it is opened again"
