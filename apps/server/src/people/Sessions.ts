/**
 * Sessions of signed-in people: whose a request is, which there are, and their end. They end by themselves after 12 hours without a call and
 * after 14 days; how one begins is told by `SigningIn`.
 */
import type { AdminPeople } from "@syncline/core/admin"
import { HubStore, type HubRow, type HubStoreError } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer } from "effect"
import type { Ended, Principal } from "../rest/Principal.ts"
import * as AccountRow from "./AccountRow.ts"
import { Endings } from "./Endings.ts"
import { because, NoneOfPeople, type PeopleError } from "./PeopleError.ts"
import * as Secret from "./Secret.ts"

/** How long a session lasts without a call, in milliseconds. */
export const idleMsMax = 12 * 60 * 60_000
/** How long it lasts at all. */
export const sessionMsMax = 14 * 24 * 60 * 60_000
/** How often it is written down that a session or a token is used. */
export const usedEveryMs = 60_000

/** Where a request came from. */
export interface Caller {
  readonly remote: string
  readonly userAgent: string
}

export interface SessionsShape {
  /** Who is signed in by a secret, where somebody is. */
  readonly whose: (secret: string) => Effect.Effect<Principal | undefined, HubStoreError.HubStoreError>
  /** Those of an account that are not over, the one used last first. */
  readonly list: (
    account: string,
    current: string | undefined
  ) => Effect.Effect<ReadonlyArray<AdminPeople.Session>, HubStoreError.HubStoreError>
  /** Ends a session of an account, or whosever it is. Fails with `NoneOfPeople`. */
  readonly end: (
    id: string,
    account: string | undefined
  ) => Effect.Effect<void, PeopleError | HubStoreError.HubStoreError>
}

export class Sessions extends Context.Service<Sessions, SessionsShape>()("@syncline/server/people/Sessions") {
  static readonly layer: Layer.Layer<Sessions, never, HubStore.HubStore | Endings> = Layer.effect(
    Sessions,
    Effect.gen(function* () {
      const [store, endings] = [yield* HubStore.HubStore, yield* Endings]
      return {
        whose: (secret) => whose(store, secret),
        list: (account, current) => list(store, account, current),
        end: (id, account) => end(store, endings, id, account)
      }
    })
  )
}

/** Begins a session inside a change, and gives what ended by that. */
export const begin = (
  rows: HubStore.HubRows,
  account: string,
  secret: string,
  { remote, userAgent }: Caller,
  nowMs: number
): ReadonlyArray<Ended> => {
  const over = rows.sessions.removeBefore(Math.max(0, nowMs - idleMsMax), Math.max(0, nowMs - sessionMsMax))
  const crowded = rows.sessions.put({
    hash: Secret.hashOf(secret),
    account,
    madeMs: nowMs,
    signedInMs: nowMs,
    usedMs: nowMs,
    userAgent,
    remote
  })
  return endedOf([...over, ...crowded])
}

/** What is told of sessions by their hashes. */
export const endedOf = (hashes: ReadonlyArray<string>): ReadonlyArray<Ended> =>
  hashes.map((id) => ({ kind: "session", id }))

const isOver = ({ signedInMs, usedMs }: HubRow.SessionRow, nowMs: number): boolean =>
  nowMs - usedMs >= idleMsMax || nowMs - signedInMs >= sessionMsMax

const whose = Effect.fnUntraced(function* (store: HubStore.HubStoreShape, secret: string) {
  const nowMs = yield* Clock.currentTimeMillis
  const hash = Secret.hashOf(secret)
  const found = yield* store.read(({ accounts, sessions }) => {
    const row = sessions.get(hash)
    return row === undefined ? undefined : { row, account: accounts.get(row.account) }
  })
  if (found?.account === undefined || found.account.isDisabled || isOver(found.row, nowMs)) return undefined
  const { account, row } = found
  if (nowMs - row.usedMs >= usedEveryMs) {
    yield* store.change(({ sessions }) => {
      // It may have ended since.
      if (sessions.get(hash) !== undefined) sessions.put({ ...row, usedMs: nowMs })
    })
  }
  const principal: Principal = {
    kind: "session",
    account: AccountRow.viewOf(account),
    session: hash,
    signedInMs: row.signedInMs
  }
  return principal
})

const list = Effect.fnUntraced(function* (store: HubStore.HubStoreShape, account: string, current: string | undefined) {
  const nowMs = yield* Clock.currentTimeMillis
  const rows = yield* store.read(({ sessions }) => sessions.ofAccount(account))
  return rows
    .filter((row) => !isOver(row, nowMs))
    .map((row) => {
      const { account: _, hash: id, ...others } = row
      return { ...others, id, isCurrent: id === current }
    })
})

const end = Effect.fnUntraced(function* (
  store: HubStore.HubStoreShape,
  endings: Endings["Service"],
  id: string,
  account: string | undefined
) {
  const isEnded = yield* store.change(({ sessions }) => {
    const row = sessions.get(id)
    const isTheirs = row !== undefined && (account === undefined || row.account === account)
    return isTheirs && sessions.remove(id)
  })
  if (!isEnded) return yield* Effect.fail(because(new NoneOfPeople({ kind: "session", id })))
  yield* endings.tell([{ kind: "session", id }])
})
