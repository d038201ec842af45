/**
 * The three streams of a run: the process's own, unless whoever runs the command line gives others. What is written to
 * which of them is `Output`'s business.
 */
import { Console as StreamConsole } from "node:console"
import type { Readable, Writable } from "node:stream"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
}

export const StandardStreams = Context.Reference<Streams>("@syncline/cli/StandardStreams", {
  defaultValue: () => process
})

/** Runs an effect with these streams; help and the log, which go to a console, come there, too. */
export const provide =
  (streams: Streams) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const { stderr, stdout } = streams
    return effect.pipe(
      Effect.provideService(StandardStreams, streams),
      Effect.provideService(Console.Console, new StreamConsole({ stdout, stderr }))
    )
  }
