/** A commit's id, or a transaction's group, as people type it. Whether there is such a commit, the journal knows. */
import * as Effect from "effect/Effect"
import { because, type CliError, UsageInvalid } from "./CliError.ts"

const pattern = /^[0-9a-f]{64}$/
const groupPattern = /^[0-9a-f]{16}$/

/** What `undo` takes back: a commit, or all commits of a transaction. */
export type Undoable = { readonly commit: string } | { readonly group: string }

export const parseUndoable = (text: string): Effect.Effect<Undoable, CliError> => {
  const group = text.toLowerCase()
  if (groupPattern.test(group)) return Effect.succeed({ group })
  return Effect.map(parse(text, "history"), (commit) => ({ commit }))
}

/** The id; `shownBy` is the command that prints such ids. */
export const parse = (text: string, shownBy: string): Effect.Effect<string, CliError> => {
  const id = text.toLowerCase()
  if (pattern.test(id)) return Effect.succeed(id)
  const problem = `${text} is no commit. Its id has 64 hexadecimal digits; ${shownBy} prints it.`
  return Effect.fail(because(new UsageInvalid({ problem })))
}
