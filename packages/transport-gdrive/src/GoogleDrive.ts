/**
 * The mailbox as a value: files in one Google account's Drive, for that account's own devices. The composition root lists it;
 * making it opens nothing.
 */
import { Mailbox, MailboxError, Occupancy } from "@syncline/core"
import { Effect, type Scope } from "effect"
import * as DriveAccess from "./DriveAccess.ts"
import type { DriveApi } from "./DriveApi.ts"
import * as DriveFiles from "./DriveFiles.ts"
import * as DriveFolders from "./DriveFolders.ts"
import { indexFilesMax } from "./DriveIndex.ts"
import { errorOf, mailboxName, reasonOf, shapeOf } from "./DriveMailbox.ts"
import { type GoogleDriveOptions, type GoogleDriveSettings, settings } from "./GoogleDriveOptions.ts"

export const googleDrive = (options: GoogleDriveOptions): Mailbox.Mailbox => {
  const resolved = settings(options)
  const account: Account = { settings: resolved, opened: new Set(), api: undefined }
  return {
    name: mailboxName,
    capabilities: { kind: "mailbox", flushAfterMs: 2_000, pollEveryMs: resolved.pollEveryMs },
    address: resolved.folderId === undefined ? "Google Drive: Syncline" : `Google Drive: folder ${resolved.folderId}`,
    open: (place) => open(account, place)
  }
}

/** What all mailboxes of one factory share: one login, and so one access token. */
interface Account {
  readonly settings: GoogleDriveSettings
  /** Places that are open, `space/owner`. */
  readonly opened: Set<string>
  api: DriveApi | undefined
}

// Google's client is large, and a node without a mailbox on Drive never loads it.
const client = Effect.promise(async () => ({
  api: await import("./DriveApi.ts"),
  oauth: await import("./GoogleOAuth.ts")
}))

const apiOf = Effect.fnUntraced(function* (account: Account) {
  const { api, oauth } = yield* client
  const { settings: resolved } = account
  account.api ??= api.make(resolved, DriveAccess.make(resolved.tokens, oauth.renew(resolved)))
  return account.api
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
  const { folderId, freshForMs, pollEveryMs } = account.settings
  const folders = folderId === undefined ? DriveFolders.make(api) : DriveFolders.given(api, folderId)
  const files = DriveFiles.make(api, folders, { freshForMs, space: place.space })
  const length = () => files.index.size
  yield* Occupancy.watch([{ kind: "cache", name: "gdrive_files", limit: indexFilesMax, length }])
  yield* Effect.mapError(files.look, (problem) => {
    const reason = reasonOf(problem)
    // Whoever opens it tries again later, whatever the reason for it.
    const isLater = reason._tag === "MailboxBusy" || reason._tag === "MailboxFull"
    return errorOf(isLater ? new MailboxError.MailboxUnreachable({ problem: reason.problem }) : reason)
  })
  return shapeOf({ api, folders, files, place, pollEveryMs, ids: [], begun: new Map() })
})
