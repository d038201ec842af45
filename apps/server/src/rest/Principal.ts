/**
 * Who calls the REST interface: a program that may read the hub's data folder, a signed-in person, or a program with a token of one.
 * Whose a request is gets found out here once; what that allows is the frame's to check and, in the space, the charter's.
 */
import { AdminScope } from "@syncline/core/admin"
import { Context, type Effect, type Stream } from "effect"
import type { IncomingHttpHeaders } from "node:http"
import type { Failure } from "./Failure.ts"

/** A login of a person at this hub, as far as others see it. */
export interface AccountView {
  readonly id: string
  readonly name: string
  readonly role: AdminScope.HubRole
  /** The member of the team that it acts as. */
  readonly member: string | undefined
}

export type Principal =
  /** Whoever may read the data folder, e.g. the command line on the hub's machine. */
  | { readonly kind: "door" }
  | {
      readonly kind: "session"
      readonly account: AccountView
      readonly session: string
      /** When the person last proved who it is, in Unix milliseconds. */
      readonly signedInMs: number
    }
  | {
      readonly kind: "token"
      readonly account: AccountView
      readonly token: string
      readonly scopes: ReadonlySet<AdminScope.AdminScope>
    }

/** Everything, for who holds the data folder. */
const all: ReadonlySet<AdminScope.AdminScope> = new Set(AdminScope.scopes)

/** What a caller may be allowed. A token never has more than its account has now. */
export const scopesOf = (principal: Principal): ReadonlySet<AdminScope.AdminScope> => {
  if (principal.kind === "door") return all
  const ofRole = AdminScope.scopesOf[principal.account.role]
  return principal.kind === "token" ? new Set([...principal.scopes].filter((scope) => ofRole.has(scope))) : ofRole
}

/** Characters of who stands behind an act, as charter and audit keep it. */
const behalfCharsMax = 128

/** Who stands behind an act of the hub's device. */
export const behalfOf = (principal: Principal): string => {
  if (principal.kind === "door") return "the hub's machine"
  const { member, name } = principal.account
  const asMember = member === undefined ? "" : ` (${member})`
  const how = principal.kind === "token" ? ", by a token" : ""
  return `${name}${asMember}${how}`.slice(0, behalfCharsMax)
}

/** What ended: its calls are refused from now on, and its sockets are cut. */
export interface Ended {
  readonly kind: "session" | "token" | "account"
  readonly id: string
}

/** A request of any kind, as far as it says whose it is. */
export interface Asking {
  readonly headers: IncomingHttpHeaders
}

export class Identify extends Context.Service<
  Identify,
  {
    /** Whose a request is; `undefined` where it is nobody's, or of a session or token that is over. */
    readonly of: (request: Asking) => Effect.Effect<Principal | undefined, Failure>
    /** Tells what ended, at once. */
    readonly ended: Stream.Stream<Ended>
  }
>()("@syncline/server/rest/Principal/Identify") {}
