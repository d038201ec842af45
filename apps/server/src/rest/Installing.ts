/**
 * Serves endpoints: finds out who calls, checks what that allows, decodes what came, runs the endpoint within its time and writes down
 * what it changed. Each step says no in the same words whatever was asked. It knows no endpoint.
 */
import { type DeviceKey, type Gate, Spans } from "@syncline/core"
import { AdminProblem } from "@syncline/core/admin"
import { Cause, Clock, type Context, Effect, Exit, Result, Schema, SchemaIssue } from "effect"
import { Readable } from "node:stream"
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify"
import * as BodyDeadline from "../http/BodyDeadline.ts"
import * as HttpServer from "../http/HttpServer.ts"
import * as Problem from "../http/Problem.ts"
import * as RequestSignal from "../http/RequestSignal.ts"
import * as ActAudit from "./ActAudit.ts"
import type { AnyEndpoint, Call } from "./Endpoint.ts"
import type { Failure } from "./Failure.ts"
import * as FileAnswer from "./FileAnswer.ts"
import * as Origin from "./Origin.ts"
import { Identify, type Principal, scopesOf } from "./Principal.ts"

/** Below it lie all endpoints. */
export const root = "/api/v1"
/** How long ago a person may have proven who it is for what cannot be undone, in milliseconds. */
export const freshMsMax = 10 * 60_000
/** How long a file may be sent, in milliseconds. */
const fileMsMax = 60 * 60_000
/** Largest file that is taken, in bytes, whatever its endpoint says. */
const fileBytesMax = 2 ** 40
/** Faults of one request that its answer lists. */
const faultsMax = 32
/** Characters of what a caller says that it is. */
const userAgentCharsMax = 200

/** What every endpoint's call takes. */
export type FrameServices = Identify | Gate.Gate | DeviceKey.DeviceKey

/** `R` is what the endpoints use. */
export interface InstallOptions<R> {
  readonly services: Context.Context<NoInfer<R> | FrameServices>
  /** The space has a charter. */
  readonly isTeam: boolean
  /** Of the address under which browsers call the hub, where that is not what they connect to. */
  readonly publicOrigin?: string | undefined
}

type Access = Omit<InstallOptions<never>, "services">

/** Adds the endpoints to a server. */
export const install = <R>(
  app: FastifyInstance,
  endpoints: ReadonlyArray<AnyEndpoint<R>>,
  options: InstallOptions<R>
): void => {
  for (const endpoint of endpoints) {
    const { answerMsMax = HttpServer.handlerMsMax, bodyBytesMax, method, path, takes } = endpoint
    const route: RouteOptions = {
      method,
      url: root + path,
      // Fastify counts until the answer is sent, and how long a file takes is its reader's to say.
      handlerTimeout: endpoint.answer === "file" ? fileMsMax : answerMsMax,
      ...(bodyBytesMax === undefined ? {} : { bodyLimit: bodyBytesMax }),
      config: { bodyMsMax: takes === undefined ? undefined : BodyDeadline.fileBodyMsMax },
      handler: (request, reply) => serve(endpoint, options, request, reply),
      errorHandler: (error, request, reply) => void sayUnread(endpoint, options, error, request, reply)
    }
    if (takes === undefined) app.route(route)
    else installTaking(app, route)
  }
}

/** In a scope of its own, as every other route takes JSON or nothing. The file is read by the endpoint, or not at all. */
const installTaking = (app: FastifyInstance, route: RouteOptions): void => {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser("*", { bodyLimit: fileBytesMax }, (_request, payload, done) => done(null, payload))
    scope.route({ ...route, bodyLimit: fileBytesMax, handlerTimeout: fileMsMax })
  })
}

/** A file of another kind, or a packed one, of which a little could unpack to a lot. */
const isUnfit = ({ headers }: FastifyRequest, takes: string): boolean =>
  headers["content-type"]?.split(";", 1)[0]?.trim() !== takes ||
  (headers["content-encoding"] ?? "identity") !== "identity"

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

const serve = async <R>(
  endpoint: AnyEndpoint<R>,
  options: InstallOptions<R>,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> => {
  const { answer, answerMsMax = HttpServer.handlerMsMax, status = 200 } = endpoint
  const answering = Effect.timeoutOption(answerTo(endpoint, options, request, reply), answerMsMax).pipe(
    Spans.spanned("hub.request", { operation: endpoint.id, method: endpoint.method })
  )
  const exit = await Effect.runPromiseExitWith(options.services)(answering, { signal: RequestSignal.of(reply) })
  if (reply.sent) return reply
  if (Exit.isSuccess(exit)) {
    if (exit.value._tag === "None") return Problem.sendOverdue(reply)
    if (answer === "file") return sendFile(reply, options, exit.value.value)
    return answer === "none" ? reply.code(204).send() : reply.code(status).send(exit.value.value)
  }
  const refusal = Cause.findErrorOption(exit.cause)
  if (refusal._tag === "Some") return sendRefusal(endpoint, reply, refusal.value)
  if (Cause.hasInterruptsOnly(exit.cause))
    return Problem.send(reply, 503, "the hub is stopping", { code: "HubStopping" })
  throw Cause.squash(exit.cause)
}

const sendRefusal = (endpoint: AnyEndpoint, reply: FastifyReply, refusal: Refusal): FastifyReply => {
  const { detail, retryAfterMs, ...more } = refusal
  // What is still on its way is not waited for.
  if (endpoint.takes !== undefined) reply.header("connection", "close")
  if (retryAfterMs !== undefined) reply.header("retry-after", Math.max(1, Math.ceil(retryAfterMs / 1_000)))
  return Problem.send(reply, more.status, detail, more)
}

/** A body that cannot be read is told to who may ask this, and others hear what they always do. The words for what is wrong are the server's. */
const sayUnread = async <R>(
  endpoint: AnyEndpoint<R>,
  options: InstallOptions<R>,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> => {
  if ((error.statusCode ?? 500) >= 500) return reply.send(error)
  const admitting = admittedTo(endpoint, options, request, () => Effect.void)
  const exit = await Effect.runPromiseExitWith(options.services)(admitting, { signal: RequestSignal.of(reply) })
  const refusal = Exit.isSuccess(exit) ? undefined : Cause.findErrorOption(exit.cause)
  return refusal?._tag === "Some" ? sendRefusal(endpoint, reply, refusal.value) : reply.send(error)
}

const answerTo = <R>(
  endpoint: AnyEndpoint<R>,
  options: InstallOptions<R>,
  request: FastifyRequest,
  reply: FastifyReply
) => admittedTo(endpoint, options, request, (principal) => answerFor(endpoint, principal, options, request, reply))

/** Goes on with who may ask this; who may not is refused, and told of where somebody is signed in. */
const admittedTo = Effect.fnUntraced(function* <R, A, N>(
  endpoint: AnyEndpoint<R>,
  options: Access,
  request: FastifyRequest,
  next: (principal: Principal | undefined) => Effect.Effect<A, Refusal, N>
) {
  const identify = yield* Identify
  const principal = yield* Effect.mapError(identify.of(request), unanswerable)
  const admitted = Effect.andThen(checkAccess(endpoint, principal, options, request), next(principal))
  return yield* Effect.tapError(admitted, ({ detail, status }) =>
    status === 403 && principal !== undefined && endpoint.access.kind !== "open"
      ? ActAudit.refused(endpoint, principal, request, detail)
      : Effect.void
  )
})

const answerFor = Effect.fnUntraced(function* <R>(
  endpoint: AnyEndpoint<R>,
  principal: Principal | undefined,
  options: Access,
  request: FastifyRequest,
  reply: FastifyReply
) {
  if (endpoint.isTeams === true && !options.isTeam) {
    return yield* refuse(404, "TeamMissing", "this hub has no team: whom it trusts stands in a list of its own")
  }
  if (endpoint.takes !== undefined && isUnfit(request, endpoint.takes)) {
    return yield* refuse(
      415,
      "UnsupportedMediaType",
      `this takes a file of the type ${endpoint.takes} as it is, and not compressed`
    )
  }
  const call = yield* callOf(endpoint, principal, request, reply)
  // What was done is told also where nobody waits for the answer any more.
  const running = Effect.onExit(endpoint.run(call), (exit) => {
    if (Exit.isSuccess(exit)) return ActAudit.done(endpoint, call, request, exit.value)
    return isRefusal(endpoint, exit.cause) ? Effect.void : ActAudit.brokenOff(endpoint, call, request)
  })
  const value = yield* Effect.mapError(running, (failure) => refusalOf(endpoint, failure))
  if (typeof endpoint.answer === "string") return value
  return yield* Effect.orDie(Schema.encodeEffect(endpoint.answer)(value))
})

/** Nothing was done, and the caller is told why. Where the hub itself failed, or was told to stop, something may have been done. */
const isRefusal = ({ problems }: AnyEndpoint, cause: Cause.Cause<Failure>): boolean => {
  const failure = Cause.findErrorOption(cause)
  return failure._tag === "Some" && (problems[failure.value.reason._tag] ?? 500) < 500
}

/** The endpoint says by its `answer` that it gives one. */
const sendFile = <R>(reply: FastifyReply, { services }: InstallOptions<R>, file: unknown): Promise<FastifyReply> =>
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
  { publicOrigin }: Access,
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
  const file = request.body instanceof Readable ? request.body : undefined
  const call: Call<unknown, unknown, unknown> = {
    params: decoded("params", request.params),
    query: decoded("query", request.query),
    body:
      file === undefined ? decoded("body", request.body ?? (endpoint.body === undefined ? undefined : {})) : undefined,
    principal,
    requestId: request.id,
    remote: request.ip,
    userAgent: (request.headers["user-agent"] ?? "").slice(0, userAgentCharsMax),
    file,
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
