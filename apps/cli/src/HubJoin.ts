/**
 * One question of a newcomer to the hub of its link: `POST <hub>/api/v1/join`. What is believed of the answer is what the hub's
 * device has signed together with this very question.
 */
import { type Crypto, InvitationLink, JoinAnswer, JoinRequest } from "@syncline/core"
import { NodeCrypto } from "@syncline/node"
import { Effect, Result, Schema } from "effect"
import { because, type CliError, NotConnected } from "./CliError.ts"
import { HubRefused } from "./HubAnswerError.ts"
import { HubForeign, InvitationRefused } from "./JoinError.ts"

/** From the question to the last byte of the answer. */
const answerMsMax = 15_000
const answerCharsMax = 64 * 1024

export interface Newcomer {
  readonly link: InvitationLink.InvitationLink
  readonly device: Crypto.Signer
  readonly name: string
}

const Signed = Schema.fromJsonString(JoinAnswer.Signed)
const Problem = Schema.fromJsonString(Schema.Struct({ detail: Schema.String }))

/** Asks once; fails with `InvitationRefused`, `HubForeign`, `NotConnected`, and with `HubRefused` where trying again may help. */
export const ask = Effect.fnUntraced(function* ({
  device,
  link,
  name
}: Newcomer): Effect.fn.Return<JoinAnswer.JoinAnswer, CliError> {
  const { functions: crypto, signerOf } = NodeCrypto
  const invitation = signerOf(InvitationLink.seedOf(crypto.sha256, link.secret))
  const request = JoinRequest.make(crypto, { link, invitation, device, name, platform: process.platform })
  const notConnected = (problem: string) => because(new NotConnected({ address: link.hub, problem }))
  const { status, text } = yield* Effect.tryPromise({
    try: (signal) => post(link.hub, request, signal),
    catch: (error) => notConnected(problemOf(error))
  }).pipe(
    Effect.timeoutOrElse({
      duration: answerMsMax,
      orElse: () => Effect.fail(notConnected(`no answer within ${answerMsMax / 1000} s`))
    })
  )
  if (status !== 200) {
    const told = Schema.decodeUnknownResult(Problem)(text)
    const problem = Result.isSuccess(told) ? told.success.detail : `it answers ${status}`
    if (status === 403) return yield* because(new InvitationRefused({ problem }))
    return yield* because(new HubRefused({ status, problem }))
  }
  const signed = Schema.decodeUnknownResult(Signed)(text)
  const answer = Result.isSuccess(signed) ? JoinAnswer.open(crypto, link.hubPeer, request, signed.success) : undefined
  if (answer !== undefined) return answer
  const problem = "it cannot sign as that hub, or is of another version"
  return yield* because(new HubForeign({ address: link.hub, problem }))
})

/** True where the same question may be answered otherwise later. */
export const isPassing = ({ reason }: CliError): boolean =>
  reason._tag === "NotConnected" || (reason._tag === "HubRefused" && (reason.status === 429 || reason.status >= 500))

const post = async (hub: string, request: JoinRequest.JoinRequest, signal: AbortSignal) => {
  const headers = { connection: "close", "content-type": "application/json" }
  const body = JSON.stringify(request)
  const response = await fetch(`${hub}/api/v1/join`, { method: "POST", headers, body, signal, redirect: "error" })
  const text = await response.text()
  return { status: response.status, text: text.slice(0, answerCharsMax) }
}

const problemOf = (error: unknown): string => {
  const { cause, message } = error as { readonly cause?: { readonly code?: string }; readonly message: string }
  return cause?.code === "ECONNREFUSED" ? "nobody listens there" : (cause?.code ?? message)
}
