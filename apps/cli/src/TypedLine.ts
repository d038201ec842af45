/** One line of standard input: typed by a person, or piped in by a program. */
import { Effect } from "effect"
import { StandardStreams } from "./StandardStreams.ts"

/** A longer line is no answer to anything that is asked here. */
const lineCharsMax = 1_024

/**
 * The next line without its end, as far as it goes. Where the input has ended and nothing was left in it, it waits for ever,
 * unless `orEnd` says that an end is an answer, too.
 */
export const read = (orEnd: boolean): Effect.Effect<string> =>
  Effect.flatMap(StandardStreams, ({ stdin }) =>
    Effect.callback<string>((resume) => {
      let text = ""
      const answer = (): void => {
        leave()
        resume(Effect.succeed(text.split(/\r?\n/, 1)[0]!))
      }
      const onData = (chunk: Buffer | string): void => {
        text += chunk.toString()
        if (text.includes("\n") || text.length >= lineCharsMax) answer()
      }
      const onEnd = (): void => {
        if (orEnd) answer()
      }
      const leave = (): void => {
        stdin.off("data", onData).off("end", onEnd)
        stdin.pause()
      }
      stdin.on("data", onData).on("end", onEnd)
      stdin.resume()
      return Effect.sync(leave)
    })
  )
