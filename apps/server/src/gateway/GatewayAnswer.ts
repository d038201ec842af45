/**
 * Runs what a gateway does for a request: within its time, no longer than the client waits, and every failure in the form of its clients. What
 * is asked and answered is the gateway's business.
 */
import { Cause, Effect, Exit } from "effect"
import type { FastifyReply, FastifyRequest } from "fastify"
import * as RequestSignal from "../http/RequestSignal.ts"
import type { Gateway, GatewayHost, GatewayServices } from "./Gateway.ts"
import type { GatewayError } from "./GatewayError.ts"

/** A route's handler. */
export const handling =
  (
    { services }: GatewayHost,
    { answerMsMax, refuse }: Pick<Gateway, "answerMsMax" | "refuse">,
    answer: (request: FastifyRequest, reply: FastifyReply) => Effect.Effect<FastifyReply, GatewayError, GatewayServices>
  ) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const answering = Effect.timeoutOption(answer(request, reply), answerMsMax)
    const exit = await Effect.runPromiseExitWith(services)(answering, { signal: RequestSignal.of(reply) })
    // An answer that is a stream is on its way and not sent yet.
    if (reply.sent || (Exit.isSuccess(exit) && exit.value._tag === "Some")) return reply
    if (Exit.isSuccess(exit)) return refuse(reply, 503, "the hub took too long; try again")
    const failure = Cause.findErrorOption(exit.cause)
    if (failure._tag === "Some") {
      const { message, reason } = failure.value
      return refuse(reply, statusOf(reason._tag), message)
    }
    if (Cause.hasInterruptsOnly(exit.cause)) return refuse(reply, 503, "the hub is stopping")
    throw Cause.squash(exit.cause)
  }

/** Never one that says that nothing is there. */
const statusOf = (reason: GatewayError["reason"]["_tag"]): number => {
  switch (reason) {
    case "TextTooLarge":
      return 413
    case "GatewayFull":
    case "QuotaExceeded":
      return 507
    case "PiecesMissing":
    case "GatewayStoreFailed":
      return 503
  }
}
