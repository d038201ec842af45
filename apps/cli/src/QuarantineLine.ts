/**
 * The part of the command tree that looks after commits: `syncline quarantine …` and `syncline receipts`. What a command
 * does is loaded only when it runs.
 */
import type { Quarantine, Receipt } from "@syncline/core"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { choice, doing, from, limit, text, yes } from "./Flags.ts"

const reasons = [
  "ClockAhead",
  "Denied",
  "Revoked",
  "Rejected",
  "MassDelete",
  "SchemaUnknown",
  "Forked"
] as const satisfies ReadonlyArray<Quarantine.QuarantineReason>

const statuses = ["accepted", "rejected", "deferred"] as const satisfies ReadonlyArray<Receipt.ReceiptStatus>

const loadCommands = () => import("./commands/quarantineCommands.ts")

const list = Command.make(
  "list",
  {
    reason: choice("reason", reasons, "Only what waits for this reason"),
    limit: limit("At most so many commits"),
    after: from("after", "Only after this place, as --json shows it")
  },
  doing(loadCommands, ({ list }, input) => list(input))
).pipe(Command.withDescription("Print what waits and why, one commit a line; works beside a running process"))

const show = Command.make(
  "show",
  { id: Argument.String("id").pipe(Argument.withDescription("The commit")) },
  doing(loadCommands, ({ show }, input) => show(input))
).pipe(Command.withDescription("Print one commit and what it would do to which record"))

const exportCommits = Command.make(
  "export",
  {
    reason: choice("reason", reasons, "Only what waits for this reason"),
    file: text("file", "file", "Write to a file instead of standard output")
  },
  doing(loadCommands, ({ exportCommits }, input) => exportCommits(input))
).pipe(Command.withDescription("Write the commits as they were signed, as NDJSON"))

/** Commits by their ids, or all that share a reason. */
const selection = {
  ids: Argument.String("id").pipe(Argument.withDescription("The commits"), Argument.atLeast(0)),
  reason: choice("reason", reasons, "Instead of ids: everything that waits for this reason"),
  author: text("author", "id", "With --reason: only what this device wrote"),
  peer: text("peer", "id", "With --reason: only what this peer delivered")
}

const release = Command.make(
  "release",
  selection,
  doing(loadCommands, ({ release }, input) => release(input))
).pipe(
  Command.withDescription("Apply commits; where a policy had said no, it is asked again"),
  Command.withExamples([{ command: "syncline quarantine release --reason MassDelete --author 12D3KooW…" }])
)

const confirmed = yes("yes", "What is discarded is gone; without this nothing is done")

const discard = Command.make(
  "discard",
  { ...selection, isConfirmed: confirmed },
  doing(loadCommands, ({ discard }, input) => discard(input))
).pipe(Command.withDescription("Drop commits; of a mass delete the records are kept, on every device"))

export const quarantine = Command.make("quarantine").pipe(
  Command.withDescription("Look after commits that wait and may not be applied now"),
  Command.withSubcommands([list, show, exportCommits, release, discard])
)

export const receipts = Command.make(
  "receipts",
  {
    commit: Argument.String("commit").pipe(
      Argument.withDescription("Only the receipt of this commit"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    ),
    status: choice("status", statuses, "Only receipts that say so"),
    limit: limit("At most so many receipts"),
    after: from("after", "Only after this arrival number, as --json shows it")
  },
  doing(
    () => import("./commands/receiptsCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(Command.withDescription("Print what became of the commits that this device wrote"))
