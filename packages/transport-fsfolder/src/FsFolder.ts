/**
 * The mailbox as a value: a folder that a cloud program copies between devices. Making it touches nothing; opening it checks the
 * folder, makes this device's directory and listens. What is written there and what it means is core's business.
 */
import { type Mailbox, type MailboxError, Occupancy } from "@syncline/core"
import { Effect, type Scope } from "effect"
import * as FolderChanges from "./FolderChanges.ts"
import { mailboxName, unfit, unreachable } from "./FolderFailure.ts"
import { type FolderFiles, nodeFiles } from "./FolderFiles.ts"
import * as FolderFitness from "./FolderFitness.ts"
import * as FolderListing from "./FolderListing.ts"
import { type FolderOptions, type FolderSettings, settings } from "./FolderOptions.ts"
import * as FolderPlace from "./FolderPlace.ts"
import * as FolderReading from "./FolderReading.ts"
import * as FolderTurns from "./FolderTurns.ts"
import type { Watch } from "./FolderWatch.ts"
import * as FolderWriting from "./FolderWriting.ts"

/** What a folder is reached by; tests put their own here. */
export interface FolderParts {
  readonly files: FolderFiles
  readonly turns: FolderTurns.FolderTurns
  readonly watch: Effect.Effect<Watch>
}

/** How long what was written may wait for more to go with it, in milliseconds: a cloud program gathers by itself. */
export const flushAfterMs = 50

const nodeParts: FolderParts = {
  files: nodeFiles,
  turns: FolderTurns.processTurns,
  // Who does not listen need not load it.
  watch: Effect.promise(async () => (await import("./FolderWatch.ts")).watchFolder)
}

/** A mailbox in a folder. Throws a `RangeError` where an option is out of its bounds. */
export const folder = (options: FolderOptions): Mailbox.Mailbox => folderBy(nodeParts, options)

export const folderBy = (parts: FolderParts, options: FolderOptions): Mailbox.Mailbox => {
  const resolved = settings(options)
  return {
    name: mailboxName,
    capabilities: { kind: "mailbox", flushAfterMs, pollEveryMs: resolved.pollEveryMs },
    address: resolved.path,
    open: (place) => open(parts, resolved, place)
  }
}

/** Directories of devices that are open in this process, without links: of another process the data folder's lock knows. */
const openFolders = new Set<string>()

const open = Effect.fnUntraced(function* (
  { files, turns, watch }: FolderParts,
  options: FolderSettings,
  asked: Mailbox.MailboxPlace
): Effect.fn.Return<Mailbox.MailboxShape, MailboxError.MailboxError, Scope.Scope> {
  const working = <A>(work: Effect.Effect<A, MailboxError.MailboxError>) =>
    FolderTurns.take(turns.work, FolderTurns.workMsMax, work, (problem) =>
      unreachable(`${options.path} could not be opened: ${problem}`)
    )
  const { device, root } = yield* working(FolderFitness.check(files, options))
  const place = FolderPlace.make({ files, turns, settings: options, root, device }, asked)
  yield* takeFolder(place.ownFolder)
  yield* working(Effect.andThen(FolderPlace.makeFolders(place), FolderWriting.removeAbandoned(place)))
  yield* watchSizes(turns)
  return {
    put: (name, bytes) => FolderWriting.put(place, name, bytes),
    list: FolderListing.list(place),
    get: (owner, name) => FolderReading.get(place, owner, name),
    remove: (name) => FolderWriting.remove(place, name),
    changes: yield* FolderChanges.listen(place, options.watch ? watch : undefined)
  }
})

const takeFolder = (ownFolder: string) =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      if (openFolders.has(ownFolder)) return Effect.fail(unfit("this device has it open already; close it there first"))
      openFolders.add(ownFolder)
      return Effect.void
    }),
    () => Effect.sync(() => openFolders.delete(ownFolder))
  )

const watchSizes = (turns: FolderTurns.FolderTurns) =>
  Occupancy.watch([
    {
      kind: "queue",
      name: "folder_requests",
      limit: FolderTurns.waitingMax,
      length: () => FolderTurns.waitingIn(turns)
    }
  ])
