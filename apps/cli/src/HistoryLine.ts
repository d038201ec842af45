/**
 * The part of the command tree that is about the past: `syncline history`, `restore` and `undo`. What a command does is
 * loaded only when it runs.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { doing, headerOfOne, id, limit, schema, type } from "./Flags.ts"

const loadCommands = () => import("./commands/historyCommands.ts")

export const history = Command.make(
  "history",
  { type, id, header: headerOfOne, limit: limit("Only so many changes") },
  doing(loadCommands, ({ history }, input) => history(input))
).pipe(Command.withDescription("Print what became of a record, newest first; works beside a running process"))

export const restore = Command.make(
  "restore",
  {
    type,
    id,
    header: headerOfOne,
    at: Flag.String("at").pipe(
      Flag.withMetavar("time"),
      Flag.withDescription("The time to go back to, e.g. 2026-11-21T14:30Z")
    ),
    schema
  },
  doing(loadCommands, ({ restore }, input) => restore(input))
).pipe(
  Command.withDescription("Make a record look as it did, also a deleted one"),
  Command.withExamples([{ command: "syncline restore city 3039163 --at 2026-11-21T14:30Z" }])
)

export const undo = Command.make(
  "undo",
  {
    commit: Argument.String("commit").pipe(
      Argument.withDescription("The commit or transaction, as `syncline history` prints it")
    ),
    schema
  },
  doing(loadCommands, ({ undo }, input) => undo(input))
).pipe(
  Command.withDescription(
    "Take back what a commit or transaction did, as far as nobody overwrote it; an undo is undone the same way"
  )
)
