/**
 * Large answers as streams: a piece is made when the one before was taken, so an answer of 50 MB that nobody reads costs one piece. What
 * stands in them is the store's business.
 */
import { Effect } from "effect"
import { Readable } from "node:stream"
import type { OpenAnswer } from "./GalileoskyStore.ts"

/** As long as an answer may take to be read, in milliseconds. */
export const sendingMsMax = 2 * 60_000

/** `before` and `behind` stand around what the store gives. The answer ends with the stream, whatever ends that. */
export const streamOf = (answer: OpenAnswer, before: string, behind: string): Readable => {
  const timer = setTimeout(() => stream.destroy(new Error("nobody reads this answer")), sendingMsMax)
  const stream = Readable.from(pieces(answer, before, behind), { objectMode: false, highWaterMark: 64 * 1024 })
  stream.once("close", () => {
    clearTimeout(timer)
    void Effect.runPromise(answer.end)
  })
  return stream
}

async function* pieces({ next }: OpenAnswer, before: string, behind: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(before)
  for (;;) {
    const piece = await Effect.runPromise(next)
    if (piece === undefined) break
    yield piece
  }
  yield Buffer.from(behind)
}

/** Facts as the part of a JSON object that stands before further fields, with a comma where `isBefore`, else behind them. */
export const factsText = (facts: { readonly [name: string]: unknown }): string => JSON.stringify(facts).slice(1, -1)
