/** Signing in and out, and what a person looks after of its own: its password, its sessions, its tokens. It decides nothing. */
import { AdminPeople } from "@syncline/core/admin"
import { Effect } from "effect"
import { type Call, endpoint } from "../rest/Endpoint.ts"
import { type Principal, scopesOf } from "../rest/Principal.ts"
import { because, type PeopleError, PersonNeeded } from "./PeopleError.ts"
import * as peopleProblems from "./peopleProblems.ts"
import * as SessionCookie from "./SessionCookie.ts"
import * as Sessions from "./Sessions.ts"
import { type Newcomer, type SignedIn, SigningIn } from "./SigningIn.ts"
import { Tokens } from "./Tokens.ts"

const problems = peopleProblems.people
const signingIn = { tag: "signing in", access: { kind: "open" }, problems } as const
const own = { tag: "signing in", access: { kind: "self" }, problems } as const

type AnyCall = Call<unknown, unknown, unknown>

const newcomerOf = ({ principal, remote, userAgent }: AnyCall): Newcomer => ({ before: principal, remote, userAgent })

/** Tells the browser its session, and the person who it is. */
const entered = ({ setCookie }: AnyCall, { account, secret, signedInMs }: SignedIn): AdminPeople.Whoami => {
  setCookie(SessionCookie.keep(secret, Sessions.sessionMsMax))
  return whoami({ kind: "session", account, session: "", signedInMs })
}

const whoami = (principal: Principal): AdminPeople.Whoami => {
  const account = principal.kind === "door" ? null : { ...principal.account, member: principal.account.member ?? null }
  const signedInMs = principal.kind === "session" ? principal.signedInMs : null
  return { kind: principal.kind, account, scopes: [...scopesOf(principal)], signedInMs }
}

const personOf = (
  principal: Principal | undefined
): Effect.Effect<Extract<Principal, { readonly kind: "session" }>, PeopleError> =>
  principal?.kind === "session" ? Effect.succeed(principal) : Effect.fail(because(new PersonNeeded()))

/** The account whose things the caller may end: its own as a person, anybody's as who looks after accounts. */
const reachOf = (principal: Principal | undefined): Effect.Effect<string | undefined, PeopleError> =>
  principal !== undefined && scopesOf(principal).has("accounts:write")
    ? Effect.undefined
    : Effect.map(personOf(principal), ({ account }) => account.id)

export const signInEndpoints = [
  endpoint({
    ...signingIn,
    id: "setup.get",
    method: "GET",
    path: "/setup",
    summary: "Whether this hub waits for its first account.",
    answer: AdminPeople.SetupState,
    run: () => Effect.flatMap(SigningIn, ({ isSetupNeeded }) => Effect.map(isSetupNeeded, (isNeeded) => ({ isNeeded })))
  }),
  endpoint({
    ...signingIn,
    id: "setup.make",
    method: "POST",
    path: "/setup",
    summary: "Makes the first account, its owner, by the token that the hub told when it started, and signs it in.",
    body: AdminPeople.Setup,
    status: 201,
    answer: AdminPeople.Whoami,
    run: (call) =>
      Effect.flatMap(SigningIn, ({ setUp }) =>
        Effect.map(setUp(call.body, newcomerOf(call)), (signedIn) => entered(call, signedIn))
      )
  }),
  endpoint({
    ...signingIn,
    id: "session.begin",
    method: "POST",
    path: "/session",
    summary: "Signs in by a name and a password.",
    body: AdminPeople.SignIn,
    answer: AdminPeople.Whoami,
    run: (call) =>
      Effect.flatMap(SigningIn, ({ byPassword }) =>
        Effect.map(byPassword(call.body, newcomerOf(call)), (signedIn) => entered(call, signedIn))
      )
  }),
  endpoint({
    ...signingIn,
    id: "session.beginByLink",
    method: "POST",
    path: "/session/link",
    summary: "Chooses a password by a one-time link, ends what was open of the account, and signs in.",
    body: AdminPeople.ByLink,
    answer: AdminPeople.Whoami,
    run: (call) =>
      Effect.flatMap(SigningIn, ({ byLink }) =>
        Effect.map(byLink(call.body, newcomerOf(call)), (signedIn) => entered(call, signedIn))
      )
  }),
  endpoint({
    ...own,
    id: "session.get",
    method: "GET",
    path: "/session",
    summary: "Who is signed in, and what that allows here.",
    answer: AdminPeople.Whoami,
    run: ({ principal }) =>
      principal === undefined ? Effect.die("nobody is signed in") : Effect.succeed(whoami(principal))
  }),
  endpoint({
    ...own,
    id: "session.end",
    method: "DELETE",
    path: "/session",
    summary: "Signs out.",
    answer: "none",
    run: Effect.fnUntraced(function* ({ principal, setCookie }) {
      const { account, session } = yield* personOf(principal)
      yield* (yield* Sessions.Sessions).end(session, account.id)
      setCookie(SessionCookie.drop)
    })
  }),
  endpoint({
    ...own,
    id: "sessions.list",
    method: "GET",
    path: "/sessions",
    summary: "Where the person is signed in.",
    answer: AdminPeople.Sessions,
    run: Effect.fnUntraced(function* ({ principal }) {
      const { account, session } = yield* personOf(principal)
      return { sessions: yield* (yield* Sessions.Sessions).list(account.id, session) }
    })
  }),
  endpoint({
    ...own,
    id: "sessions.end",
    method: "DELETE",
    path: "/sessions/:id",
    summary: "Ends a session: an own one, or any for who looks after accounts.",
    params: AdminPeople.OfId,
    answer: "none",
    audit: "path",
    run: Effect.fnUntraced(function* ({ params: { id }, principal }) {
      yield* (yield* Sessions.Sessions).end(id, yield* reachOf(principal))
    })
  }),
  endpoint({
    ...own,
    id: "password.change",
    method: "PUT",
    path: "/password",
    summary: "Another password, by the present one. All other sessions of the person end.",
    body: AdminPeople.PasswordChange,
    answer: AdminPeople.Whoami,
    audit: "path",
    run: (call) =>
      Effect.flatMap(SigningIn, ({ changePassword }) =>
        Effect.map(changePassword(call.body, newcomerOf(call)), (signedIn) => entered(call, signedIn))
      )
  }),
  endpoint({
    ...own,
    id: "tokens.list",
    method: "GET",
    path: "/tokens",
    summary: "The person's tokens.",
    answer: AdminPeople.Tokens,
    run: Effect.fnUntraced(function* ({ principal }) {
      const { account } = yield* personOf(principal)
      return { tokens: yield* (yield* Tokens).list(account.id) }
    })
  }),
  endpoint({
    ...own,
    id: "tokens.make",
    method: "POST",
    path: "/tokens",
    summary: "A token for a program. Its secret stands in this answer and never again.",
    access: { kind: "self", isFresh: true },
    body: AdminPeople.NewToken,
    status: 201,
    answer: AdminPeople.TokenMade,
    audit: (_, { token: { id, scopes } }) => `the token ${id} for ${scopes.join(", ")}`,
    run: Effect.fnUntraced(function* ({ body, principal }) {
      return yield* (yield* Tokens).make(principal, body)
    })
  }),
  endpoint({
    ...own,
    id: "tokens.end",
    method: "DELETE",
    path: "/tokens/:id",
    summary: "Ends a token: an own one, or any for who looks after accounts.",
    params: AdminPeople.OfId,
    answer: "none",
    audit: "path",
    run: Effect.fnUntraced(function* ({ params: { id }, principal }) {
      yield* (yield* Tokens).end(id, yield* reachOf(principal))
    })
  })
]
