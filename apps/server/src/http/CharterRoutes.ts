/**
 * The charter and its policy over HTTP, behind the local door: who belongs to the space, writing records, and the desk at
 * which people look after the policy. Bodies are JSON, in which devices go by their peer ids. It decides nothing.
 */
import { Charter, CharterError, CharterOperation, type CharterState, Journal, OnboardingError } from "@syncline/core"
import { PolicyDesk, PolicyDeskError, PolicyDocument } from "@syncline/policy"
import { Cause, Context, Effect, Exit, Schema } from "effect"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import * as HttpServer from "./HttpServer.ts"
import type { LocalDoor } from "./LocalDoor.ts"
import * as Problem from "./Problem.ts"
import * as RequestSignal from "./RequestSignal.ts"

export type CharterServices = Charter.Charter | Journal.Journal

/** Versions of a policy that one answer lists. */
const versionsMax = 100
/** A policy document with room for JSON's escapes. */
const bodyBytesMax = 512 * 1024

const Wording = {
  note: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(512))),
  expectedVersion: Schema.optionalKey(Schema.Int),
  expectedDigest: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/)))
}
const HeaderValue = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))
const Nothing = Schema.Struct({})
const Text = Schema.Struct({ text: Schema.String })
const Policy = Schema.Struct({ text: Schema.String, ...Wording })
const Version = Schema.Struct({ version: Schema.Int, ...Wording })
const Operations = Schema.Struct({ operations: Schema.Array(CharterOperation.Json), ...Wording })
const Question = Schema.Struct({
  asker: Schema.String,
  action: Schema.Literals(PolicyDocument.actions),
  type: Schema.String,
  id: Schema.optionalKey(Schema.String),
  header: Schema.optionalKey(Schema.Record(Schema.String, HeaderValue)),
  field: Schema.optionalKey(Schema.String),
  draft: Schema.optionalKey(Schema.String)
})
const Draft = Schema.Struct({ text: Schema.optionalKey(Schema.String) })

/** Adds the routes; nobody gets through them without the door's token. */
export const install = (app: FastifyInstance, services: Context.Context<CharterServices>, door: LocalDoor): void => {
  const charter = Context.get(services, Charter.Charter)
  const journal = Context.get(services, Journal.Journal)
  const records = PolicyDesk.recordsOf(journal)
  const options = { onRequest: door.check, bodyLimit: bodyBytesMax }
  const reviewing = { ...options, handlerTimeout: HttpServer.reviewMsMax }
  app.get(
    "/api/v1/charter",
    options,
    answering(Nothing, () => Effect.sync(() => PolicyDesk.summary(charter)))
  )
  app.post(
    "/api/v1/charter/records",
    options,
    answering(Operations, ({ operations, ...wording }) =>
      Effect.map(charter.write(operations.map(CharterOperation.fromJson), wording), versionOf)
    )
  )
  app.get(
    "/api/v1/policy/versions",
    options,
    answering(Nothing, () => Effect.sync(() => ({ versions: PolicyDesk.versions(charter, versionsMax) })))
  )
  app.post(
    "/api/v1/policy/explain",
    options,
    answering(Question, (question) => PolicyDesk.explain(charter, records, question))
  )
  app.post(
    "/api/v1/policy/test",
    options,
    answering(Text, ({ text }) =>
      Effect.sync(() => ({ problems: PolicyDesk.problems(text), warnings: PolicyDesk.warnings(charter, text) }))
    )
  )
  app.post(
    "/api/v1/policy/simulate",
    reviewing,
    answering(
      Draft,
      ({ text }) => Effect.map(PolicyDesk.simulate(charter, records, text), (reach) => ({ reach })),
      HttpServer.reviewMsMax
    )
  )
  app.post(
    "/api/v1/policy/diff",
    reviewing,
    answering(Text, ({ text }) => PolicyDesk.compare(charter, records, text), HttpServer.reviewMsMax)
  )
  app.post(
    "/api/v1/policy/apply",
    options,
    answering(Policy, ({ text, ...wording }) => Effect.map(PolicyDesk.apply(charter, text, wording), versionOf))
  )
  app.post(
    "/api/v1/policy/rollback",
    options,
    answering(Version, ({ version, ...wording }) =>
      Effect.map(PolicyDesk.rollBack(charter, version, wording), ({ policy, version: now }) => ({
        version: now,
        policyVersion: policy?.version ?? null,
        warnings: policy === undefined ? [] : PolicyDesk.warnings(charter, policy.text)
      }))
    )
  )
}

const versionOf = ({ version }: CharterState.CharterState) => ({ version })

/** Answers with what the body, or the query of a request without one, asks for; a failure says by its status whose it is. */
export const answering =
  <A, I, B, E extends { readonly message: string }>(
    schema: Schema.Codec<A, I>,
    ask: (body: A) => Effect.Effect<B, E>,
    answerMsMax: number = HttpServer.handlerMsMax
  ) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const body = Schema.decodeUnknownResult(schema)(request.body ?? request.query ?? {})
    if (body._tag === "Failure") return Problem.send(reply, 400, body.failure.message.slice(0, 500))
    const asking = Effect.timeoutOption(ask(body.success), answerMsMax)
    const exit = await Effect.runPromiseExit(asking, { signal: RequestSignal.of(reply) })
    if (reply.sent) return reply
    if (Exit.isSuccess(exit))
      return exit.value._tag === "Some" ? reply.send(exit.value.value) : Problem.sendOverdue(reply)
    const failure = Cause.findErrorOption(exit.cause)
    if (failure._tag === "Some") return Problem.send(reply, statusOf(failure.value), failure.value.message)
    if (Cause.hasInterruptsOnly(exit.cause)) return Problem.send(reply, 503, "the hub is stopping")
    throw Cause.squash(exit.cause)
  }

const statusOf = (failure: unknown): number => {
  if (failure instanceof PolicyDeskError.PolicyDeskError) return failure.reason._tag === "PolicyRefused" ? 422 : 404
  if (failure instanceof OnboardingError.OnboardingError) return statusOfOnboarding[failure.reason._tag] ?? 409
  if (!(failure instanceof CharterError.CharterError)) return 503
  return failure.reason._tag === "CharterStoreFailed" ? 503 : 409
}

/** What is not named here cannot be done now. */
const statusOfOnboarding: { readonly [Reason in OnboardingError.OnboardingError["reason"]["_tag"]]?: number } = {
  InvitationUnknown: 404,
  RequestUnknown: 404,
  JoinRefused: 403,
  JoinBusy: 429,
  OnboardingStoreFailed: 503
}
