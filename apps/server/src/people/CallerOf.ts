/** Who asks about people's things: a person, or who looks after accounts; and what somebody who was let in is told. */
import type { AdminPeople } from "@syncline/core/admin"
import { Effect } from "effect"
import type { Call } from "../rest/Endpoint.ts"
import { type Principal, scopesOf } from "../rest/Principal.ts"
import type { Newcomer, SignedIn } from "./Entrance.ts"
import { because, type PeopleError, PersonNeeded } from "./PeopleError.ts"
import * as SessionCookie from "./SessionCookie.ts"
import * as Sessions from "./Sessions.ts"

export type AnyCall = Call<unknown, unknown, unknown>

export const newcomer = ({ principal, remote, userAgent }: AnyCall): Newcomer => ({
  before: principal,
  remote,
  userAgent
})

/** Tells the browser its session, and the person who it is. */
export const entered = ({ setCookie }: AnyCall, { account, secret, signedInMs }: SignedIn): AdminPeople.Whoami => {
  setCookie(SessionCookie.keep(secret, Sessions.sessionMsMax))
  return whoami({ kind: "session", account, session: "", signedInMs })
}

export const whoami = (principal: Principal): AdminPeople.Whoami => {
  const account = principal.kind === "door" ? null : { ...principal.account, member: principal.account.member ?? null }
  const signedInMs = principal.kind === "session" ? principal.signedInMs : null
  return { kind: principal.kind, account, scopes: [...scopesOf(principal)], signedInMs }
}

/** Fails with `PersonNeeded`. */
export const person = (
  principal: Principal | undefined
): Effect.Effect<Extract<Principal, { readonly kind: "session" }>, PeopleError> =>
  principal?.kind === "session" ? Effect.succeed(principal) : Effect.fail(because(new PersonNeeded()))

/** The account whose things the caller may end: its own as a person, anybody's as who looks after accounts. */
export const reach = (principal: Principal | undefined): Effect.Effect<string | undefined, PeopleError> =>
  principal !== undefined && scopesOf(principal).has("accounts:write")
    ? Effect.undefined
    : Effect.map(person(principal), ({ account }) => account.id)
