/**
 * `syncline account`: people's logins at a hub, made, changed and removed by its REST interface. What may be done the hub decides.
 */
import { AdminPeople, type AdminScope } from "@syncline/core/admin"
import { Effect } from "effect"
import * as HubClient from "../HubClient.ts"
import * as HubPeople from "../HubPeople.ts"
import { Output } from "../Output.ts"
import * as PeopleText from "../PeopleText.ts"

interface OfAccount extends HubPeople.At {
  readonly account: string
}

export const list = Effect.fnUntraced(function* (input: HubPeople.At) {
  const output = yield* Output
  const all = yield* HubPeople.accounts(input)
  for (const each of all) yield* output.line(each, PeopleText.account(each))
  if (all.length === 0) yield* output.note("There are none; the hub tells a token for the first one when it starts.")
})

export interface AddInput extends HubPeople.At {
  readonly name: string
  readonly role: AdminScope.HubRole
  readonly member: string | undefined
}

export const add = Effect.fnUntraced(function* (input: AddInput) {
  const { member, name, role } = input
  const body = { name, role, ...(member === undefined ? {} : { member }) }
  const made = yield* HubPeople.ask(input, { path: "accounts", body, answer: AdminPeople.Made })
  yield* (yield* Output).result(made, PeopleText.link(made.account.name, made.link, made.untilMs))
})

export const link = Effect.fnUntraced(function* (input: OfAccount) {
  const { id, name } = yield* HubPeople.account(input, input.account)
  const path = `accounts/${id}/link`
  const made = yield* HubPeople.ask(input, { path, method: "POST", answer: AdminPeople.Link })
  yield* (yield* Output).result(made, PeopleText.link(name, made.link, made.untilMs))
})

const change = Effect.fnUntraced(function* (input: OfAccount, changes: AdminPeople.AccountChanges) {
  const { id } = yield* HubPeople.account(input, input.account)
  const path = `accounts/${id}`
  const changed = yield* HubPeople.ask(input, { path, method: "PATCH", body: changes, answer: AdminPeople.Account })
  yield* (yield* Output).result(changed, PeopleText.account(changed))
})

export const setRole = (input: OfAccount & { readonly role: AdminScope.HubRole }) => change(input, { role: input.role })

export const setMember = (input: OfAccount & { readonly member: string | undefined }) =>
  change(input, { member: input.member ?? null })

export const setDisabled = (input: OfAccount & { readonly isDisabled: boolean }) =>
  change(input, { isDisabled: input.isDisabled })

export const remove = Effect.fnUntraced(function* (input: OfAccount) {
  const { id, name } = yield* HubPeople.account(input, input.account)
  yield* HubPeople.ask(input, { path: `accounts/${id}`, method: "DELETE", answer: HubClient.nothing })
  yield* (yield* Output).result({ id, name }, `${name} is removed, with its sessions and tokens.`)
})
