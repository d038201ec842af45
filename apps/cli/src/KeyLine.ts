/**
 * The part of the command tree that looks after a device's own key: `syncline key …`. What a command does is loaded only when
 * it runs.
 */
import * as Command from "effect/cli/Command"
import { doing, text, yes } from "./Flags.ts"

const loadCommands = () => import("./commands/keyCommands.ts")

const protect = Command.make(
  "protect",
  {
    newFile: text(
      "new-passphrase-file",
      "file",
      "A file whose first line is the new passphrase; without it you type it"
    )
  },
  doing(loadCommands, ({ protect }, input) => protect(input))
).pipe(Command.withDescription("Put this device's key under a passphrase, or under another one"))

const age = Command.make(
  "age",
  { isSecretShown: yes("show-secret", "Print the secret identity, for `age -d -i`; whoever has it is this device") },
  doing(loadCommands, ({ age }, input) => age(input))
).pipe(Command.withDescription("Print this device as the program age names whom a file is for"))

const withFolder = (name: "unprotect" | "paper" | "restore", description: string) =>
  Command.make(
    name,
    {},
    doing(loadCommands, (commands, input) => commands[name](input))
  ).pipe(Command.withDescription(description))

export const key = Command.make("key").pipe(
  Command.withDescription("This device's key: its passphrase, a key on paper, and its name for age"),
  Command.withSubcommands([
    protect,
    withFolder("unprotect", "Take the passphrase away"),
    withFolder("paper", "Print a recovery key of 24 words, once"),
    withFolder("restore", "Make a folder the device of a recovery key, read from standard input"),
    age
  ])
)
