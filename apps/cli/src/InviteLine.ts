/**
 * The part of the command tree that brings people into a team by links: `syncline invite …` and `request …` at its hub, and
 * `syncline join` on a newcomer's device. What a command does is loaded only when it runs.
 */
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { choice, doing, from, text } from "./Flags.ts"

const loadInvites = () => import("./commands/inviteCommands.ts")
const loadRequests = () => import("./commands/requestCommands.ts")

const onHub = "at the team's hub that runs on the folder --data"

const make = Command.make(
  "new",
  {
    hub: text("hub", "address", "The hub's address for newcomers (default where it listens)"),
    role: text("role", "role", "The role that newcomers get (default member)"),
    teams: Flag.String("team").pipe(
      Flag.withMetavar("team"),
      Flag.withDescription("A team that newcomers are in; may be given several times"),
      Flag.atLeast(0)
    ),
    expires: Flag.String("expires").pipe(
      Flag.withMetavar("time"),
      Flag.withDescription("How long the link is good: 30m, 12h, 7d; at most 90d (default 7d)"),
      Flag.withDefault("7d")
    ),
    uses: Flag.Int("uses").pipe(
      Flag.withMetavar("count"),
      Flag.withDescription("How many may ask by it, 1 to 100 (default 1)"),
      Flag.withDefault(1)
    ),
    isByHand: Flag.Boolean("approve").pipe(
      Flag.withDescription("A person must approve each request (the default); --no-approve lets in whoever asks"),
      Flag.withDefault(true)
    )
  },
  doing(loadInvites, ({ make }, input) => make(input))
).pipe(
  Command.withDescription("Make a link by which people ask to join; it is printed once"),
  Command.withExamples([
    { command: "syncline invite new --team north --data ./data" },
    { command: "syncline invite new --role readonly --uses 20 --no-approve --expires 12h --data ./data" }
  ])
)

const list = Command.make(
  "list",
  {},
  doing(loadInvites, ({ list }, input) => list(input))
).pipe(Command.withDescription("Print the invitations, without their secrets"))

const revoke = Command.make(
  "revoke",
  { id: Argument.String("id").pipe(Argument.withDescription("The invitation's id")) },
  doing(loadInvites, ({ revoke }, input) => revoke(input))
).pipe(Command.withDescription("End an invitation, and reject what waits of it"))

export const invite = Command.make("invite").pipe(
  Command.withDescription(`Invite people by links, ${onHub}`),
  Command.withSubcommands([make, list, revoke])
)

const id = Argument.String("id").pipe(
  Argument.withDescription("The request's id; may be left out while one waits"),
  Argument.optional,
  Argument.map(Option.getOrUndefined)
)

const statuses = ["pending", "approved", "rejected", "all"] as const

const listRequests = Command.make(
  "list",
  { status: choice("status", statuses, "Those that wait (the default), were approved or rejected, or all") },
  doing(loadRequests, ({ list }, { status = "pending", ...input }) => list({ ...input, status }))
).pipe(Command.withDescription("Print who asks to join"))

const approve = Command.make(
  "approve",
  { id, role: text("role", "role", "Another role than that of the invitation; one that manages must be named") },
  doing(loadRequests, ({ approve }, input) => approve(input))
).pipe(Command.withDescription("Let a newcomer in as a new member, for good"))

const reject = Command.make(
  "reject",
  { id, reason: text("reason", "text", "What the newcomer is told") },
  doing(loadRequests, ({ reject }, input) => reject(input))
).pipe(Command.withDescription("Let a newcomer not in, for good"))

export const request = Command.make("request").pipe(
  Command.withDescription(`Answer who asks to join, ${onHub}`),
  Command.withSubcommands([listRequests, approve, reject])
)

export const join = Command.make(
  "join",
  {
    link: Argument.String("link").pipe(
      Argument.withDescription("As `syncline invite new` printed it; without it, it is read from standard input"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    ),
    name: text("name", "name", "What the hub's people shall call you (default the machine's name)"),
    timeout: from("timeout", "Seconds to wait for an answer (default 600); 0 asks once", 600)
  },
  doing(
    () => import("./commands/joinCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(
  Command.withDescription("Ask to join a team by a link, and wait; makes this folder a device of it"),
  Command.withExamples([{ command: "syncline join --name Mia --data ./laptop" }])
)
