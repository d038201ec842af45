/**
 * What all ways of signing in share: an attempt is counted before it is looked at, and who was right gets a session under a new secret in
 * the place of the one before. Which proof it takes is for each way.
 */
import type { HubRow, HubStore, HubStoreError } from "@syncline/node/hub"
import { Clock, Effect } from "effect"
import type { AccountView, Ended, Principal } from "../rest/Principal.ts"
import * as AccountRow from "./AccountRow.ts"
import { because, type PeopleError, SignInTooOften } from "./PeopleError.ts"
import * as Secret from "./Secret.ts"
import * as Sessions from "./Sessions.ts"
import * as SignInThrottle from "./SignInThrottle.ts"

/** Where somebody signs in from, and as whom until now. */
export interface Newcomer extends Sessions.Caller {
  readonly before: Principal | undefined
}

export interface SignedIn {
  readonly account: AccountView
  readonly signedInMs: number
  /** The session's secret, for the browser's cookie. */
  readonly secret: string
}

interface Store {
  readonly store: HubStore.HubStoreShape
}

/** Counts an attempt and reads what it takes, in one change that is durable before anything is looked at. Fails with `SignInTooOften`. */
export const attempt = Effect.fnUntraced(function* <A>(
  { store }: Store,
  keys: SignInThrottle.Keys,
  look: (rows: HubStore.HubReads) => A
) {
  const nowMs = yield* Clock.currentTimeMillis
  const found = yield* store.change((rows) => {
    const waitMs = SignInThrottle.begin(rows, keys, nowMs)
    return waitMs === undefined ? { seen: look(rows) } : { waitMs }
  })
  if (found.waitMs !== undefined) {
    return yield* Effect.fail(because(new SignInTooOften({ retryAfterMs: Math.ceil(found.waitMs) })))
  }
  return found.seen as A
})

/** An attempt that nobody had time for is none. */
export const uncounted =
  ({ store }: Store, keys: SignInThrottle.Keys) =>
  <A>(proving: Effect.Effect<A, PeopleError>): Effect.Effect<A, PeopleError | HubStoreError.HubStoreError> =>
    Effect.tapError(proving, () => store.change((rows) => SignInThrottle.forget(rows, keys)))

export interface Entered {
  readonly signedIn: SignedIn
  readonly ended: ReadonlyArray<Ended>
}

/** Begins a session of an account inside a change. */
export const enter = (
  rows: HubStore.HubRows,
  account: HubRow.AccountRow,
  { before, remote, userAgent }: Newcomer,
  nowMs: number
): Entered => {
  const secret = Secret.draw()
  const ended = [...Sessions.begin(rows, account.id, secret, { remote, userAgent }, nowMs)]
  if (before?.kind === "session" && rows.sessions.remove(before.session)) {
    ended.push({ kind: "session", id: before.session })
  }
  const signedIn: SignedIn = { account: AccountRow.viewOf(account), signedInMs: nowMs, secret }
  return { signedIn, ended }
}
