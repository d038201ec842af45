/** Asks a hub about the people who sign in to it: which hub that is, and which accounts are meant. What is done with them is the commands'. */
import { AdminPeople } from "@syncline/core/admin"
import { Effect } from "effect"
import { because, type CliError, UsageInvalid } from "./CliError.ts"
import * as HubClient from "./HubClient.ts"
import * as LocalDoor from "./LocalDoor.ts"

/** The hub that runs on a folder, or one at an address. */
export interface At {
  readonly data: string
  readonly at: string | undefined
  readonly tokenFile: string | undefined
}

/** Asks for as many accounts at a time as a page has. */
const accountsPath = "accounts?limit=1000"

/** Where it is, and what lets in there. */
export const placeOf = ({ at, data, tokenFile }: At): Effect.Effect<HubClient.Place, CliError> =>
  at === undefined ? LocalDoor.placeOf(data) : HubClient.placeOf(at, tokenFile)

export const ask = <A, I>(
  { at, data, tokenFile }: At,
  question: HubClient.Question<A, I>
): Effect.Effect<A, CliError> =>
  at === undefined ? LocalDoor.ask(data, question) : HubClient.askAt(at, tokenFile, question)

/** All accounts, by their names. */
export const accounts = Effect.fnUntraced(function* (at: At) {
  const all: Array<AdminPeople.Account> = []
  let after: string | null = null
  do {
    const path: string = after === null ? accountsPath : `${accountsPath}&after=${encodeURIComponent(after)}`
    const page: typeof AdminPeople.Accounts.Type = yield* ask(at, { path, answer: AdminPeople.Accounts })
    all.push(...page.items)
    after = page.next
  } while (after !== null)
  return all
})

/** The account of a name or an id. Fails with `UsageInvalid`. */
export const account = Effect.fnUntraced(function* (at: At, named: string) {
  const name = AdminPeople.accountNameOf(named)
  const all = yield* accounts(at)
  const found = all.find((each) => each.name === name) ?? all.find((each) => each.id === named)
  if (found !== undefined) return found
  return yield* because(new UsageInvalid({ problem: `There is no account ${named}; see account list.` }))
})

/** The one that is named, or all. */
export const accountsMeant = (at: At, named: string | undefined) =>
  named === undefined ? accounts(at) : Effect.map(account(at, named), (one) => [one])
