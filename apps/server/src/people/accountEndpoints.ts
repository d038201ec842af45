/** Accounts of the hub, for those who look after them: its owners, and the hub's machine. It decides nothing. */
import { AdminPage, AdminPeople } from "@syncline/core/admin"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import { Accounts } from "./Accounts.ts"
import * as peopleProblems from "./peopleProblems.ts"
import { Sessions } from "./Sessions.ts"
import { Tokens } from "./Tokens.ts"

const reading = {
  method: "GET",
  tag: "accounts",
  access: { kind: "scope", scope: "accounts:write" },
  problems: peopleProblems.people
} as const
const writing = {
  ...reading,
  access: { kind: "scope", scope: "accounts:write", isFresh: true },
  audit: "path"
} as const

export const accountEndpoints = [
  endpoint({
    ...reading,
    id: "accounts.list",
    path: "/accounts",
    summary: "Accounts, by their names.",
    query: AdminPage.Query,
    answer: AdminPeople.Accounts,
    run: ({ query }) => Effect.flatMap(Accounts, ({ list }) => list(query))
  }),
  endpoint({
    ...reading,
    id: "accounts.get",
    path: "/accounts/:id",
    summary: "An account.",
    params: AdminPeople.OfId,
    answer: AdminPeople.Account,
    run: ({ params: { id } }) => Effect.flatMap(Accounts, ({ get }) => get(id))
  }),
  endpoint({
    ...writing,
    id: "accounts.make",
    method: "POST",
    path: "/accounts",
    summary: "A new account, with a one-time link by which its person chooses a password.",
    body: AdminPeople.NewAccount,
    status: 201,
    answer: AdminPeople.Made,
    audit: (_, { account: { id, member, name, role } }) =>
      `the account ${id} of ${name}, ${role}, ${member === null ? "as no member" : `as the member ${member}`}`,
    run: ({ body }) =>
      Effect.flatMap(Accounts, ({ make }) => make({ ...body, name: AdminPeople.accountNameOf(body.name) }))
  }),
  endpoint({
    ...writing,
    id: "accounts.link",
    method: "POST",
    path: "/accounts/:id/link",
    summary: "A new one-time link for an account, in place of one before, e.g. for a password that was forgotten.",
    params: AdminPeople.OfId,
    answer: AdminPeople.Link,
    run: ({ params: { id } }) => Effect.flatMap(Accounts, ({ link }) => link(id))
  }),
  endpoint({
    ...writing,
    id: "accounts.change",
    method: "PATCH",
    path: "/accounts/:id",
    summary: "Another role or member, or no more signing in. All sessions of the account end.",
    params: AdminPeople.OfId,
    body: AdminPeople.AccountChanges,
    answer: AdminPeople.Account,
    audit: (_, { id, isDisabled, member, name, role }) =>
      `the account ${id} of ${name}: ${role}, ${member === null ? "as no member" : `as the member ${member}`}${isDisabled ? ", disabled" : ""}`,
    run: ({ body, params: { id } }) => Effect.flatMap(Accounts, ({ change }) => change(id, body))
  }),
  endpoint({
    ...writing,
    id: "accounts.remove",
    method: "DELETE",
    path: "/accounts/:id",
    summary: "Removes an account with all that it has.",
    params: AdminPeople.OfId,
    answer: "none",
    run: ({ params: { id } }) => Effect.flatMap(Accounts, ({ remove }) => remove(id))
  }),
  endpoint({
    ...reading,
    id: "accounts.sessions",
    path: "/accounts/:id/sessions",
    summary: "Where an account is signed in.",
    params: AdminPeople.OfId,
    answer: AdminPeople.Sessions,
    run: Effect.fnUntraced(function* ({ params: { id }, principal }) {
      yield* (yield* Accounts).get(id)
      const current = principal?.kind === "session" ? principal.session : undefined
      return { sessions: yield* (yield* Sessions).list(id, current) }
    })
  }),
  endpoint({
    ...writing,
    id: "accounts.endSessions",
    method: "DELETE",
    path: "/accounts/:id/sessions",
    summary: "Signs an account out everywhere.",
    params: AdminPeople.OfId,
    answer: "none",
    run: ({ params: { id } }) => Effect.flatMap(Accounts, ({ endSessions }) => endSessions(id))
  }),
  endpoint({
    ...reading,
    id: "accounts.tokens",
    path: "/accounts/:id/tokens",
    summary: "An account's tokens.",
    params: AdminPeople.OfId,
    answer: AdminPeople.Tokens,
    run: Effect.fnUntraced(function* ({ params: { id } }) {
      yield* (yield* Accounts).get(id)
      return { tokens: yield* (yield* Tokens).list(id) }
    })
  }),
  endpoint({
    ...writing,
    id: "accounts.makeToken",
    method: "POST",
    path: "/accounts/:id/tokens",
    summary:
      "A token of an account, for who asks on the hub's machine. Its secret stands in this answer and never again.",
    params: AdminPeople.OfId,
    body: AdminPeople.NewToken,
    status: 201,
    answer: AdminPeople.TokenMade,
    audit: ({ params: { id: account } }, { token: { id, scopes } }) =>
      `the token ${id} of the account ${account} for ${scopes.join(", ")}`,
    run: Effect.fnUntraced(function* ({ body, params: { id }, principal }) {
      return yield* (yield* Tokens).makeFor(principal, id, body)
    })
  })
]
