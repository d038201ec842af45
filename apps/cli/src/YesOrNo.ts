/**
 * A question to the person at the terminal, answered by a line: `y` or `yes` means yes and everything else no. Where no
 * terminal is, or once its input has ended, it waits for ever: somebody else must answer, and whoever asks limits the time.
 */
import { Effect } from "effect"
import { writeError } from "./Output.ts"
import { StandardStreams } from "./StandardStreams.ts"
import * as TypedLine from "./TypedLine.ts"

/** True where a person can be asked. */
export const isAsking = Effect.map(StandardStreams, ({ stdin }) => stdin.isTTY === true)

export const ask = Effect.fnUntraced(function* (question: string) {
  yield* writeError(`${question} [y/N] `)
  return /^y(es)?$/i.test((yield* TypedLine.read(false)).trim())
})
