/**
 * The part of the command tree that looks after a device's roads beside its hub: `syncline road …`, and `open`, which shows a file of
 * a mailbox. What a command does is loaded only when it runs.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { doing, text } from "./Flags.ts"

const loadCommands = () => import("./commands/roadCommands.ts")

const addFolder = Command.make(
  "folder",
  {
    path: Argument.String("path").pipe(
      Argument.withDescription("A folder of its own that a cloud program copies between your devices; it must be there")
    )
  },
  doing(loadCommands, ({ addFolder }, input) => addFolder(input))
).pipe(
  Command.withDescription("Meet other devices in a folder that a cloud program copies"),
  Command.withExamples([{ command: "syncline road add folder ~/Dropbox/Syncline" }])
)

const addDrive = Command.make(
  "drive",
  {
    folderId: text(
      "folder-id",
      "id",
      "A folder that the same OAuth client made; without it the folder Syncline, which is found or made"
    )
  },
  doing(loadCommands, ({ addDrive }, input) => addDrive(input))
).pipe(
  Command.withDescription(
    "Meet other devices of your Google account in its Drive; sign in with `syncline drive login` first"
  )
)

const addDirect = Command.make(
  "direct",
  {
    listen: Flag.String("listen").pipe(
      Flag.withMetavar("multiaddr"),
      Flag.withDescription("Where to listen, e.g. /ip4/0.0.0.0/udp/4001/quic-v1; without it everywhere, on free ports"),
      Flag.atLeast(0)
    )
  },
  doing(loadCommands, ({ addDirect }, input) => addDirect(input))
).pipe(
  Command.withDescription(
    "Meet other devices directly, in the local network and by the relay of the hub, while `sync --watch` or `watch` runs"
  )
)

const add = Command.make("add").pipe(
  Command.withDescription("Add a road: a mailbox, which is tried before it is kept, or the direct one"),
  Command.withSubcommands([addFolder, addDrive, addDirect])
)

const list = Command.make(
  "list",
  {},
  doing(loadCommands, ({ list }, input) => list(input))
).pipe(Command.withDescription("Print the device's roads"))

const remove = Command.make(
  "remove",
  { address: Argument.String("address").pipe(Argument.withDescription("As `syncline road list` prints it")) },
  doing(loadCommands, ({ remove }, input) => remove(input))
).pipe(Command.withDescription("Use a road no longer; what lies in a mailbox stays"))

const suggest = Command.make(
  "suggest",
  {},
  doing(loadCommands, ({ suggest }) => suggest)
).pipe(Command.withDescription("Print the folders of cloud programs that are on this machine"))

export const road = Command.make("road").pipe(
  Command.withDescription("Other roads than the hub: mailboxes, and devices that meet directly"),
  Command.withSubcommands([add, list, remove, suggest])
)

export const openFile = Command.make(
  "open",
  { file: Argument.String("file").pipe(Argument.withDescription("A file of a mailbox, e.g. seg-0000000007-….age")) },
  doing(
    () => import("./commands/openCommand.ts"),
    ({ run }, input) => run(input)
  )
).pipe(Command.withDescription("Show what a file of a mailbox holds, with this device's key"))
