/**
 * The part of the command tree that takes a whole space out and in again: `syncline space …`. What a command does is loaded only
 * when it runs.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { doing } from "./Flags.ts"

const loadCommands = () => import("./commands/exchangeCommands.ts")

const exportSpace = Command.make(
  "export",
  { file: Argument.String("file").pipe(Argument.withDescription("The file to write, NDJSON")) },
  doing(loadCommands, ({ exportSpace }, input) => exportSpace(input))
).pipe(
  Command.withDescription(
    "Write every record with the kinds of its fields, and the state hash; works beside a running process"
  )
)

const importSpace = Command.make(
  "import",
  { file: Argument.String("file").pipe(Argument.withDescription("A file that `space export` wrote")) },
  doing(loadCommands, ({ importSpace }, input) => importSpace(input))
).pipe(Command.withDescription("Take an export into an empty folder of the same space, and compare the state hash"))

export const space = Command.make("space").pipe(
  Command.withDescription("Take a whole space out of a folder in an open format, and into an empty one"),
  Command.withSubcommands([exportSpace, importSpace])
)
