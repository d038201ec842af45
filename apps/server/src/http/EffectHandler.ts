/**
 * Runs an effect for a request: one fiber each, interrupted when the client goes away or the handler's time is over.
 * Typed failures become problems as the route says; defects are the server's error handler's business.
 */
import { Cause, type Context, Effect, Exit } from "effect"
import type { FastifyReply, FastifyRequest } from "fastify"
import * as Problem from "./Problem.ts"
import * as RequestSignal from "./RequestSignal.ts"

/** Answers with what the effect gives, or with 503 and the failure's message. */
export const handle =
  <R, A, E extends { readonly message: string }>(
    services: Context.Context<R>,
    effect: Effect.Effect<A, E, R>,
    answer: (reply: FastifyReply, value: A) => FastifyReply
  ) =>
  async (_: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const exit = await Effect.runPromiseExitWith(services)(effect, { signal: RequestSignal.of(reply) })
    if (reply.sent) return reply
    if (Exit.isSuccess(exit)) return answer(reply, exit.value)
    const failure = Cause.findErrorOption(exit.cause)
    if (failure._tag === "Some") return Problem.send(reply, 503, failure.value.message)
    if (Cause.hasInterruptsOnly(exit.cause)) return Problem.send(reply, 503, "the hub is stopping")
    throw Cause.squash(exit.cause)
  }
