/**
 * The part of the command tree that reads what a node decided: `syncline audit …`. What a command does is loaded only when
 * it runs.
 */
import type { AuditChain } from "@syncline/policy"
import * as Command from "effect/cli/Command"
import { choice, doing, from, limit, text, yes } from "./Flags.ts"

const actions = [
  "admit",
  "send",
  "receive",
  "write",
  "forget",
  "invite",
  "revoke",
  "request",
  "approve",
  "reject",
  "overflow",
  "manage",
  "signin"
] as const satisfies typeof AuditChain.actions

const loadCommands = () => import("./commands/auditCommands.ts")

const list = Command.make(
  "list",
  {
    isDenied: yes("denied", "Only what was refused"),
    action: choice("action", actions, "Only this action"),
    peer: text("peer", "id", "Only about this device"),
    limit: limit("At most so many entries (default 20, at most 1000)"),
    before: from("before", "Only entries with a smaller number")
  },
  doing(loadCommands, ({ list }, input) => list(input))
).pipe(Command.withDescription("Print what was decided, the newest first; works beside a running process"))

const verify = Command.make(
  "verify",
  {
    file: text("file", "file", "Verify an export instead of the folder's own audit"),
    signer: text(
      "signer",
      "id",
      "The device whose audit it must be (default: the folder's; of an export, whoever signed it)"
    )
  },
  doing(loadCommands, ({ verify }, input) => verify(input))
).pipe(Command.withDescription("Follow the chain of entries and name the first that does not hold; ends with 1 then"))

const exportEntries = Command.make(
  "export",
  { file: text("file", "file", "Write to a file instead of standard output") },
  doing(loadCommands, ({ exportEntries }, input) => exportEntries(input))
).pipe(
  Command.withDescription(
    "Write all entries as NDJSON, with what the first of them follows and an end that this device signs"
  )
)

export const audit = Command.make("audit").pipe(
  Command.withDescription("Read what this device, or the hub of the folder, let pass and refused"),
  Command.withSubcommands([list, verify, exportEntries])
)
