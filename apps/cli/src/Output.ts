/**
 * What a command says and where: results on standard output, everything else on standard error. With `--json` a result
 * is one JSON document or NDJSON, and notes for people stay away. It decides no wording and no exit code.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { because, type CliError, OutputClosed, OutputUnwritable } from "./CliError.ts"
import * as PlainText from "./PlainText.ts"
import { StandardStreams } from "./StandardStreams.ts"

export class Output extends Context.Service<
  Output,
  {
    readonly isJson: boolean
    /** The result: the document for programs, or the text for people. */
    readonly result: (document: unknown, text: string) => Effect.Effect<void, CliError>
    /** The document for programs, or a text byte for byte as it was written; on a terminal it has no power over that. */
    readonly verbatim: (document: unknown, text: string) => Effect.Effect<void, CliError>
    /** Many results, each on a line of its own, the same for people and programs. Waits while the reader is slow. */
    readonly lines: (documents: ReadonlyArray<unknown>) => Effect.Effect<void, CliError>
    /** One of several results that people read differently. */
    readonly line: (document: unknown, text: string) => Effect.Effect<void, CliError>
    /** A remark for people, on standard error. */
    readonly note: (text: string) => Effect.Effect<void>
  }
>()("@syncline/cli/Output") {}

export const make = (isJson: boolean): Output["Service"] => {
  const line = (document: unknown, text: string) =>
    write(`${isJson ? JSON.stringify(document) : PlainText.lines(text)}\n`)
  return {
    isJson,
    result: line,
    line,
    verbatim: (document, text) =>
      Effect.flatMap(StandardStreams, ({ stdout }) =>
        isJson || stdout.isTTY === true ? line(document, text.replace(/\n$/, "")) : write(text)
      ),
    lines: (documents) =>
      documents.length === 0 ? Effect.void : write(`${documents.map((each) => JSON.stringify(each)).join("\n")}\n`),
    note: (text) => (isJson ? Effect.void : writeError(`${PlainText.lines(text)}\n`))
  }
}

/** Text on standard error. Nobody can be told when that fails. */
export const writeError = (text: string): Effect.Effect<void> =>
  Effect.map(StandardStreams, ({ stderr }) => void stderr.write(text))

const write = (text: string): Effect.Effect<void, CliError> =>
  Effect.flatMap(StandardStreams, ({ stdout }) =>
    Effect.callback((resume) => {
      stdout.write(text, (error) =>
        resume(error === null || error === undefined ? Effect.void : Effect.fail(failure(error)))
      )
    })
  )

const failure = (error: Error & { readonly code?: string }): CliError => {
  if (error.code === "EPIPE") return because(new OutputClosed({}))
  const problem = error.code === "ENOSPC" ? "the disk is full" : error.message
  return because(new OutputUnwritable({ place: "standard output", problem }))
}
