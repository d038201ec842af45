/**
 * `syncline road add`, `list`, `remove` and `suggest`: the mailboxes of a device, kept in `device.json`. One is tried before it is kept;
 * using them is the business of `sync` and `watch`.
 */
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import { Author, MailboxName } from "@syncline/core"
import { NodeCrypto, SqliteJournal } from "@syncline/node"
import { Config, Effect, Option } from "effect"
import { because, DeviceMissing, UsageInvalid } from "../CliError.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import { DriveSignedOut } from "../DriveError.ts"
import * as DriveLoginFile from "../DriveLoginFile.ts"
import { command } from "../Invocation.ts"
import { Output } from "../Output.ts"
import { RoadMissing } from "../RoadError.ts"
import * as Roads from "../Roads.ts"

interface On {
  readonly data: string
}

/** The device of a folder, which a hub's is not. */
export const deviceOf = Effect.fnUntraced(function* (folder: string) {
  const device = yield* DeviceFile.read(folder)
  if (device !== undefined) return device
  if (!Device.hasJournal(folder)) return yield* because(new DeviceMissing({ folder }))
  const problem = `${folder} is a hub's folder; its mailbox is the one that SYNCLINE_MAILBOX_FOLDER names when it starts`
  return yield* because(new UsageInvalid({ problem }))
})

export const addFolder = Effect.fnUntraced(function* ({ data, path }: On & { readonly path: string }) {
  const output = yield* Output
  yield* add(data, yield* deviceOf(data), { kind: "folder", path: resolve(path) })
  yield* output.note(
    "Add the same folder on each device that is to meet this one there, and let them trust each other.\n" +
      `Then:\n  ${command(`sync --data ${data}`)}`
  )
})

export const addDrive = Effect.fnUntraced(function* ({
  data,
  folderId
}: On & { readonly folderId: string | undefined }) {
  const output = yield* Output
  const device = yield* deviceOf(data)
  if (folderId !== undefined && !/^[\w-]{8,128}$/.test(folderId)) {
    const problem = "--folder-id takes the last part of the folder's address in a browser, without what follows a ?"
    return yield* because(new UsageInvalid({ problem }))
  }
  const login = yield* DriveLoginFile.read(data)
  if (login === null) return yield* because(new DriveSignedOut({ folder: data }))
  const { account } = login
  yield* add(data, device, { kind: "gdrive", account, ...(folderId === undefined ? {} : { folderId }) })
  yield* output.note(
    "Sign in with the same account and OAuth client on each device that is to meet this one there, add the road,\n" +
      `and let them trust each other. Then:\n  ${command(`sync --data ${data}`)}`
  )
})

export const addDirect = Effect.fnUntraced(function* ({
  data,
  listen
}: On & { readonly listen: ReadonlyArray<string> }) {
  const output = yield* Output
  const device = yield* deviceOf(data)
  const direct = listen.length === 0 ? {} : { listen }
  if (!DeviceFile.isDirect(direct)) {
    const problem = `--listen takes at most ${DeviceFile.listenMax} addresses like /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/udp/4001/quic-v1`
    return yield* because(new UsageInvalid({ problem }))
  }
  const changed = JSON.stringify(device.direct) !== JSON.stringify(direct)
  if (changed) yield* DeviceFile.write(data, { ...device, direct })
  const address = DeviceFile.directAddress
  const text = changed
    ? "This device meets others directly now."
    : "Nothing changed: this device meets others directly already."
  yield* output.result({ name: address, address, listen, changed }, text)
  yield* output.note(
    "Add it on each device that is to meet this one, and let them trust each other.\n" +
      `Then:\n  ${command(`sync --watch --data ${data}`)}`
  )
})

/** Tries a mailbox and keeps it. */
const add = Effect.fnUntraced(function* (data: string, device: DeviceFile.Device, kept: DeviceFile.KeptMailbox) {
  const output = yield* Output
  const { mailboxes = [] } = device
  const name = yield* tryOut(data, kept)
  const address = DeviceFile.addressOf(kept)
  const isNew = !mailboxes.some((each) => DeviceFile.addressOf(each) === address)
  if (isNew && mailboxes.length >= DeviceFile.mailboxesMax) {
    const problem = `A device has ${DeviceFile.mailboxesMax} mailboxes at most; remove one first`
    return yield* because(new UsageInvalid({ problem }))
  }
  if (isNew) yield* DeviceFile.write(data, { ...device, mailboxes: [...mailboxes, kept] })
  const text = isNew
    ? `${address} is a road of this device now.`
    : `Nothing changed: ${address} was a road of this device already.`
  yield* output.result({ name, address, changed: isNew }, text)
})

/** Opens the mailbox as this device would, which says why it cannot be one. */
const tryOut = Effect.fnUntraced(function* (data: string, kept: DeviceFile.KeptMailbox) {
  const { info } = yield* Effect.scoped(SqliteJournal.openReadOnly({ folder: data }))
  const { sha256 } = NodeCrypto.functions
  const mailbox = yield* Roads.mailboxOf(data, kept, false)
  const place = {
    space: MailboxName.spaceTag(sha256, info.space),
    owner: MailboxName.ownerTag(sha256, info.space, Author.peer(info.author))
  }
  yield* Effect.scoped(mailbox.open(place))
  return mailbox.name
})

export const list = Effect.fnUntraced(function* ({ data }: On) {
  const output = yield* Output
  const { direct, mailboxes = [] } = yield* deviceOf(data)
  if (direct !== undefined) {
    const { listen = [] } = direct
    const text = [DeviceFile.directAddress, ...listen].join("  ")
    yield* output.line({ name: DeviceFile.directAddress, address: DeviceFile.directAddress, listen }, text)
  }
  for (const kept of mailboxes) {
    const address = DeviceFile.addressOf(kept)
    yield* output.line({ name: kept.kind, address }, address)
  }
  if (mailboxes.length > 0 || direct !== undefined) return
  yield* output.note(`This device has no road but its hub. Find one with:\n  ${command("road suggest")}`)
})

export const remove = Effect.fnUntraced(function* ({ address, data }: On & { readonly address: string }) {
  const output = yield* Output
  const device = yield* deviceOf(data)
  if (address === DeviceFile.directAddress && device.direct !== undefined) {
    const { direct: _, ...left } = device
    yield* DeviceFile.write(data, left)
    return yield* output.result({ address, removed: true }, "This device meets nobody directly any more.")
  }
  const { mailboxes = [], ...others } = device
  const left = mailboxes.filter((kept) => ![address, resolve(address)].includes(DeviceFile.addressOf(kept)))
  if (left.length === mailboxes.length) return yield* because(new RoadMissing({ address }))
  yield* DeviceFile.write(data, left.length === 0 ? others : { ...others, mailboxes: left })
  yield* output.result({ address, removed: true }, `${address} is no road of this device any more.`)
  yield* output.note("What lies there stays; it is sealed, and other devices may still want it.")
})

/** Where cloud programs and systems say in the environment that their folders are. */
const lookedAt = [
  "APPDATA",
  "LOCALAPPDATA",
  "OneDrive",
  "OneDriveCommercial",
  "OneDriveConsumer",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME"
]

export const suggest = Effect.gen(function* () {
  const output = yield* Output
  const { nodeView, wellKnownFolders } = yield* Effect.promise(() => import("@syncline/transport-fsfolder"))
  const env: Record<string, string> = {}
  for (const name of lookedAt) {
    const value = yield* Effect.orDie(Effect.map(Config.option(Config.String(name)), Option.getOrUndefined))
    if (value !== undefined) env[name] = value
  }
  const found = wellKnownFolders(nodeView({ platform: process.platform, home: homedir(), env }))
  for (const each of found) yield* output.line(each, `${each.name}  ${each.path}`)
  if (found.length === 0) {
    return yield* output.note(
      "No folder of a cloud program was found where these usually are; any folder that one copies will do."
    )
  }
  const own = join(found[0]!.path, "Syncline")
  yield* output.note(`Make a folder of its own in one of them, then:\n  ${command(`road add folder ${own}`)}`)
})
