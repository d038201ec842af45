/**
 * The part of the command tree that brings devices together by a code: `syncline pair …`. What a command does is loaded only
 * when it runs.
 */
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { doing, text, yes } from "./Flags.ts"

const loadAnswers = () => import("./commands/pairAnswerCommands.ts")

const hub = text("hub", "address", "The hub where the two meet (default the device's, else http://127.0.0.1:5342)")
const name = text("name", "name", "What this device calls itself (default the machine's name)")

const make = Command.make(
  "new",
  {
    hub,
    name,
    role: text("role", "role", "At a team's hub: the role of a new member (default member)"),
    member: text("member", "id", "At a team's hub: the member whose further device it will be; a new one by itself"),
    isDirect: yes("direct", "A code of six digits, for a device in the same network, with nothing in between"),
    isDrawing: yes("qr", "Draw the link as a QR picture also where no terminal is")
  },
  doing(
    () => import("./commands/pairNewCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(
  Command.withDescription("Make a code for another device, and wait for it; good for 5 minutes and one device"),
  Command.withExamples([
    { command: "syncline pair new --data ./data" },
    { command: "syncline pair new --direct" },
    { command: "syncline pair new --member mia --data ./data" }
  ])
)

const join = Command.make(
  "join",
  {
    code: Argument.String("code").pipe(
      Argument.withDescription(
        "Six or twelve digits, four words or a link, as `syncline pair new` shows them; without it, it is read from standard input"
      ),
      Argument.atLeast(0)
    ),
    hub,
    inviter: text(
      "inviter",
      "peer",
      "With six digits: the device that invites, by its id, or by its multiaddr where it is not found by itself"
    ),
    name
  },
  doing(
    () => import("./commands/pairJoinCommand.ts"),
    ({ run }, input) => run({ ...input, code: input.code.join(" ") })
  )
).pipe(
  Command.withDescription("Join with a code of another device; makes this folder a device of its space"),
  Command.withExamples([
    { command: "syncline pair join 4821-2345-6781 --hub http://localhost:5342" },
    { command: "syncline pair join 482-157" }
  ])
)

const pending = Command.make(
  "pending",
  {},
  doing(loadAnswers, ({ pending }, input) => pending(input))
).pipe(Command.withDescription("Print the devices that wait to be let in"))

const id = Argument.String("id").pipe(
  Argument.withDescription(
    "The request's id, as `syncline pair pending` prints it; may be left out while there is one"
  ),
  Argument.optional,
  Argument.map(Option.getOrUndefined)
)

const accept = Command.make(
  "accept",
  { id, role: text("role", "role", "Another role than that of the code") },
  doing(loadAnswers, ({ accept }, input) => accept(input))
).pipe(Command.withDescription("Let a device in that waits; compare its check number first"))

const deny = Command.make(
  "deny",
  { id },
  doing(loadAnswers, ({ deny }, input) => deny(input))
).pipe(Command.withDescription("Let a device that waits not in"))

export const pair = Command.make("pair").pipe(
  Command.withDescription("Bring another device into the space by a code, or join with one"),
  Command.withSubcommands([make, join, pending, accept, deny])
)
