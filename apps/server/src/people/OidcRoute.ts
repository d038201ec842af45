/**
 * Where another service sends browsers back to: `/oidc/callback`. The page that they get goes on by itself, as a browser that comes from another
 * site sends no session's cookie along with that very request. Who is let in is `Oidc`'s to say.
 */
import { Cause, Context, Effect, Exit } from "effect"
import type { FastifyInstance, FastifyRequest } from "fastify"
import * as Problem from "../http/Problem.ts"
import * as RequestSignal from "../http/RequestSignal.ts"
import { Oidc } from "./Oidc.ts"
import * as OidcCookie from "./OidcCookie.ts"
import * as peopleProblems from "./peopleProblems.ts"
import * as SessionCookie from "./SessionCookie.ts"
import * as Sessions from "./Sessions.ts"

/** The other service is asked twice, and each may take 4 s. */
const answerMsMax = 12_000
const path = "/oidc/callback"
const queryCharsMax = 8_192
const userAgentCharsMax = 200

/** Goes on by itself; `to` is a path of the hub's own. */
const pageTo = (to: string, words: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=../${to}">
<title>Syncline</title></head><body><p>${words} <a href="../${to}">Go on</a></p></body></html>`
const html = "text/html; charset=utf-8"

/** Adds the route to a server. */
export const install = (app: FastifyInstance, services: Context.Context<Oidc>): void => {
  const { finish } = Context.get(services, Oidc)
  // What comes in the query is for nobody who reads the log.
  const logSerializers = { req: ({ ip, method }: FastifyRequest) => ({ method, url: path, remoteAddress: ip }) }
  app.get(path, { handlerTimeout: answerMsMax, logSerializers }, async (request, reply) => {
    const [, query = ""] = request.url.split("?", 2)
    if (query.length > queryCharsMax) return Problem.send(reply, 400, "the query is too long")
    const { accept = "", cookie, "user-agent": userAgent = "" } = request.headers
    const newcomer = { before: undefined, remote: request.ip, userAgent: userAgent.slice(0, userAgentCharsMax) }
    const finishing = finish(query, OidcCookie.secretIn(cookie), newcomer)
    const exit = await Effect.runPromiseExitWith(services)(finishing, { signal: RequestSignal.of(reply) })
    if (reply.sent) return reply
    reply.header("set-cookie", OidcCookie.drop)
    if (Exit.isSuccess(exit)) {
      reply.header("set-cookie", SessionCookie.keep(exit.value.secret, Sessions.sessionMsMax))
      return reply.type(html).send(pageTo("", "You are signed in."))
    }
    const failure = Cause.findErrorOption(exit.cause)
    if (failure._tag === "None") throw Cause.squash(exit.cause)
    const { message, reason } = failure.value
    if (reason._tag === "SignInTooOften")
      reply.header("retry-after", Math.max(1, Math.ceil(reason.retryAfterMs / 1_000)))
    // A person is led back to the sign-in, which says it in words; by its name, as addresses are written by anybody.
    if (accept.includes("text/html")) {
      const page = pageTo(`sign-in?refused=${reason._tag}`, "This did not sign you in.")
      return reply.code(peopleProblems.people[reason._tag]).type(html).send(page)
    }
    return Problem.send(reply, peopleProblems.people[reason._tag], message, { code: reason._tag })
  })
}
