/** Signing in and out, and what a person looks after of its own: its password, its sessions, its tokens. It decides nothing. */
import { AdminPasskeys, AdminPeople } from "@syncline/core/admin"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import * as CallerOf from "./CallerOf.ts"
import { Oidc } from "./Oidc.ts"
import { Passkeys } from "./Passkeys.ts"
import * as peopleProblems from "./peopleProblems.ts"
import * as SessionCookie from "./SessionCookie.ts"
import * as Sessions from "./Sessions.ts"
import { SigningIn } from "./SigningIn.ts"
import { Tokens } from "./Tokens.ts"

const problems = peopleProblems.people
const signingIn = { tag: "signing in", access: { kind: "open" }, problems } as const
const own = { tag: "signing in", access: { kind: "self" }, problems } as const

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
        Effect.map(setUp(call.body, CallerOf.newcomer(call)), (signedIn) => CallerOf.entered(call, signedIn))
      )
  }),
  endpoint({
    ...signingIn,
    id: "session.ways",
    method: "GET",
    path: "/session/ways",
    summary: "How people may sign in here, beside by a password.",
    answer: AdminPasskeys.Ways,
    run: Effect.fnUntraced(function* () {
      return { passkeys: (yield* Passkeys).isOn, oidc: (yield* Oidc).isOn }
    })
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
        Effect.map(byPassword(call.body, CallerOf.newcomer(call)), (signedIn) => CallerOf.entered(call, signedIn))
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
        Effect.map(byLink(call.body, CallerOf.newcomer(call)), (signedIn) => CallerOf.entered(call, signedIn))
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
      principal === undefined ? Effect.die("nobody is signed in") : Effect.succeed(CallerOf.whoami(principal))
  }),
  endpoint({
    ...own,
    id: "session.end",
    method: "DELETE",
    path: "/session",
    summary: "Signs out.",
    answer: "none",
    run: Effect.fnUntraced(function* ({ principal, setCookie }) {
      const { account, session } = yield* CallerOf.person(principal)
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
      const { account, session } = yield* CallerOf.person(principal)
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
      yield* (yield* Sessions.Sessions).end(id, yield* CallerOf.reach(principal))
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
        Effect.map(changePassword(call.body, CallerOf.newcomer(call)), (signedIn) => CallerOf.entered(call, signedIn))
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
      const { account } = yield* CallerOf.person(principal)
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
      yield* (yield* Tokens).end(id, yield* CallerOf.reach(principal))
    })
  })
]
