/**
 * Signing in by another service, where the hub is set to one: by accounts that somebody who looks after them linked to a person there, and by
 * claims that the settings map to members. Nobody becomes an owner so. What the service must prove is `OidcProvider`'s.
 */
import { createHash } from "node:crypto"
import { Charter, Occupancy } from "@syncline/core"
import { AdminPeople } from "@syncline/core/admin"
import { type HubRow, HubStore, type HubStoreError } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { HubIdentity } from "../status/HubIdentity.ts"
import * as Challenges from "./Challenges.ts"
import { Endings } from "./Endings.ts"
import * as Entrance from "./Entrance.ts"
import * as OidcProvider from "./OidcProvider.ts"
import type { OidcSettings } from "./OidcSettings.ts"
import {
  because,
  LastCredential,
  NoneOfPeople,
  OidcOff,
  OidcRefused,
  OidcUnreachable,
  PasswordsBusy,
  type PeopleError
} from "./PeopleError.ts"
import * as RelyingParty from "./RelyingParty.ts"
import * as Secret from "./Secret.ts"
import * as Sessions from "./Sessions.ts"
import { SignInNews } from "./SignInNews.ts"
import * as SignInThrottle from "./SignInThrottle.ts"

/** How long a person may take at the other service, in milliseconds. */
export const awayMsMax = 10 * 60_000
/** People for whom the service is asked at a time; a further one fails with `PasswordsBusy`. */
export const askedMax = 16

type Answer<A> = Effect.Effect<A, PeopleError | HubStoreError.HubStoreError>

/** Where no service is set, all fail with `OidcOff`. */
export interface OidcShape {
  readonly isOn: boolean
  /** Where the browser goes, and a secret that it brings back. Fails with `OidcUnreachable`. */
  readonly begin: Answer<{ readonly url: string; readonly secret: string }>
  /**
   * Signs in whom the service vouches for. `query` is what the browser came back with. Fails with `OidcRefused`, whatever is wrong, and with
   * `OidcUnreachable`, `SignInTooOften` and `PasswordsBusy`.
   */
  readonly finish: (query: string, secret: string | undefined, newcomer: Entrance.Newcomer) => Answer<Entrance.SignedIn>
  /** Lets an account sign in as a person of the service. Fails with `NoneOfPeople` and `CredentialTaken`. */
  readonly link: (account: string, subject: string) => Answer<void>
  /** Takes it back, and ends the account's sessions. Fails with `NoneOfPeople` and `LastCredential`. */
  readonly unlink: (account: string) => Answer<void>
}

export interface OidcOptions {
  readonly publicUrl: string | undefined
  readonly settings: OidcSettings | undefined
}

export class Oidc extends Context.Service<Oidc, OidcShape>()("@syncline/server/people/Oidc") {
  static readonly layer = (
    options: OidcOptions
  ): Layer.Layer<Oidc, never, HubStore.HubStore | Endings | SignInNews | HubIdentity> =>
    Layer.effect(Oidc, make(options))
}

interface Desk {
  readonly settings: OidcSettings
  readonly provider: OidcProvider.OidcProvider
  readonly store: HubStore.HubStoreShape
  readonly endings: Endings["Service"]
  readonly news: SignInNews["Service"]
  readonly charter: Option.Option<Charter.CharterShape>
  readonly challenges: Challenges.Challenges
  readonly redirectUri: () => string
  /** People for whom the service is asked now. */
  asked: number
}

const make = Effect.fnUntraced(function* ({ publicUrl, settings }: OidcOptions) {
  const identity = yield* HubIdentity
  const challenges = new Challenges.Challenges(awayMsMax)
  const desk: Desk | undefined = settings && {
    settings,
    provider: OidcProvider.make(settings),
    store: yield* HubStore.HubStore,
    endings: yield* Endings,
    news: yield* SignInNews,
    charter: yield* Effect.serviceOption(Charter.Charter),
    challenges,
    redirectUri: () => redirectUriOf(publicUrl, identity.current.addresses[0]!),
    asked: 0
  }
  yield* Occupancy.watch([
    { kind: "queue", name: "oidc_sign_ins", limit: Challenges.answeredMax, length: () => challenges.answered },
    { kind: "queue", name: "oidc_asked", limit: askedMax, length: () => desk?.asked ?? 0 }
  ])
  const where = <A>(ask: (desk: Desk) => Answer<A>): Answer<A> =>
    Effect.suspend(() => (desk === undefined ? Effect.fail(because(new OidcOff())) : ask(desk)))
  return {
    isOn: desk !== undefined,
    begin: where(begin),
    finish: (query, secret, newcomer) => where((on) => finish(on, query, secret, newcomer)),
    link: (account, subject) => where((on) => link(on, account, subject)),
    unlink: (account) => where((on) => unlink(on, account))
  } satisfies OidcShape
})

/** Below the hub's public address; a hub without one is called on its own machine. */
const redirectUriOf = (publicUrl: string | undefined, address: string): string =>
  `${publicUrl ?? RelyingParty.of(undefined, address)!.origin}/oidc/callback`

const purpose = "sign in elsewhere"

/** Of a browser's secret, which says nothing of it. */
const secretsOf = (secret: string): OidcProvider.Secrets => {
  const of = (use: string) => createHash("sha256").update(`${use} ${secret}`).digest("base64url")
  return { state: of("state"), nonce: of("nonce"), verifier: of("verifier") }
}

const begin = Effect.fnUntraced(function* (desk: Desk) {
  const secret = desk.challenges.draw(purpose, yield* Clock.currentTimeMillis)
  const url = yield* asking(desk, desk.provider.urlOf(desk.redirectUri(), secretsOf(secret)))
  return { url, secret }
})

/** Asks the service when there is room; why it failed stands in the log. */
const asking = <A>(
  desk: Desk,
  question: Effect.Effect<A, OidcProvider.ProviderFailure>
): Effect.Effect<A, PeopleError> => {
  const asked = question.pipe(
    Effect.tapError(({ name }) => Effect.logWarning("signing in by another service failed", { reason: name })),
    Effect.mapError(({ isUnreachable }) => because(isUnreachable ? new OidcUnreachable() : new OidcRefused()))
  )
  return Effect.acquireUseRelease(
    Effect.suspend(() =>
      desk.asked < askedMax ? Effect.sync(() => void desk.asked++) : Effect.fail(because(new PasswordsBusy()))
    ),
    () => asked,
    () => Effect.sync(() => void desk.asked--)
  )
}

const finish = Effect.fnUntraced(function* (
  desk: Desk,
  query: string,
  secret: string | undefined,
  newcomer: Entrance.Newcomer
) {
  const keys = SignInThrottle.keysOf(newcomer.remote)
  yield* Entrance.attempt(desk, keys, () => undefined)
  const askedMs = yield* Clock.currentTimeMillis
  const refusedAs = (name: string | undefined) =>
    Effect.andThen(desk.news.refused(name, "oidc", newcomer), Effect.fail(because(new OidcRefused())))
  if (secret === undefined || !desk.challenges.isGood(secret, purpose, askedMs)) return yield* refusedAs(undefined)
  const url = new URL(`${desk.redirectUri()}?${query}`)
  const vouched = yield* Effect.catch(
    asking(desk, desk.provider.claimsOf(url, secretsOf(secret))),
    (error): Answer<OidcProvider.Claims> =>
      error.reason._tag === "OidcRefused" ? refusedAs(undefined) : Entrance.uncounted(desk, keys)(Effect.fail(error))
  )
  const nowMs = yield* Clock.currentTimeMillis
  // Only who was vouched for takes room, so nobody fills it.
  const taken = desk.challenges.take(secret, purpose, nowMs)
  if (taken === "busy") return yield* Entrance.uncounted(desk, keys)(Effect.fail(because(new PasswordsBusy())))
  if (taken === "refused") return yield* refusedAs(undefined)
  const entered = yield* desk.store.change((rows) => {
    const account = accountOf(desk, rows, vouched, nowMs)
    if (account === undefined || account.isDisabled) return { refused: account?.name }
    SignInThrottle.succeed(rows, keys)
    return Entrance.enter(rows, account, newcomer, nowMs)
  })
  if ("refused" in entered) return yield* refusedAs(entered.refused)
  yield* desk.endings.tell(entered.ended)
  yield* desk.news.signedIn(entered.signedIn.account.name, "oidc", newcomer)
  return entered.signedIn
})

/** The account that is linked to the person, else that of the member whose the claims are. */
const accountOf = (desk: Desk, rows: HubStore.HubRows, claims: OidcProvider.Claims, nowMs: number) => {
  const { sub } = claims
  if (typeof sub !== "string") return undefined
  const linked = rows.credentials.get("oidc", idOf(desk.settings.issuer, sub))
  if (linked !== undefined) {
    rows.credentials.put({ ...linked, usedMs: nowMs })
    return rows.accounts.get(linked.account)
  }
  const member = memberOf(desk.settings, claims)
  if (member === undefined || Option.isNone(desk.charter)) return undefined
  if (!desk.charter.value.state().members.has(member)) return undefined
  const [own, ...others] = rows.accounts.ofMember(member)
  if (own === undefined) return newcomerOf(rows, member, nowMs)
  // An owner is linked by hand, and of several nobody knows which is meant.
  return others.length > 0 || own.role === "owner" ? undefined : own
}

/** An account that reads, under the member's name where nobody has it. */
const newcomerOf = (rows: HubStore.HubRows, member: string, madeMs: number): HubRow.AccountRow | undefined => {
  const name = AdminPeople.accountNameOf(member)
  if (rows.accounts.named(name) !== undefined) return undefined
  const row: HubRow.AccountRow = { id: Secret.drawId(), name, role: "viewer", member, isDisabled: false, madeMs }
  rows.accounts.put(row)
  return row
}

/** The one member whose the claims are; an address of mail counts only where the service has checked it. */
const memberOf = ({ members }: OidcSettings, claims: OidcProvider.Claims): string | undefined => {
  const isClaimed = (claim: string, text: string) =>
    claims[claim] === text && (claim !== "email" || claims["email_verified"] === true)
  const meant = members.filter(({ claim, text }) => isClaimed(claim, text)).map(({ member }) => member)
  return new Set(meant).size === 1 ? meant[0] : undefined
}

const Kept = Schema.fromJsonString(Schema.Struct({ issuer: Schema.String, subject: Schema.String }))
const encode = Schema.encodeSync(Kept)

const idOf = (issuer: string, subject: string): string => Secret.hashOf(`${issuer}\n${subject}`)

const missing = (id: string) => because(new NoneOfPeople({ kind: "account", id }))

const link = Effect.fnUntraced(function* ({ settings: { issuer }, store }: Desk, account: string, subject: string) {
  const madeMs = yield* Clock.currentTimeMillis
  const isLinked = yield* store.change((rows) => {
    if (rows.accounts.get(account) === undefined) return false
    const data = encode({ issuer, subject })
    const id = idOf(issuer, subject)
    rows.credentials.put({ kind: "oidc", id, account, data, madeMs, usedMs: undefined, counter: 0 })
    return true
  })
  if (!isLinked) return yield* Effect.fail(missing(account))
})

const unlink = Effect.fnUntraced(function* ({ endings, store }: Desk, account: string) {
  const result = yield* store.change((rows) => {
    if (rows.accounts.get(account) === undefined) return missing(account)
    const all = rows.credentials.ofAccount(account)
    const those = all.filter(({ kind }) => kind === "oidc")
    if (those.length === 0) return []
    if (those.length === all.length) return because(new LastCredential())
    for (const { id } of those) rows.credentials.remove("oidc", id)
    return Sessions.endedOf(rows.sessions.removeOf(account))
  })
  if ("reason" in result) return yield* Effect.fail(result)
  yield* endings.tell(result)
})
