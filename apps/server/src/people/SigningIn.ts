/**
 * How people sign in: the first of all by the setup token, others by a password or by a one-time link that lets them choose one. Each
 * sign-in begins a session under a new secret. Whether somebody may try at all is `SignInThrottle`'s, and what an account may do
 * the frame's.
 */
import { Charter } from "@syncline/core"
import { AdminPeople } from "@syncline/core/admin"
import { type HubRow, HubStore, type HubStoreError } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer, Option, Redacted } from "effect"
import * as AccountLink from "./AccountLink.ts"
import { Endings } from "./Endings.ts"
import * as Entrance from "./Entrance.ts"
import { Passwords, type PasswordsShape } from "./Passwords.ts"
import { because, LinkRefused, type PeopleError, PersonNeeded, SetupRefused, SignInRefused } from "./PeopleError.ts"
import * as Secret from "./Secret.ts"
import * as Sessions from "./Sessions.ts"
import { SignInNews } from "./SignInNews.ts"
import * as SignInThrottle from "./SignInThrottle.ts"

/** How long the setup token is good, in milliseconds. */
export const setupMsMax = 24 * 60 * 60_000
/** The member that a team's first account acts as, where the team has it. */
const foundingMember = "owner"

type Signing = Effect.Effect<Entrance.SignedIn, PeopleError | HubStoreError.HubStoreError>

/** All of them may fail with `SignInTooOften` and `PasswordsBusy`. */
export interface SigningInShape {
  /** Draws the token of a hub that has no account; `undefined` where it has one. One that was drawn before is no longer good. */
  readonly drawSetupToken: Effect.Effect<string | undefined, HubStoreError.HubStoreError>
  /** Whether the hub has no account. */
  readonly isSetupNeeded: Effect.Effect<boolean, HubStoreError.HubStoreError>
  /** Makes the first account, which owns the hub. Fails with `SetupRefused`. */
  readonly setUp: (given: typeof AdminPeople.Setup.Type, newcomer: Entrance.Newcomer) => Signing
  /** Fails with `SignInRefused`, whatever is wrong. */
  readonly byPassword: (given: typeof AdminPeople.SignIn.Type, newcomer: Entrance.Newcomer) => Signing
  /** Sets the link's account a password and ends its other sessions. Fails with `LinkRefused`. */
  readonly byLink: (given: typeof AdminPeople.ByLink.Type, newcomer: Entrance.Newcomer) => Signing
  /** Sets the person another password, ends its other sessions and goes on under a new secret. Fails with `SignInRefused`. */
  readonly changePassword: (given: typeof AdminPeople.PasswordChange.Type, newcomer: Entrance.Newcomer) => Signing
}

export class SigningIn extends Context.Service<SigningIn, SigningInShape>()("@syncline/server/people/SigningIn") {
  static readonly layer: Layer.Layer<SigningIn, never, HubStore.HubStore | Endings | Passwords | SignInNews> =
    Layer.effect(
      SigningIn,
      Effect.suspend(() => make())
    )
}

interface Desk {
  readonly store: HubStore.HubStoreShape
  readonly endings: Endings["Service"]
  readonly passwords: PasswordsShape
  readonly news: SignInNews["Service"]
  readonly charter: Option.Option<Charter.CharterShape>
  /** What is kept of the setup token while it is good. */
  setup: { readonly hash: string; readonly untilMs: number } | undefined
}

const make = Effect.fnUntraced(function* () {
  const desk: Desk = {
    store: yield* HubStore.HubStore,
    endings: yield* Endings,
    passwords: yield* Passwords,
    news: yield* SignInNews,
    charter: yield* Effect.serviceOption(Charter.Charter),
    setup: undefined
  }
  const isSetupNeeded = desk.store.read(({ accounts }) => accounts.count() === 0)
  return {
    isSetupNeeded,
    drawSetupToken: Effect.flatMap(isSetupNeeded, (isNeeded) => (isNeeded ? drawSetupToken(desk) : Effect.undefined)),
    setUp: (given, newcomer) => setUp(desk, given, newcomer),
    byPassword: (given, newcomer) => byPassword(desk, given, newcomer),
    byLink: (given, newcomer) => byLink(desk, given, newcomer),
    changePassword: (given, newcomer) => changePassword(desk, given, newcomer)
  } satisfies SigningInShape
})

const drawSetupToken = Effect.fnUntraced(function* (desk: Desk) {
  const token = Secret.draw()
  desk.setup = { hash: Secret.hashOf(token), untilMs: (yield* Clock.currentTimeMillis) + setupMsMax }
  return token
})

const setPassword = (rows: HubStore.HubRows, account: string, phc: string, nowMs: number): void =>
  rows.credentials.put({
    kind: "password",
    id: account,
    account,
    data: phc,
    madeMs: nowMs,
    usedMs: nowMs,
    counter: 0
  })

const setUp = Effect.fnUntraced(function* (
  desk: Desk,
  { name: typed, password, token }: typeof AdminPeople.Setup.Type,
  newcomer: Entrance.Newcomer
) {
  const keys = SignInThrottle.keysOf(newcomer.remote)
  const isEmpty = yield* Entrance.attempt(desk, keys, ({ accounts }) => accounts.count() === 0)
  const refused = Effect.andThen(
    desk.news.refused(undefined, "setup", newcomer),
    Effect.fail(because(new SetupRefused()))
  )
  const { setup } = desk
  const isGood = setup !== undefined && Secret.isOf(setup.hash, token)
  if (!isEmpty || !isGood || setup.untilMs <= (yield* Clock.currentTimeMillis)) return yield* refused
  const phc = yield* Entrance.uncounted(desk, keys)(desk.passwords.hash(Redacted.make(password)))
  const nowMs = yield* Clock.currentTimeMillis
  const account: HubRow.AccountRow = {
    id: Secret.drawId(),
    name: AdminPeople.accountNameOf(typed),
    role: "owner",
    member: foundingMemberOf(desk),
    isDisabled: false,
    madeMs: nowMs
  }
  const entered = yield* desk.store.change((rows) => {
    if (rows.accounts.count() > 0) return undefined
    rows.accounts.put(account)
    setPassword(rows, account.id, phc, nowMs)
    SignInThrottle.succeed(rows, keys)
    return Entrance.enter(rows, account, newcomer, nowMs)
  })
  if (entered === undefined) return yield* refused
  desk.setup = undefined
  yield* desk.news.signedIn(account.name, "setup", newcomer)
  return entered.signedIn
})

const foundingMemberOf = ({ charter }: Desk): string | undefined =>
  Option.isSome(charter) && charter.value.state().members.has(foundingMember) ? foundingMember : undefined

interface Found {
  readonly account: HubRow.AccountRow | undefined
  readonly phc: string | undefined
}

const passwordOf = (rows: HubStore.HubReads, account: HubRow.AccountRow | undefined): Found => ({
  account,
  phc: account === undefined ? undefined : rows.credentials.get("password", account.id)?.data
})

/** Checks a password, as slowly where there is none to check, and fails alike whatever is wrong. */
const prove = Effect.fnUntraced(function* (
  desk: Desk,
  keys: SignInThrottle.Keys,
  { account, phc }: Found,
  password: string,
  newcomer: Entrance.Newcomer
) {
  const matching = desk.passwords.matches(Redacted.make(password), phc)
  const { isOld, isRight } = yield* Entrance.uncounted(desk, keys)(matching)
  if (account !== undefined && isRight && !account.isDisabled) return { account, isOld }
  yield* desk.news.refused(account?.name, "password", newcomer)
  return yield* Effect.fail(because(new SignInRefused()))
})

const byPassword = Effect.fnUntraced(function* (
  desk: Desk,
  { name: typed, password }: typeof AdminPeople.SignIn.Type,
  newcomer: Entrance.Newcomer
) {
  const name = AdminPeople.accountNameOf(typed)
  const keys = SignInThrottle.keysOf(newcomer.remote, name)
  const found = yield* Entrance.attempt(desk, keys, (rows) => passwordOf(rows, rows.accounts.named(name)))
  const { account, isOld } = yield* prove(desk, keys, found, password, newcomer)
  const phc = isOld ? yield* Entrance.uncounted(desk, keys)(desk.passwords.hash(Redacted.make(password))) : found.phc!
  const nowMs = yield* Clock.currentTimeMillis
  const entered = yield* desk.store.change((rows) => {
    // Since it was looked at, the account may have been disabled or got another password.
    const now = rows.accounts.get(account.id)
    const credential = rows.credentials.get("password", account.id)
    if (now === undefined || now.isDisabled || credential?.data !== found.phc) return undefined
    SignInThrottle.succeed(rows, keys)
    rows.credentials.put({ ...credential!, data: phc, usedMs: nowMs })
    return Entrance.enter(rows, now, newcomer, nowMs)
  })
  if (entered === undefined) return yield* Effect.fail(because(new SignInRefused()))
  yield* desk.endings.tell(entered.ended)
  yield* desk.news.signedIn(account.name, "password", newcomer)
  return entered.signedIn
})

/** Sets a password inside a change, ends what was open of the account, and begins anew. */
const renew = (
  rows: HubStore.HubRows,
  account: HubRow.AccountRow,
  phc: string,
  newcomer: Entrance.Newcomer,
  nowMs: number
) => {
  setPassword(rows, account.id, phc, nowMs)
  const others = Sessions.endedOf(rows.sessions.removeOf(account.id))
  const { ended, signedIn } = Entrance.enter(rows, account, newcomer, nowMs)
  return { signedIn, ended: [...others, ...ended] }
}

const byLink = Effect.fnUntraced(function* (
  desk: Desk,
  { link, password }: typeof AdminPeople.ByLink.Type,
  newcomer: Entrance.Newcomer
) {
  const keys = SignInThrottle.keysOf(newcomer.remote)
  const askedMs = yield* Clock.currentTimeMillis
  const isGood = yield* Entrance.attempt(desk, keys, (rows) => AccountLink.accountOf(rows, link, askedMs) !== undefined)
  const refused = Effect.andThen(
    desk.news.refused(undefined, "link", newcomer),
    Effect.fail(because(new LinkRefused()))
  )
  if (!isGood) return yield* refused
  const phc = yield* Entrance.uncounted(desk, keys)(desk.passwords.hash(Redacted.make(password)))
  const nowMs = yield* Clock.currentTimeMillis
  const entered = yield* desk.store.change((rows) => {
    const id = AccountLink.accountOf(rows, link, nowMs)
    const account = id === undefined ? undefined : rows.accounts.get(id)
    if (account === undefined || account.isDisabled) return undefined
    AccountLink.end(rows, account.id)
    SignInThrottle.succeed(rows, { ...keys, name: SignInThrottle.keysOf("", account.name).name })
    return { account, ...renew(rows, account, phc, newcomer, nowMs) }
  })
  if (entered === undefined) return yield* refused
  yield* desk.endings.tell(entered.ended)
  yield* desk.news.signedIn(entered.account.name, "link", newcomer)
  return entered.signedIn
})

const changePassword = Effect.fnUntraced(function* (
  desk: Desk,
  { current, next }: typeof AdminPeople.PasswordChange.Type,
  newcomer: Entrance.Newcomer
) {
  const { before } = newcomer
  if (before?.kind !== "session") return yield* Effect.fail(because(new PersonNeeded()))
  const { id, name } = before.account
  const keys = SignInThrottle.keysOf(newcomer.remote, name)
  const found = yield* Entrance.attempt(desk, keys, (rows) => passwordOf(rows, rows.accounts.get(id)))
  yield* prove(desk, keys, found, current, newcomer)
  const phc = yield* Entrance.uncounted(desk, keys)(desk.passwords.hash(Redacted.make(next)))
  const nowMs = yield* Clock.currentTimeMillis
  const entered = yield* desk.store.change((rows) => {
    const now = rows.accounts.get(id)
    const isSame = rows.credentials.get("password", id)?.data === found.phc
    if (now === undefined || now.isDisabled || !isSame) return undefined
    SignInThrottle.succeed(rows, keys)
    // Whoever has it could choose yet another one.
    AccountLink.end(rows, id)
    return renew(rows, now, phc, newcomer, nowMs)
  })
  if (entered === undefined) return yield* Effect.fail(because(new SignInRefused()))
  yield* desk.endings.tell(entered.ended)
  return entered.signedIn
})
