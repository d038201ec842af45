/**
 * A question to the person at the terminal, answered by a line: `y` or `yes` means yes and everything else no. Where no
 * terminal is, or once its input has ended, it waits for ever: somebody else must answer, and whoever asks limits the time.
 */
import { Effect } from "effect"
import { writeError } from "./Output.ts"
import { StandardStreams } from "./StandardStreams.ts"

/** A longer line is no answer to a question. */
const lineBytesMax = 1_024

/** True where a person can be asked. */
export const isAsking = Effect.map(StandardStreams, ({ stdin }) => stdin.isTTY === true)

export const ask = Effect.fnUntraced(function* (question: string) {
  const { stdin } = yield* StandardStreams
  yield* writeError(`${question} [y/N] `)
  return yield* Effect.callback<boolean>((resume) => {
    let text = ""
    const onData = (chunk: Buffer | string): void => {
      text += chunk.toString()
      if (!text.includes("\n") && text.length < lineBytesMax) return
      leave()
      resume(Effect.succeed(/^y(es)?$/i.test(text.split("\n", 1)[0]!.trim())))
    }
    const leave = (): void => {
      stdin.off("data", onData)
      stdin.pause()
    }
    stdin.on("data", onData)
    stdin.resume()
    return Effect.sync(leave)
  })
})
