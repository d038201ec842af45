/** The part of the command tree that asks a hub for anything that its REST interface has: `syncline hub …`. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { doing, hub, text, yes } from "./Flags.ts"

export const operations = Command.make(
  "hub",
  {
    ...hub,
    words: Argument.String("operation").pipe(
      Argument.withDescription(
        "The operation and its arguments, e.g. peers.pause 12D3KooW…; without one, or with a word: which there are"
      ),
      Argument.atLeast(0)
    ),
    set: Flag.String("set").pipe(
      Flag.withMetavar("name=value"),
      Flag.withDescription("A field of what is asked, JSON or text; may be given several times"),
      Flag.atLeast(0)
    ),
    body: text("body", "file", "A file with a JSON object to send; - is standard input"),
    from: text("from", "file", "The file to send, where the operation takes one"),
    to: text("to", "file", "Where the file goes that the operation gives (default standard output)"),
    isConfirmed: yes("yes", "Take away what is to be taken away")
  },
  doing(
    () => import("./commands/hubCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(
  Command.withDescription("Ask a hub for anything that its REST interface has, by the names of /docs"),
  Command.withExamples([
    { command: "syncline hub peers --data ./data" },
    { command: "syncline hub peers.list --at https://hub.example.com --token-file ./token" },
    { command: "syncline hub settings.change --set logLevel=debug --data ./data" }
  ])
)
