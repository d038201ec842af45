/**
 * `syncline token` and `syncline session`: what lets programs and people in at a hub, looked after by its REST interface. What may be done the
 * hub decides.
 */
import { AdminPeople } from "@syncline/core/admin"
import { Effect } from "effect"
import { because, UsageInvalid } from "../CliError.ts"
import * as HubClient from "../HubClient.ts"
import * as HubPeople from "../HubPeople.ts"
import { Output } from "../Output.ts"
import * as PeopleText from "../PeopleText.ts"

export interface NewTokenInput extends HubPeople.At {
  readonly account: string
  readonly scopes: ReadonlyArray<string>
  readonly note: string
  readonly days: number | undefined
}

export const make = Effect.fnUntraced(function* (input: NewTokenInput) {
  const { days, note, scopes } = input
  const { id } = yield* HubPeople.account(input, input.account)
  const body = { note, scopes, ...(days === undefined ? {} : { days }) }
  const made = yield* HubPeople.ask(input, { path: `accounts/${id}/tokens`, body, answer: AdminPeople.TokenMade })
  yield* (yield* Output).result(made, PeopleText.secret(made.secret, made.token))
})

/** Some account's, or everybody's. */
interface Meant extends HubPeople.At {
  readonly account: string | undefined
}

export const list = Effect.fnUntraced(function* (input: Meant) {
  const output = yield* Output
  let count = 0
  for (const { id, name } of yield* HubPeople.accountsMeant(input, input.account)) {
    const { tokens } = yield* HubPeople.ask(input, { path: `accounts/${id}/tokens`, answer: AdminPeople.Tokens })
    for (const token of tokens) yield* output.line({ ...token, account: name }, PeopleText.token(name, token))
    count += tokens.length
  }
  if (count === 0) yield* output.note("There are none.")
})

export const revoke = Effect.fnUntraced(function* (input: HubPeople.At & { readonly id: string }) {
  const { id } = input
  yield* HubPeople.ask(input, { path: `tokens/${encodeURIComponent(id)}`, method: "DELETE", answer: HubClient.nothing })
  yield* (yield* Output).result({ id }, `The token ${id} is good for nothing any more.`)
})

const sessionsOf = Effect.fnUntraced(function* (input: Meant) {
  const all: Array<AdminPeople.Session & { readonly account: string }> = []
  for (const { id, name } of yield* HubPeople.accountsMeant(input, input.account)) {
    const { sessions } = yield* HubPeople.ask(input, { path: `accounts/${id}/sessions`, answer: AdminPeople.Sessions })
    all.push(...sessions.map((session) => ({ ...session, account: name })))
  }
  return all
})

export const listSessions = Effect.fnUntraced(function* (input: Meant) {
  const output = yield* Output
  const all = yield* sessionsOf(input)
  for (const each of all) yield* output.line(each, PeopleText.session(each.account, each))
  if (all.length === 0) yield* output.note("Nobody is signed in.")
})

export interface EndInput extends Meant {
  readonly id: string | undefined
}

export const endSession = Effect.fnUntraced(function* (input: EndInput) {
  const output = yield* Output
  if ((input.id === undefined) === (input.account === undefined)) {
    return yield* because(new UsageInvalid({ problem: "Name either a session by its id, or all of one by --account." }))
  }
  if (input.id === undefined) {
    const { id, name } = yield* HubPeople.account(input, input.account!)
    yield* HubPeople.ask(input, { path: `accounts/${id}/sessions`, method: "DELETE", answer: HubClient.nothing })
    return yield* output.result({ account: name }, `${name} is signed out everywhere.`)
  }
  const begins = input.id.toLowerCase()
  const meant = (yield* sessionsOf(input)).filter(({ id }) => id.startsWith(begins))
  if (begins === "" || meant.length !== 1) {
    const problem = meant.length > 1 ? `Several sessions begin with ${input.id}.` : `There is no session ${input.id}.`
    return yield* because(new UsageInvalid({ problem: `${problem} See session list.` }))
  }
  const [{ account, id }] = meant as [(typeof meant)[number]]
  yield* HubPeople.ask(input, { path: `sessions/${id}`, method: "DELETE", answer: HubClient.nothing })
  yield* output.result({ id, account }, `${account} is signed out there.`)
})
