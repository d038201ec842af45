/**
 * The tree of commands with their arguments and flags, as help and completions show them. What a command does is
 * loaded only when it runs, so that `--help` stays quick; that is also why Effect's modules are imported one by one.
 */
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { audit } from "./AuditLine.ts"
import { backups } from "./BackupLine.ts"
import {
  at,
  choice,
  Data,
  doing,
  from,
  header,
  headerOfOne,
  id,
  isAtLeast,
  Json,
  limit,
  schema,
  text,
  type,
  yes
} from "./Flags.ts"
import { space } from "./SpaceLine.ts"
import { drive } from "./DriveLine.ts"
import { history, restore, undo } from "./HistoryLine.ts"
import { operations } from "./HubLine.ts"
import { invite, join, request } from "./InviteLine.ts"
import { key } from "./KeyLine.ts"
import { pair } from "./PairLine.ts"
import { accounts, sessions, tokens } from "./PeopleLine.ts"
import { acl } from "./PolicyLine.ts"
import { quarantine, receipts } from "./QuarantineLine.ts"
import { openFile, road } from "./RoadLine.ts"
import { device, member, role, seal, team } from "./TeamLine.ts"

const init = Command.make(
  "init",
  {
    space: text("space", "name", "Name of the space that the devices share (default home, or the hub's)"),
    hub: text("hub", "address", "Address of the hub, e.g. http://localhost:5342"),
    hubPeer: text("hub-peer", "id", "The hub's id; without it the hub is asked"),
    policy: choice("policy", ["personal", "enterprise"], "With --hub-peer: the hub's policy (default personal)"),
    schema
  },
  doing(
    () => import("./commands/initCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(
  Command.withDescription("Make a device: folder, key and hub"),
  Command.withExamples([{ command: "syncline init --hub http://localhost:5342" }])
)

const showId = Command.make(
  "id",
  {},
  doing(
    () => import("./commands/spaceCommands.ts"),
    ({ id }, input) => id(input)
  )
).pipe(Command.withDescription("Print this device's id"))

const trust = Command.make(
  "trust",
  {
    peer: Argument.String("peer").pipe(Argument.withDescription("The other device's id, as `syncline id` prints it")),
    isRemoving: yes("remove", "Trust it no longer")
  },
  doing(
    () => import("./commands/spaceCommands.ts"),
    ({ trust }, input) => trust(input)
  )
).pipe(Command.withDescription("Trust another device; works while this one, or the hub, runs"))

const importRecords = Command.make(
  "import",
  {
    file: Argument.String("file").pipe(Argument.withDescription("JSON array or NDJSON; - is standard input")),
    type: text("type", "type", "Entity type of the records; without it each names its own in $type"),
    idField: text("id-field", "field", "The field that holds the id (default id)"),
    isSkippingBad: yes("skip-bad", "Import the good records when some are bad"),
    schema
  },
  doing(
    () => import("./commands/importCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(
  Command.withDescription("Import records from a file"),
  Command.withExamples([{ command: "syncline import cities.json --type city --id-field cityId" }])
)

const put = Command.make(
  "put",
  {
    type,
    json: Argument.String("json").pipe(Argument.withDescription("The record as JSON; - is standard input")),
    id: text("id", "id", "The record's id; a new one without it"),
    header: header("A value of a header field that the JSON does not name; the record with these values is meant"),
    schema
  },
  doing(
    () => import("./commands/recordCommands.ts"),
    ({ put }, input) => put(input)
  )
).pipe(Command.withDescription("Write one record; fields that it does not name stay"))

const get = Command.make(
  "get",
  { type, id, at, header: headerOfOne },
  doing(
    () => import("./commands/recordCommands.ts"),
    ({ get }, input) => get(input)
  )
).pipe(Command.withDescription("Print one record"))

const remove = Command.make(
  "delete",
  { type, id, header: headerOfOne },
  doing(
    () => import("./commands/recordCommands.ts"),
    ({ remove }, input) => remove(input)
  )
).pipe(Command.withDescription("Delete one record"))

const query = Command.make(
  "query",
  {
    type,
    where: Flag.String("where").pipe(
      Flag.withMetavar("field=value"),
      Flag.withDescription("Only records whose field equals the value; may be given several times"),
      Flag.atLeast(0)
    ),
    orderBy: text("order-by", "field[:desc]", "Order by a field instead of the id"),
    limit: limit("At most so many records"),
    offset: from("offset", "Pass over so many records"),
    at,
    isCounting: yes("count", "Print only how many there are")
  },
  doing(
    () => import("./commands/queryCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(
  Command.withDescription("Print records, one a line"),
  Command.withExamples([{ command: "syncline query city --where country=AD --order-by population:desc --limit 3" }])
)

const watch = Command.make(
  "watch",
  { type: text("type", "type", "Only changes of this entity type") },
  doing(
    () => import("./commands/watchCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(Command.withDescription("Stay with the hub and the mailboxes and print every change"))

const sync = Command.make(
  "sync",
  {
    isWatching: yes("watch", "Stay after the first sync, and tell when another road is taken"),
    every: Flag.Int("every").pipe(
      Flag.withMetavar("seconds"),
      Flag.withDescription("Stay, and sync so often instead of all the time (5 to 86400)"),
      Flag.filter(
        (value) => value >= 5 && value <= 86_400,
        (value) => `--every must be 5 to 86400 seconds, not ${value}`
      ),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    timeout: Flag.Int("timeout").pipe(
      Flag.withMetavar("seconds"),
      Flag.withDescription("Give up when nothing moves for so long (default 60)"),
      Flag.filter(isAtLeast(1), (value) => `--timeout must be 1 or more seconds, not ${value}`),
      Flag.withDefault(60)
    )
  },
  doing(
    () => import("./commands/syncCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(
  Command.withDescription("Sync with the hub until both sides hold the same, and look into the device's mailboxes")
)

const status = Command.make(
  "status",
  {},
  doing(
    () => import("./commands/statusCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(Command.withDescription("Show the device, its hub and roads, whom it trusts and what it holds"))

const exportRecords = Command.make(
  "export",
  {
    type: text("type", "type", "Only this entity type; without it each record names its own in $type"),
    file: text("file", "file", "Write to a file instead of standard output")
  },
  doing(
    () => import("./commands/exportCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(Command.withDescription("Write all records as NDJSON"))

const hash = Command.make(
  "hash",
  {},
  doing(
    () => import("./commands/spaceCommands.ts"),
    ({ hash }, input) => hash(input)
  )
).pipe(Command.withDescription("Print the hash of everything the space holds; equal hashes mean equal records"))

const doctor = Command.make(
  "doctor",
  {},
  doing(
    () => import("./commands/doctorCommand.ts"),
    ({ examine }, input) => examine(input)
  )
).pipe(Command.withDescription("Say what the hub that runs on the folder finds in itself, and what to do"))

const diagnostics = Command.make(
  "diagnostics",
  {},
  doing(
    () => import("./commands/doctorCommand.ts"),
    ({ diagnostics }, input) => diagnostics(input)
  )
).pipe(
  Command.withDescription(
    "Print versions, settings, checks and counts of the hub for whoever helps; no name, id or secret"
  )
)

/** The whole tree. */
export const commandLine = Command.make("syncline").pipe(
  Command.withDescription("Keeps records on this device and syncs them with others"),
  Command.withSubcommands([
    { group: "Device", commands: [init, pair, join, showId, trust, status, key, backups] },
    { group: "Records", commands: [importRecords, exportRecords, space, put, get, query, remove] },
    { group: "The past", commands: [history, restore, undo] },
    { group: "Sync", commands: [sync, watch, road, drive, openFile, hash, receipts, quarantine] },
    { group: "Team", commands: [invite, request, member, device, team, role, acl, seal, audit] },
    { group: "Hub", commands: [operations, accounts, tokens, sessions, doctor, diagnostics] }
  ]),
  Command.withGlobalFlags([Data, Json])
)
