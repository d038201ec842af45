/**
 * The part of the command tree that backs data folders up and restores them: `syncline backup …`. What a command does is loaded
 * only when it runs.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import { doing, isAtLeast, yes } from "./Flags.ts"

const loadCommands = () => import("./commands/backupCommands.ts")

const place = Argument.String("place").pipe(
  Argument.withDescription("A folder for backups, outside of the data folder; best on another disk")
)
const backup = Argument.String("backup").pipe(
  Argument.withDescription("The backup's folder, as `backup make` prints it")
)

const make = Command.make(
  "make",
  {
    place,
    keep: Flag.Int("keep").pipe(
      Flag.withMetavar("count"),
      Flag.withDescription("Afterwards take away all but so many backups of this device"),
      Flag.filter(isAtLeast(1), (value) => `--keep must be 1 or more, not ${value}`),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    )
  },
  doing(loadCommands, ({ make }, input) => make(input))
).pipe(
  Command.withDescription("Make a backup of a device's or a hub's folder; works while it runs"),
  Command.withExamples([{ command: "syncline backup make ./backups --data ./data" }])
)

const list = Command.make(
  "list",
  { place },
  doing(loadCommands, ({ list }, input) => list(input))
).pipe(Command.withDescription("Print the backups in a folder, the newest first"))

const verify = Command.make(
  "verify",
  { backup },
  doing(loadCommands, ({ verify }, input) => verify(input))
).pipe(Command.withDescription("Look whether a backup is as it was made; ends with 1 where it is not"))

const restore = Command.make(
  "restore",
  {
    backup,
    isDryRun: yes("dry-run", "Say what would be done, and do nothing"),
    isReplacing: yes("replace", "Move what is in the folder aside, into a folder in it")
  },
  doing(loadCommands, ({ restore }, input) => restore(input))
).pipe(
  Command.withDescription("Put a backup into the folder of --data, which nobody works on"),
  Command.withExamples([
    { command: "syncline backup restore ./backups/20261121T143000Z-1a2b3c4d --data ./data --dry-run" }
  ])
)

export const backups = Command.make("backup").pipe(
  Command.withDescription("Back up a data folder, verify backups and restore them"),
  Command.withSubcommands([make, list, verify, restore])
)
