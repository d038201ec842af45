/**
 * `syncline request …`: who asks to join the team of the hub that runs on the folder, and the answers of its people. The hub
 * writes the record of the charter that lets a newcomer in.
 */
import type { OnboardingState } from "@syncline/core"
import { AdminOnboarding } from "@syncline/core/admin"
import { Effect } from "effect"
import { because, UsageInvalid } from "../CliError.ts"
import * as LocalDoor from "../LocalDoor.ts"
import * as OnboardingText from "../OnboardingText.ts"
import { Output } from "../Output.ts"
import * as PlainText from "../PlainText.ts"

interface On {
  readonly data: string
}

const requestsOf = (data: string) =>
  Effect.map(LocalDoor.ask(data, { path: "requests", answer: AdminOnboarding.Requests }), ({ requests }) => requests)

export interface ListInput extends On {
  readonly status: OnboardingState.Request["status"] | "all"
}

export const list = Effect.fnUntraced(function* ({ data, status }: ListInput) {
  const output = yield* Output
  const meant = (yield* requestsOf(data)).filter((each) => status === "all" || each.status === status)
  for (const each of meant) yield* output.line(each, OnboardingText.request(each))
  if (meant.length === 0) yield* output.note(status === "pending" ? "Nobody waits to join." : "There are none.")
})

export interface AnswerInput extends On {
  readonly id: string | undefined
}

export const approve = Effect.fnUntraced(function* ({
  data,
  id,
  role
}: AnswerInput & { readonly role: string | undefined }) {
  const output = yield* Output
  const body = { id: yield* idOf(data, id), ...(role === undefined ? {} : { role }) }
  const { request } = yield* LocalDoor.ask(data, { path: "requests/approve", answer: AdminOnboarding.Settled, body })
  const who = `${PlainText.part(request.name)} (${request.peer})`
  yield* output.result(request, `${who} is the member ${request.member} now, with the role ${request.role}.`)
})

export const reject = Effect.fnUntraced(function* ({
  data,
  id,
  reason
}: AnswerInput & { readonly reason: string | undefined }) {
  const output = yield* Output
  const body = { id: yield* idOf(data, id), ...(reason === undefined ? {} : { reason }) }
  const { request } = yield* LocalDoor.ask(data, { path: "requests/reject", answer: AdminOnboarding.Settled, body })
  yield* output.result(request, `${PlainText.part(request.name)} (${request.peer}) is not let in, for good.`)
})

/** The one that waits, where none is named. */
const idOf = Effect.fnUntraced(function* (data: string, id: string | undefined) {
  if (id !== undefined) return id
  const waiting = (yield* requestsOf(data)).filter(({ status }) => status === "pending")
  if (waiting.length === 1) return waiting[0]!.id
  const ids = waiting.map((each) => each.id).join(", ")
  const problem = waiting.length === 0 ? "Nobody waits to join." : `Several wait; name one: ${ids}`
  return yield* because(new UsageInvalid({ problem }))
})
