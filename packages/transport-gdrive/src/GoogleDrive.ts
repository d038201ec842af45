/**
 * The mailbox as a value: files in one Google account's Drive, for that account's own devices. The composition root lists it;
 * making it opens nothing.
 */
import { Mailbox, MailboxError, Occupancy } from "@syncline/core"
import { Effect, type Scope } from "effect"
import * as DriveAccess from "./DriveAccess.ts"
import * as DriveAccount from "./DriveAccount.ts"
import type { DriveFailure } from "./DriveFailure.ts"
import * as DriveFiles from "./DriveFiles.ts"
import * as DriveFolders from "./DriveFolders.ts"
import { indexFilesMax } from "./DriveIndex.ts"
import { errorOf, mailboxName, reasonOf, shapeOf } from "./DriveMailbox.ts"
import { type GoogleDriveOptions, type GoogleDriveSettings, settings } from "./GoogleDriveOptions.ts"

export const googleDrive = (options: GoogleDriveOptions): Mailbox.Mailbox => {
  const resolved = settings(options)
  const account: Account = { settings: resolved, opened: new Set(), access: undefined }
  return {
    name: mailboxName,
    capabilities: { kind: "mailbox", flushAfterMs: 2_000, pollEveryMs: resolved.pollEveryMs },
    address: addressOf(resolved),
    open: (place) => open(account, place)
  }
}

/**
 * Whose Drive the login in the store is of. Fails with `MailboxUnreachable`, `MailboxBusy`, or with `MailboxDenied` where nobody is
 * signed in.
 */
export const driveAccount = Effect.fnUntraced(function* (
  options: Pick<GoogleDriveOptions, "app" | "tokens" | "endpoints" | "requestMsMax">
): Effect.fn.Return<DriveAccount.DriveAccount, MailboxError.MailboxError> {
  const api = yield* apiOf({ settings: settings(options), opened: new Set(), access: undefined })
  return yield* Effect.mapError(DriveAccount.seenBy(api), (problem) => errorOf(reasonOf(problem)))
})

const addressOf = ({ account, folderId }: GoogleDriveSettings): string => {
  const of = account === undefined ? "" : ` of ${account}`
  return `Google Drive${of}: ${folderId === undefined ? "Syncline" : `folder ${folderId}`}`
}

/** What all mailboxes of one factory share: one login, and so one access token. */
interface Account {
  readonly settings: GoogleDriveSettings
  /** Places that are open, `space/owner`. */
  readonly opened: Set<string>
  access: DriveAccess.DriveAccess | undefined
}

// Google's client is large, and a node without a mailbox on Drive never loads it.
const client = Effect.promise(async () => ({
  api: await import("./DriveApi.ts"),
  oauth: await import("./GoogleOAuth.ts")
}))

const apiOf = Effect.fnUntraced(function* (account: Account) {
  const { api, oauth } = yield* client
  const { settings: resolved } = account
  account.access ??= DriveAccess.make(resolved.tokens, oauth.renew(resolved))
  return api.make(resolved, DriveAccess.pinned(account.access))
})

const open = Effect.fnUntraced(function* (
  account: Account,
  place: Mailbox.MailboxPlace
): Effect.fn.Return<Mailbox.MailboxShape, MailboxError.MailboxError, Scope.Scope> {
  const path = `${place.space}/${place.owner}`
  if (account.opened.has(path)) {
    const problem = "this device has it open already"
    return yield* Effect.fail(errorOf(new MailboxError.MailboxUnfit({ problem })))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => account.opened.add(path)),
    () => Effect.sync(() => account.opened.delete(path))
  )
  const api = yield* apiOf(account)
  const { account: wanted, folderId, freshForMs, pollEveryMs } = account.settings
  const { id } = yield* Effect.mapError(DriveAccount.checked(api, wanted), closed)
  const folders = folderId === undefined ? DriveFolders.make(api) : DriveFolders.given(api, folderId)
  const files = DriveFiles.make(api, folders, { freshForMs, space: place.space })
  const length = () => files.index.size
  yield* Occupancy.watch([{ kind: "cache", name: "gdrive_files", limit: indexFilesMax, length }])
  yield* Effect.mapError(files.look, closed)
  return { ...shapeOf({ api, folders, files, place, pollEveryMs, ids: [], begun: new Map() }), account: id }
})

/** Whoever opens it tries again later, whatever the reason for it. */
const closed = (problem: DriveFailure): MailboxError.MailboxError => {
  const reason = reasonOf(problem)
  const isLater = reason._tag === "MailboxBusy" || reason._tag === "MailboxFull"
  return errorOf(isLater ? new MailboxError.MailboxUnreachable({ problem: reason.problem }) : reason)
}
