/**
 * Tells whoever works on a request that nobody waits for its answer any more. It goes by the answer's end: Fastify's own
 * signal goes by the request's, which for one with a body comes as soon as that was read.
 */
import type { FastifyReply } from "fastify"

/** Aborts when the client goes away, and when the answer was given, e.g. as the handler's time is over. */
export const of = (reply: FastifyReply): AbortSignal => {
  const controller = new AbortController()
  reply.raw.once("close", () => controller.abort())
  return controller.signal
}
