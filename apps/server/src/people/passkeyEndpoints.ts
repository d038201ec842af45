/** Passkeys: signing in by one, and what a person looks after of its own. It decides nothing. */
import { AdminPasskeys, AdminPeople } from "@syncline/core/admin"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import { Accounts } from "./Accounts.ts"
import * as CallerOf from "./CallerOf.ts"
import { Passkeys } from "./Passkeys.ts"
import * as peopleProblems from "./peopleProblems.ts"

const problems = peopleProblems.people
const signingIn = { tag: "signing in", access: { kind: "open" }, problems } as const
const own = { tag: "passkeys", access: { kind: "self" }, problems } as const
const ownFresh = { ...own, access: { kind: "self", isFresh: true } } as const

export const passkeyEndpoints = [
  endpoint({
    ...signingIn,
    id: "session.passkeyOptions",
    method: "POST",
    path: "/session/passkey/options",
    summary:
      "What a browser is to be asked to sign in by a passkey: the same for everybody, and good for five minutes.",
    answer: AdminPasskeys.RequestOptions,
    run: () => Effect.flatMap(Passkeys, ({ requestOptions }) => requestOptions)
  }),
  endpoint({
    ...signingIn,
    id: "session.beginByPasskey",
    method: "POST",
    path: "/session/passkey",
    summary: "Signs in by a passkey.",
    body: AdminPasskeys.ByPasskey,
    answer: AdminPeople.Whoami,
    run: (call) =>
      Effect.flatMap(Passkeys, ({ signIn }) =>
        Effect.map(signIn(call.body.credential, CallerOf.newcomer(call)), (signedIn) =>
          CallerOf.entered(call, signedIn)
        )
      )
  }),
  endpoint({
    ...own,
    id: "passkeys.list",
    method: "GET",
    path: "/passkeys",
    summary: "The person's passkeys.",
    answer: AdminPasskeys.Passkeys,
    run: Effect.fnUntraced(function* ({ principal }) {
      const { account } = yield* CallerOf.person(principal)
      return { passkeys: yield* (yield* Passkeys).list(account.id) }
    })
  }),
  endpoint({
    ...ownFresh,
    id: "passkeys.options",
    method: "POST",
    path: "/passkeys/options",
    summary: "What the person's browser is to be asked for a new passkey, good for five minutes.",
    answer: AdminPasskeys.CreationOptions,
    run: Effect.fnUntraced(function* ({ principal }) {
      return yield* (yield* Passkeys).creationOptions(yield* CallerOf.person(principal))
    })
  }),
  endpoint({
    ...ownFresh,
    id: "passkeys.add",
    method: "POST",
    path: "/passkeys",
    summary: "Adds a passkey that the person's browser made.",
    body: AdminPasskeys.NewPasskey,
    status: 201,
    answer: AdminPasskeys.Passkey,
    audit: (_, { id }) => `the passkey ${id}`,
    run: Effect.fnUntraced(function* ({ body, principal }) {
      return yield* (yield* Passkeys).add(yield* CallerOf.person(principal), body)
    })
  }),
  endpoint({
    ...own,
    id: "passkeys.rename",
    method: "PATCH",
    path: "/passkeys/:id",
    summary: "Calls an own passkey something else.",
    params: AdminPeople.OfId,
    body: AdminPasskeys.PasskeyChange,
    answer: AdminPasskeys.Passkey,
    audit: "path",
    run: Effect.fnUntraced(function* ({ body, params: { id }, principal }) {
      return yield* (yield* Passkeys).rename(yield* CallerOf.person(principal), id, body.name)
    })
  }),
  endpoint({
    ...ownFresh,
    id: "passkeys.remove",
    method: "DELETE",
    path: "/passkeys/:id",
    summary:
      "Removes a passkey: an own one, or any for who looks after accounts. All other sessions of its account end.",
    params: AdminPeople.OfId,
    answer: "none",
    audit: "path",
    run: Effect.fnUntraced(function* ({ params: { id }, principal }) {
      const current = principal?.kind === "session" ? principal.session : undefined
      yield* (yield* Passkeys).remove(id, yield* CallerOf.reach(principal), current)
    })
  }),
  endpoint({
    tag: "accounts",
    access: { kind: "scope", scope: "accounts:write" },
    problems,
    id: "accounts.passkeys",
    method: "GET",
    path: "/accounts/:id/passkeys",
    summary: "An account's passkeys.",
    params: AdminPeople.OfId,
    answer: AdminPasskeys.Passkeys,
    run: Effect.fnUntraced(function* ({ params: { id } }) {
      yield* (yield* Accounts).get(id)
      return { passkeys: yield* (yield* Passkeys).list(id) }
    })
  })
]
