/**
 * The part of the command tree that looks after people who sign in to a hub: `syncline account …`, `token …` and `session …`. What a command
 * does is loaded only when it runs.
 */
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { doing, hub, text } from "./Flags.ts"

const loadAccounts = () => import("./commands/accountCommands.ts")
const loadTokens = () => import("./commands/tokenCommands.ts")

const account = Argument.String("account").pipe(Argument.withDescription("The account's name or id"))
const ofAccount = text("account", "account", "Only those of this account, by its name or id")
const roles = ["owner", "admin", "viewer"] as const
const member = text("member", "id", "The member of the team as whom it acts")

const listAccounts = Command.make(
  "list",
  hub,
  doing(loadAccounts, ({ list }, input) => list(input))
).pipe(Command.withDescription("Print the accounts of the hub"))

const addAccount = Command.make(
  "add",
  {
    ...hub,
    name: Argument.String("name").pipe(Argument.withDescription("The name to sign in by")),
    role: Flag.Literals("role", roles).pipe(
      Flag.withDescription("What it may ask of the hub (default viewer)"),
      Flag.withDefault("viewer" as const)
    ),
    member
  },
  doing(loadAccounts, ({ add }, input) => add(input))
).pipe(
  Command.withDescription("Make an account, and a link by which its person chooses a password; it is printed once"),
  Command.withExamples([{ command: "syncline account add mia --role admin --member mia --data ./data" }])
)

const linkAccount = Command.make(
  "link",
  { ...hub, account },
  doing(loadAccounts, ({ link }, input) => link(input))
).pipe(Command.withDescription("Make a new link for an account, e.g. for a password that was forgotten"))

const setRole = Command.make(
  "role",
  {
    ...hub,
    account,
    role: Argument.Literals("role", roles).pipe(Argument.withDescription("The role that it gets"))
  },
  doing(loadAccounts, ({ setRole }, input) => setRole(input))
).pipe(Command.withDescription("Give an account another role, and sign it out"))

const setMember = Command.make(
  "member",
  {
    ...hub,
    account,
    member: Argument.String("member").pipe(
      Argument.withDescription("The member of the team as whom it acts; none takes it from the team"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    )
  },
  doing(loadAccounts, ({ setMember }, input) => setMember(input))
).pipe(Command.withDescription("Say as which member an account acts, and sign it out"))

const disable = Command.make(
  "disable",
  { ...hub, account },
  doing(loadAccounts, ({ setDisabled }, input) => setDisabled({ ...input, isDisabled: true }))
).pipe(Command.withDescription("Let an account sign in no more, and sign it out; its tokens are good for nothing"))

const enable = Command.make(
  "enable",
  { ...hub, account },
  doing(loadAccounts, ({ setDisabled }, input) => setDisabled({ ...input, isDisabled: false }))
).pipe(Command.withDescription("Let an account sign in again"))

const removeAccount = Command.make(
  "remove",
  { ...hub, account },
  doing(loadAccounts, ({ remove }, input) => remove(input))
).pipe(Command.withDescription("Remove an account with all that it has"))

export const accounts = Command.make("account").pipe(
  Command.withDescription("Look after accounts of people at a hub"),
  Command.withSubcommands([listAccounts, addAccount, linkAccount, setRole, setMember, disable, enable, removeAccount])
)

const newToken = Command.make(
  "new",
  {
    ...hub,
    account,
    scopes: Flag.String("scope").pipe(
      Flag.withMetavar("scope"),
      Flag.withDescription("A right that it gets, e.g. records:read; may be given several times"),
      Flag.atLeast(1)
    ),
    note: Flag.String("note").pipe(
      Flag.withMetavar("text"),
      Flag.withDescription("What it is for"),
      Flag.withDefault("")
    ),
    days: Flag.Int("days").pipe(
      Flag.withMetavar("count"),
      Flag.withDescription("How long it is good, 1 to 365 (default 90)"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    )
  },
  doing(loadTokens, ({ make }, input) => make(input))
).pipe(
  Command.withDescription("Make a token of an account for a program, on the hub's machine; it is printed once"),
  Command.withExamples([
    { command: "syncline token new mia --scope records:read --note 'the report' --days 30 --data ./data" }
  ])
)

const listTokens = Command.make(
  "list",
  { ...hub, account: ofAccount },
  doing(loadTokens, ({ list }, input) => list(input))
).pipe(Command.withDescription("Print tokens, without their secrets"))

const revoke = Command.make(
  "revoke",
  { ...hub, id: Argument.String("id").pipe(Argument.withDescription("The token's id")) },
  doing(loadTokens, ({ revoke }, input) => revoke(input))
).pipe(Command.withDescription("End a token"))

export const tokens = Command.make("token").pipe(
  Command.withDescription("Look after tokens by which programs ask a hub"),
  Command.withSubcommands([newToken, listTokens, revoke])
)

const listSessions = Command.make(
  "list",
  { ...hub, account: ofAccount },
  doing(loadTokens, ({ listSessions }, input) => listSessions(input))
).pipe(Command.withDescription("Print where people are signed in"))

const endSession = Command.make(
  "end",
  {
    ...hub,
    id: Argument.String("id").pipe(
      Argument.withDescription("The session's id, or as much of its beginning as is needed"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    ),
    account: text("account", "account", "All sessions of this account instead, by its name or id")
  },
  doing(loadTokens, ({ endSession }, input) => endSession(input))
).pipe(Command.withDescription("Sign somebody out"))

export const sessions = Command.make("session").pipe(
  Command.withDescription("Look after sessions of people who are signed in to a hub"),
  Command.withSubcommands([listSessions, endSession])
)
