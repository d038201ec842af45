/**
 * What a device remembers between commands: `<folder>/device.json` with its space, its hub, its mailboxes and its schema. Keys,
 * trust and records lie in files of their own beside it.
 */
import { existsSync, readFileSync } from "node:fs"
import { isAbsolute, join, resolve } from "node:path"
import { Effect, Result, Schema } from "effect"
import { because, type CliError, DeviceFileDamaged } from "./CliError.ts"
import * as KeptFile from "./KeptFile.ts"

const isWhole = (path: string): true | string =>
  (isAbsolute(path) && !path.includes("\0")) || "the path of a mailbox must be whole, from the root or drive on"

/** A folder that a cloud program copies between devices. */
const FolderMailbox = Schema.Struct({
  kind: Schema.Literal("folder"),
  path: Schema.String.check(Schema.makeFilter(isWhole))
})

/** A folder in the Drive of a Google account; without an id the one that is named "Syncline". */
const DriveMailbox = Schema.Struct({
  kind: Schema.Literal("gdrive"),
  /** Mail address, or id, of the account that the login must be of. */
  account: Schema.String.check(
    Schema.isPattern(/^[^\s\p{C}]{1,254}$/u, { message: "account must be the address or id of a Google account" })
  ),
  folderId: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[\w-]{8,128}$/, { message: "folderId must be the id of a Drive folder" }))
  )
})

const Mailbox = Schema.Union([FolderMailbox, DriveMailbox])
/** A mailbox as it is kept. */
export type KeptMailbox = typeof Mailbox.Type

/** How a kept mailbox is called, as the mailbox itself says. */
export const addressOf = (kept: KeptMailbox): string => {
  if (kept.kind === "folder") return kept.path
  const { account, folderId } = kept
  return `Google Drive of ${account}: ${folderId === undefined ? "Syncline" : `folder ${folderId}`}`
}

/** Mailboxes of one device; a further one is refused. */
export const mailboxesMax = 8

/** What to listen on for devices that come by themselves; at most so many. */
export const listenMax = 8

const Direct = Schema.Struct({
  /** Multiaddrs; absent: every interface, QUIC and TCP, ports that the system chooses. */
  listen: Schema.optionalKey(
    Schema.Array(
      Schema.String.check(
        Schema.isPattern(/^\/(ip4|ip6)\/[\da-fA-F.:]{2,45}\/(tcp\/\d{1,5}|udp\/\d{1,5}\/quic-v1)$/, {
          message: "what to listen on must be like /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/udp/4001/quic-v1"
        })
      )
    ).check(Schema.isMaxLength(listenMax))
  )
})
/** How a device meets others directly. */
export type Direct = typeof Direct.Type

/** True for what a device may listen on. */
export const isDirect = Schema.is(Direct)

/** How the direct road is called. */
export const directAddress = "direct"

export const Device = Schema.Struct({
  /** 32 hexadecimal digits. */
  space: Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/, { message: "space must be 32 hexadecimal digits" })),
  /** The name that the space was made from, where it is known. */
  spaceName: Schema.optionalKey(Schema.String),
  hub: Schema.optionalKey(
    Schema.Struct({
      address: Schema.String,
      /** The only device that may answer there. */
      peer: Schema.String
    })
  ),
  /** The hub's policy: absent for personal, where the folder's list says whom to trust. */
  policy: Schema.optionalKey(Schema.Literals(["personal", "enterprise"])),
  /** Absolute path of a module that exports entity types. */
  schema: Schema.optionalKey(Schema.String),
  /** Roads beside the hub. */
  mailboxes: Schema.optionalKey(Schema.Array(Mailbox).check(Schema.isMaxLength(mailboxesMax))),
  /** Meets other devices without anything between, as far as the network lets it. */
  direct: Schema.optionalKey(Direct)
})
export type Device = typeof Device.Type

export const deviceFile = (folder: string): string => join(resolve(folder), "device.json")

/** The folder's device, or `undefined` when it has none. */
export const read = (folder: string): Effect.Effect<Device | undefined, CliError> =>
  Effect.suspend(() => {
    const path = deviceFile(folder)
    if (!existsSync(path)) return Effect.succeed(undefined)
    return attempt(path, () => {
      const decoded = Schema.decodeUnknownResult(Device)(JSON.parse(readFileSync(path, "utf8")))
      if (Result.isFailure(decoded)) throw new Error(decoded.failure.message.replaceAll("\n", " "))
      return decoded.success
    })
  })

/** Replaces the file as a whole; a crash leaves the old one. */
export const write = (folder: string, device: Device): Effect.Effect<void, CliError> =>
  Effect.suspend(() => {
    const path = deviceFile(folder)
    return attempt(path, () => KeptFile.write(path, device))
  })

const attempt = <A>(path: string, body: () => A): Effect.Effect<A, CliError> =>
  Effect.try({
    try: body,
    catch: (error) => {
      const problem = error instanceof Error ? error.message : String(error)
      return because(new DeviceFileDamaged({ path, problem }))
    }
  })
