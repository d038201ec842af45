/**
 * Tokens for programs, `syn_<id>_<secret>`: made by a signed-in person or on the hub's machine, shown once, good for some rights and for some time. A token
 * has no more than its account has when it is used; that is the frame's to check.
 */
import { AdminPeople, AdminScope } from "@syncline/core/admin"
import { HubStore, type HubRow, type HubStoreError } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer } from "effect"
import type { AccountView, Principal } from "../rest/Principal.ts"
import * as AccountRow from "./AccountRow.ts"
import { Endings } from "./Endings.ts"
import { because, DoorNeeded, NoneOfPeople, type PeopleError, PersonNeeded, ScopesExceeded } from "./PeopleError.ts"
import * as Secret from "./Secret.ts"
import { usedEveryMs } from "./Sessions.ts"

const tokenPattern = /^syn_([0-9a-f]{16})_([\w-]{43})$/
const dayMs = 24 * 60 * 60_000

export interface TokensShape {
  /** Who asks by a token, where it is good. */
  readonly whose: (token: string) => Effect.Effect<Principal | undefined, HubStoreError.HubStoreError>
  /** Those of an account, in the order in which they were made. */
  readonly list: (account: string) => Effect.Effect<ReadonlyArray<AdminPeople.Token>, HubStoreError.HubStoreError>
  /** Makes a token for the person. Fails with `PersonNeeded` for others, and with `ScopesExceeded`. */
  readonly make: (
    principal: Principal | undefined,
    wanted: AdminPeople.NewToken
  ) => Effect.Effect<Made, PeopleError | HubStoreError.HubStoreError>
  /** Makes a token of an account for who holds the data folder. Fails with `DoorNeeded` for others, `NoneOfPeople` and `ScopesExceeded`. */
  readonly makeFor: (
    principal: Principal | undefined,
    account: string,
    wanted: AdminPeople.NewToken
  ) => Effect.Effect<Made, PeopleError | HubStoreError.HubStoreError>
  /** Ends a token of an account, or whosever it is. Fails with `NoneOfPeople`. */
  readonly end: (
    id: string,
    account: string | undefined
  ) => Effect.Effect<void, PeopleError | HubStoreError.HubStoreError>
}

interface Made {
  readonly secret: string
  readonly token: AdminPeople.Token
}

export class Tokens extends Context.Service<Tokens, TokensShape>()("@syncline/server/people/Tokens") {
  static readonly layer: Layer.Layer<Tokens, never, HubStore.HubStore | Endings> = Layer.effect(
    Tokens,
    Effect.gen(function* () {
      const [store, endings] = [yield* HubStore.HubStore, yield* Endings]
      return {
        whose: (token) => whose(store, token),
        list: (account) =>
          Effect.map(
            store.read(({ tokens }) => tokens.ofAccount(account)),
            shownAll
          ),
        make: (principal, wanted) => makeOwn(store, principal, wanted),
        makeFor: (principal, account, wanted) => makeFor(store, principal, account, wanted),
        end: (id, account) => end(store, endings, id, account)
      }
    })
  )
}

const shown = (row: HubRow.TokenRow): AdminPeople.Token => {
  const { account: _, hash: __, usedMs, ...others } = row
  return { ...others, usedMs: usedMs ?? null }
}
const shownAll = (rows: ReadonlyArray<HubRow.TokenRow>): ReadonlyArray<AdminPeople.Token> => rows.map(shown)

const whose = Effect.fnUntraced(function* (store: HubStore.HubStoreShape, token: string) {
  const [, id, secret] = tokenPattern.exec(token) ?? []
  if (id === undefined || secret === undefined) return undefined
  const nowMs = yield* Clock.currentTimeMillis
  const found = yield* store.read(({ accounts, tokens }) => {
    const row = tokens.get(id)
    return row === undefined ? undefined : { row, account: accounts.get(row.account) }
  })
  if (found === undefined || !Secret.isOf(found.row.hash, secret)) return undefined
  const { account, row } = found
  if (account === undefined || account.isDisabled || row.expiresMs <= nowMs) return undefined
  if (row.usedMs === undefined || nowMs - row.usedMs >= usedEveryMs) {
    yield* store.change(({ tokens }) => {
      // It may have ended since.
      if (tokens.get(id) !== undefined) tokens.put({ ...row, usedMs: nowMs })
    })
  }
  const scopes = new Set(AdminScope.scopes.filter((scope) => row.scopes.includes(scope)))
  const principal: Principal = { kind: "token", account: AccountRow.viewOf(account), token: id, scopes }
  return principal
})

const makeOwn = Effect.fnUntraced(function* (
  store: HubStore.HubStoreShape,
  principal: Principal | undefined,
  wanted: AdminPeople.NewToken
) {
  if (principal?.kind !== "session") return yield* Effect.fail(because(new PersonNeeded()))
  return yield* make(store, principal.account, wanted)
})

const makeFor = Effect.fnUntraced(function* (
  store: HubStore.HubStoreShape,
  principal: Principal | undefined,
  id: string,
  wanted: AdminPeople.NewToken
) {
  if (principal?.kind !== "door") return yield* Effect.fail(because(new DoorNeeded()))
  const account = yield* store.read(({ accounts }) => accounts.get(id))
  if (account === undefined) return yield* Effect.fail(because(new NoneOfPeople({ kind: "account", id })))
  return yield* make(store, AccountRow.viewOf(account), wanted)
})

const make = Effect.fnUntraced(function* (
  store: HubStore.HubStoreShape,
  account: AccountView,
  { days = AdminPeople.tokenDaysDefault, note, scopes }: AdminPeople.NewToken
) {
  const own = AdminScope.scopesOf[account.role]
  const beyond = scopes.filter((scope) => !own.has(scope))
  if (beyond.length > 0) return yield* Effect.fail(because(new ScopesExceeded({ scopes: beyond })))
  const madeMs = yield* Clock.currentTimeMillis
  const [id, secret] = [Secret.drawId(), Secret.draw()]
  const row: HubRow.TokenRow = {
    id,
    hash: Secret.hashOf(secret),
    account: account.id,
    note,
    scopes: [...new Set(scopes)],
    madeMs,
    expiresMs: madeMs + days * dayMs,
    usedMs: undefined
  }
  yield* store.change(({ tokens }) => {
    tokens.removeExpired(madeMs)
    tokens.put(row)
  })
  return { secret: `syn_${id}_${secret}`, token: shown(row) }
})

const end = Effect.fnUntraced(function* (
  store: HubStore.HubStoreShape,
  endings: Endings["Service"],
  id: string,
  account: string | undefined
) {
  const isEnded = yield* store.change(({ tokens }) => {
    const row = tokens.get(id)
    const isTheirs = row !== undefined && (account === undefined || row.account === account)
    return isTheirs && tokens.remove(id)
  })
  if (!isEnded) return yield* Effect.fail(because(new NoneOfPeople({ kind: "token", id })))
  yield* endings.tell([{ kind: "token", id }])
})
