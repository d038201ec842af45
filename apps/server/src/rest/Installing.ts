/**
 * Serves endpoints: finds out who calls, checks what that allows, decodes what came, runs the endpoint within its time and writes down
 * what it changed. Each step says no in the same words whatever was asked. It knows no endpoint.
 */
import { AdminProblem } from "@syncline/core/admin"
import { Cause, Clock, type Context, Effect, Exit, Result, Schema, SchemaIssue } from "effect"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import * as HttpServer from "../http/HttpServer.ts"
import * as Problem from "../http/Problem.ts"
import * as RequestSignal from "../http/RequestSignal.ts"
import * as ActAudit from "./ActAudit.ts"
import type { AnyEndpoint, Call, Failure, HubServices } from "./Endpoint.ts"
import * as FileAnswer from "./FileAnswer.ts"
import * as Origin from "./Origin.ts"
import { Identify, type Principal, scopesOf } from "./Principal.ts"

/** Below it lie all endpoints. */
export const root = "/api/v1"
/** How long ago a person may have proven who it is for what cannot be undone, in milliseconds. */
export const freshMsMax = 10 * 60_000
/** How long a file may be sent, in milliseconds. */
const fileMsMax = 60 * 60_000
/** Faults of one request that its answer lists. */
const faultsMax = 32
/** Characters of what a caller says that it is. */
const userAgentCharsMax = 200

export interface InstallOptions {
  readonly services: Context.Context<HubServices | Identify>
  /** The space has a charter. */
  readonly isTeam: boolean
  /** Of the address under which browsers call the hub, where that is not what they connect to. */
  readonly publicOrigin?: string | undefined
}

/** Adds the endpoints to a server. */
export const install = (app: FastifyInstance, endpoints: ReadonlyArray<AnyEndpoint>, options: InstallOptions): void => {
  for (const endpoint of endpoints) {
    const { answerMsMax = HttpServer.handlerMsMax, bodyBytesMax, method, path } = endpoint
    app.route({
      method,
      url: root + path,
      // Fastify counts until the answer is sent, and how long a file takes is its reader's to say.
      handlerTimeout: endpoint.answer === "file" ? fileMsMax : answerMsMax,
      ...(bodyBytesMax === undefined ? {} : { bodyLimit: bodyBytesMax }),
      handler: (request, reply) => serve(endpoint, options, request, reply)
    })
  }
}

/** Why a request is refused before its endpoint runs, or what that failed for. */
interface Refusal {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors?: ReadonlyArray<AdminProblem.Fault>
  readonly retryAfterMs?: number | undefined
}

const refuse = (status: number, code: string, detail: string): Effect.Effect<never, Refusal> =>
  Effect.fail({ status, code, detail })

const serve = async (
  endpoint: AnyEndpoint,
  options: InstallOptions,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> => {
  const { answer, answerMsMax = HttpServer.handlerMsMax, status = 200 } = endpoint
  const answering = Effect.timeoutOption(answerTo(endpoint, options, request, reply), answerMsMax)
  const exit = await Effect.runPromiseExitWith(options.services)(answering, { signal: RequestSignal.of(reply) })
  if (reply.sent) return reply
  if (Exit.isSuccess(exit)) {
    if (exit.value._tag === "None") return Problem.sendOverdue(reply)
    if (answer === "file") return sendFile(reply, options, exit.value.value)
    return answer === "none" ? reply.code(204).send() : reply.code(status).send(exit.value.value)
  }
  const refusal = Cause.findErrorOption(exit.cause)
  if (refusal._tag === "Some") {
    const { detail, retryAfterMs, ...more } = refusal.value
    if (retryAfterMs !== undefined) reply.header("retry-after", Math.max(1, Math.ceil(retryAfterMs / 1_000)))
    return Problem.send(reply, more.status, detail, more)
  }
  if (Cause.hasInterruptsOnly(exit.cause))
    return Problem.send(reply, 503, "the hub is stopping", { code: "HubStopping" })
  throw Cause.squash(exit.cause)
}

const answerTo = Effect.fnUntraced(function* (
  endpoint: AnyEndpoint,
  options: InstallOptions,
  request: FastifyRequest,
  reply: FastifyReply
) {
  const identify = yield* Identify
  const principal = yield* Effect.mapError(identify.of(request), unanswerable)
  return yield* Effect.tapError(answerFor(endpoint, principal, options, request, reply), ({ detail, status }) =>
    status === 403 && principal !== undefined && endpoint.access.kind !== "open"
      ? ActAudit.refused(endpoint, principal, request, detail)
      : Effect.void
  )
})

const answerFor = Effect.fnUntraced(function* (
  endpoint: AnyEndpoint,
  principal: Principal | undefined,
  options: InstallOptions,
  request: FastifyRequest,
  reply: FastifyReply
) {
  yield* checkAccess(endpoint, principal, options, request)
  if (endpoint.isTeams === true && !options.isTeam) {
    return yield* refuse(404, "TeamMissing", "this hub has no team: whom it trusts stands in a list of its own")
  }
  const call = yield* callOf(endpoint, principal, request, reply)
  // What was done is told also where nobody waits for the answer any more.
  const running = Effect.onExit(endpoint.run(call), (exit) =>
    Exit.isSuccess(exit) ? ActAudit.done(endpoint, call, request, exit.value) : Effect.void
  )
  const value = yield* Effect.mapError(running, (failure) => refusalOf(endpoint, failure))
  if (typeof endpoint.answer === "string") return value
  return yield* Effect.orDie(Schema.encodeEffect(endpoint.answer)(value))
})

/** The endpoint says by its `answer` that it gives one. */
const sendFile = (reply: FastifyReply, { services }: InstallOptions, file: unknown): Promise<FastifyReply> =>
  Effect.runPromiseWith(services)(FileAnswer.send(reply, file as FileAnswer.FileAnswer))

/** Nobody can be let in, as it is not known whose the request is. */
const unanswerable = ({ message, reason }: Failure): Refusal => ({ status: 503, code: reason._tag, detail: message })

/** A reason that the endpoint does not list is a mistake in it, which must not pass as anything else. */
const refusalOf = ({ id, problems }: AnyEndpoint, { message, reason }: Failure): Refusal => {
  const status = problems[reason._tag]
  if (status === undefined) throw new Error(`${id} does not say what its failure ${reason._tag} is: ${message}`)
  return { status, code: reason._tag, detail: message, retryAfterMs: reason.retryAfterMs }
}

const checkAccess = Effect.fnUntraced(function* (
  { access, method }: AnyEndpoint,
  principal: Principal | undefined,
  { publicOrigin }: InstallOptions,
  request: FastifyRequest
) {
  if (access.kind === "open") return
  if (principal === undefined) {
    return yield* refuse(401, "SignInNeeded", "sign in, or send a token; on the hub's machine that of the data folder")
  }
  if (access.kind === "scope" && !scopesOf(principal).has(access.scope)) {
    return yield* refuse(403, "ScopeMissing", `this takes the right ${access.scope}, which you do not have here`)
  }
  if (principal.kind !== "session") return
  if (method !== "GET" && !Origin.isOwn(request, publicOrigin)) {
    return yield* refuse(403, "OriginForeign", "a page of another origin asked for this in your name; nothing was done")
  }
  const isFresh = (yield* Clock.currentTimeMillis) - principal.signedInMs <= freshMsMax
  if (access.isFresh === true && !isFresh) {
    return yield* refuse(401, "SignInAgain", "this cannot be undone; sign in again first")
  }
})

const callOf = Effect.fnUntraced(function* (
  endpoint: AnyEndpoint,
  principal: Principal | undefined,
  request: FastifyRequest,
  reply: FastifyReply
) {
  const faults: Array<AdminProblem.Fault> = []
  const decoded = (part: "params" | "query" | "body", sent: unknown): unknown => {
    const schema = endpoint[part]
    if (schema === undefined)
      return isNothing(sent) ? undefined : void faults.push({ path: part, message: "Expected nothing" })
    const result = Schema.decodeUnknownResult(schema, strict)(sent)
    if (Result.isSuccess(result)) return result.success
    for (const { message, path = [] } of issuesOf(result.failure.issue).issues) {
      faults.push({ path: [part, ...path.map(keyOf)].join("/"), message })
    }
  }
  const call: Call<unknown, unknown, unknown> = {
    params: decoded("params", request.params),
    query: decoded("query", request.query),
    body: decoded("body", request.body ?? (endpoint.body === undefined ? undefined : {})),
    principal,
    requestId: request.id,
    remote: request.ip,
    userAgent: (request.headers["user-agent"] ?? "").slice(0, userAgentCharsMax),
    setCookie: (line) => void reply.header("set-cookie", line)
  }
  if (faults.length === 0) return call
  const [{ message, path }] = faults as [AdminProblem.Fault]
  return yield* Effect.fail<Refusal>({
    status: 400,
    code: "InputInvalid",
    detail: `what was sent is not what this takes: ${path}: ${message}`,
    errors: faults.slice(0, faultsMax)
  })
})

const strict = { errors: "all", onExcessProperty: "error" } as const
const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const isNothing = (sent: unknown): boolean =>
  sent === undefined || sent === null || (typeof sent === "object" && Object.keys(sent).length === 0)

const keyOf = (key: PropertyKey | { readonly key: PropertyKey }): string =>
  String(typeof key === "object" ? key.key : key)
