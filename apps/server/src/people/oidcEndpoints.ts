/** Signing in by another service: how it begins, and which accounts may. It decides nothing; browsers come back to `OidcRoute`. */
import { AdminOidc, AdminPeople } from "@syncline/core/admin"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import { Accounts } from "./Accounts.ts"
import { awayMsMax, Oidc } from "./Oidc.ts"
import * as OidcCookie from "./OidcCookie.ts"
import * as peopleProblems from "./peopleProblems.ts"

const problems = peopleProblems.people
const writing = {
  tag: "accounts",
  access: { kind: "scope", scope: "accounts:write", isFresh: true },
  problems,
  params: AdminPeople.OfId
} as const

export const oidcEndpoints = [
  endpoint({
    tag: "signing in",
    access: { kind: "open" },
    problems,
    id: "session.oidc",
    method: "POST",
    path: "/session/oidc",
    summary: "Where a browser goes to sign in by the other service that the hub is set to.",
    answer: AdminOidc.Begun,
    run: ({ setCookie }) =>
      Effect.flatMap(Oidc, ({ begin }) =>
        Effect.map(begin, ({ secret, url }) => {
          setCookie(OidcCookie.keep(secret, awayMsMax))
          return { url }
        })
      )
  }),
  endpoint({
    ...writing,
    id: "accounts.linkOidc",
    method: "POST",
    path: "/accounts/:id/oidc",
    summary: "Lets an account sign in as a person of the other service.",
    body: AdminOidc.Link,
    answer: AdminPeople.Account,
    audit: "path",
    run: Effect.fnUntraced(function* ({ body, params: { id } }) {
      yield* (yield* Oidc).link(id, body.subject)
      return yield* (yield* Accounts).get(id)
    })
  }),
  endpoint({
    ...writing,
    id: "accounts.unlinkOidc",
    method: "DELETE",
    path: "/accounts/:id/oidc",
    summary: "Lets an account sign in by the other service no more, and ends its sessions.",
    answer: "none",
    audit: "path",
    run: ({ params: { id } }) => Effect.flatMap(Oidc, ({ unlink }) => unlink(id))
  })
]
