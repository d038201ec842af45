/**
 * The part of the command tree that looks after the policy of a team: `syncline acl …`. What a command does is loaded only
 * when it runs.
 */
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { doing, header, isAtLeast, text, yes } from "./Flags.ts"

const actions = ["read", "create", "update", "delete", "share", "administer"] as const

const loadCommands = () => import("./commands/policyCommands.ts")

const file = Argument.String("file").pipe(Argument.withDescription("The policy as YAML or JSON"))
const note = text("note", "text", "Why, for the charter")

const show = Command.make(
  "show",
  {},
  doing(loadCommands, ({ show }, input) => show(input))
).pipe(Command.withDescription("Print the policy in force"))

const versions = Command.make(
  "versions",
  {},
  doing(loadCommands, ({ versions }, input) => versions(input))
).pipe(Command.withDescription("Print the policies that were put in force, newest first; their texts with --json"))

const explain = Command.make(
  "explain",
  {
    asker: Argument.String("asker").pipe(Argument.withDescription("A member, or a device's id")),
    action: Argument.Literals("action", actions).pipe(Argument.withDescription(actions.join(", "))),
    type: Argument.String("type").pipe(Argument.withDescription("Entity type, e.g. task")),
    id: text("id", "id", "Of this record"),
    header: header("Of records with this header value; may be given several times"),
    field: text("field", "field", "Of this field only, for create and update"),
    draft: text("draft", "file", "As if the policy in this file were in force")
  },
  doing(loadCommands, ({ explain }, input) => explain(input))
).pipe(
  Command.withDescription("Say why somebody may or may not do something; ends with 4 when not"),
  Command.withExamples([{ command: "syncline acl explain mia update task --header team=north --data ./data" }])
)

const test = Command.make(
  "test",
  { file },
  doing(loadCommands, ({ test }, input) => test(input))
).pipe(
  Command.withDescription(
    "Check a policy, run its own tests, and warn of names that the charter lacks, where there is one; ends with 5 when a test fails"
  )
)

const simulate = Command.make(
  "simulate",
  { file: file.pipe(Argument.optional, Argument.map(Option.getOrUndefined)) },
  doing(loadCommands, ({ simulate }, input) => simulate(input))
).pipe(Command.withDescription("Print what each device could do with the records that are there; now, or with a draft"))

const diff = Command.make(
  "diff",
  { file },
  doing(loadCommands, ({ diff }, input) => diff(input))
).pipe(Command.withDescription("Print who would gain and lose what of the records that are there"))

const expected = Flag.Int("expect").pipe(
  Flag.withMetavar("version"),
  Flag.withDescription(
    "Only if this is the charter's version still, as `acl diff` names it (default that of its own comparison)"
  ),
  Flag.filter(isAtLeast(0), (value) => `--expect must be 0 or more, not ${value}`),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

const apply = Command.make(
  "apply",
  {
    file,
    note,
    expect: expected,
    noDiff: yes("no-diff", "Put it in force at once, without saying first what it changes")
  },
  doing(loadCommands, ({ apply }, input) => apply(input))
).pipe(Command.withDescription("Put a policy in force"))

const rollback = Command.make(
  "rollback",
  {
    version: Argument.Int("version").pipe(
      Argument.withDescription(
        "A version that acl versions prints; one before the first policy brings the built-in roles back"
      ),
      Argument.filter(isAtLeast(0), (value) => `the version must be 0 or more, not ${value}`)
    ),
    note
  },
  doing(loadCommands, ({ rollback }, input) => rollback(input))
).pipe(Command.withDescription("Put the policy in force again that was in force at a version"))

export const acl = Command.make("acl").pipe(
  Command.withDescription("Look after the policy, at the team's hub that runs on the folder --data"),
  Command.withSubcommands([show, versions, explain, test, simulate, diff, apply, rollback])
)
