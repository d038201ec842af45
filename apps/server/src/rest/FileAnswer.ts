/**
 * An answer that is a file: it is sent as it is made, so it may be larger than memory. One that breaks off ends the connection, so that nobody
 * takes a part for the whole.
 */
import { Readable } from "node:stream"
import { Effect, Stream } from "effect"
import type { FastifyReply } from "fastify"

export interface FileAnswer {
  readonly mediaType: string
  /** Letters, digits, dots and dashes. */
  readonly fileName: string
  readonly text: Stream.Stream<string>
}

/** Sends it as an attachment. The services are those of the process, as the text is made after the endpoint has run. */
export const send = Effect.fnUntraced(function* (reply: FastifyReply, { fileName, mediaType, text }: FileAnswer) {
  const pieces = yield* Stream.toAsyncIterableEffect(text)
  return reply
    .header("content-disposition", `attachment; filename="${fileName}"`)
    .type(mediaType)
    .send(Readable.from(pieces))
})
