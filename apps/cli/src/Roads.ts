/**
 * The roads of a device beside its hub: the mailboxes that `device.json` names, as values that count what goes through them. How
 * they are used is the engine's business.
 */
import { resolve } from "node:path"
import type { Mailbox } from "@syncline/core"
import { Effect } from "effect"
import type * as DeviceFile from "./DeviceFile.ts"
import * as Google from "./Google.ts"

export interface Road {
  readonly mailbox: Mailbox.Mailbox
  /** Files since it was made: those that this device left there, and those of others that it read. */
  readonly traffic: { left: number; read: number }
}

/** The roads of a device in a folder, each place once. Who stays listens for what comes. */
export const of = Effect.fnUntraced(function* (
  folder: string,
  { mailboxes = [] }: Pick<DeviceFile.Device, "mailboxes">,
  isStaying: boolean
) {
  const roads = new Map<string, Road>()
  for (const kept of mailboxes) {
    const mailbox = yield* mailboxOf(folder, kept, isStaying)
    roads.set(mailbox.address, counted(mailbox))
  }
  return [...roads.values()]
})

/** The mailbox that was kept. What it takes is loaded only now. */
export const mailboxOf = Effect.fnUntraced(function* (
  folder: string,
  kept: DeviceFile.KeptMailbox,
  isStaying: boolean
) {
  if (kept.kind === "gdrive") return yield* driveOf(folder, kept)
  const { path } = kept
  const fsFolder = yield* Effect.promise(() => import("@syncline/transport-fsfolder"))
  return fsFolder.folder({ path, dataFolder: resolve(folder), watch: isStaying })
})

/** Whoever has signed out meanwhile hears that from the mailbox, beside what goes on by other roads. */
const driveOf = Effect.fnUntraced(function* (
  folder: string,
  { account, folderId }: Extract<DeviceFile.KeptMailbox, { readonly kind: "gdrive" }>
) {
  const { endpoints, freshForMs, pollEveryMs } = yield* Google.Google
  const { googleDrive } = yield* Effect.promise(() => import("@syncline/transport-gdrive"))
  const DriveLoginFile = yield* Effect.promise(() => import("./DriveLoginFile.ts"))
  const { app, tokens } = yield* DriveLoginFile.open(folder)
  return googleDrive({
    app,
    tokens,
    account,
    ...(folderId === undefined ? {} : { folderId }),
    ...(endpoints === undefined ? {} : { endpoints }),
    ...(freshForMs === undefined ? {} : { freshForMs }),
    ...(pollEveryMs === undefined ? {} : { pollEveryMs })
  })
})

const counted = (mailbox: Mailbox.Mailbox): Road => {
  const traffic = { left: 0, read: 0 }
  const open: Mailbox.Mailbox["open"] = (place) =>
    Effect.map(mailbox.open(place), (shape) => ({
      ...shape,
      put: (name, bytes) => Effect.tap(shape.put(name, bytes), () => Effect.sync(() => void traffic.left++)),
      get: (owner, name) =>
        Effect.tap(shape.get(owner, name), () =>
          Effect.sync(() => {
            // It reads its own files, too, when it makes fewer of many.
            if (owner !== place.owner) traffic.read++
          })
        )
    }))
  return { mailbox: { ...mailbox, open }, traffic }
}
