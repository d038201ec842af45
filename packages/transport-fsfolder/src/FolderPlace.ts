/**
 * A place that is open: the directories of a space and a device below the folder. They are real directories where they should
 * be, or nothing is done: a link in their place could lead anywhere. What is in them is for listing, reading and writing.
 */
import { join } from "node:path"
import { type Mailbox, MailboxError } from "@syncline/core"
import { Effect } from "effect"
import { isGone, ofSystem, unfit, unreachable } from "./FolderFailure.ts"
import type { FolderFiles } from "./FolderFiles.ts"
import type { FolderSettings } from "./FolderOptions.ts"
import type { FolderTurns } from "./FolderTurns.ts"

/** The directory of the first layout, below the folder. */
export const layoutFolder = "syncline-1"

export interface FolderPlace {
  readonly files: FolderFiles
  readonly turns: FolderTurns
  readonly settings: FolderSettings
  /** The folder without links. */
  readonly root: string
  /** The file system that it was on when it was opened. */
  readonly device: number
  /** All directories of the space are in it. */
  readonly spaceFolder: string
  readonly owner: string
  /** The only directory that is written in. */
  readonly ownFolder: string
  /** What was told already, so that it is told once. */
  readonly told: Set<string>
}

export const make = (
  parts: Pick<FolderPlace, "files" | "turns" | "settings" | "root" | "device">,
  { owner, space }: Mailbox.MailboxPlace
): FolderPlace => {
  const spaceFolder = join(parts.root, layoutFolder, space)
  return { ...parts, spaceFolder, owner, ownFolder: join(spaceFolder, owner), told: new Set() }
}

/** A device's directory in the space. */
export const folderOf = ({ spaceFolder }: FolderPlace, owner: string): string => join(spaceFolder, owner)

/**
 * True when the directory is there, a real one all the way. False when it is not there and the folder is: somebody has cleared
 * it. Fails with `MailboxUnfit` where a link leads elsewhere, with `MailboxUnreachable` when the folder itself is gone.
 */
export const stands = Effect.fnUntraced(function* (place: FolderPlace, directory: string) {
  const real = yield* place.files.realPath(directory).pipe(
    Effect.catchIf(isGone, () => Effect.undefined),
    Effect.mapError(ofSystem(`look for ${directory}`))
  )
  if (real === directory) return true
  if (real !== undefined) return yield* Effect.fail(elsewhere(directory, real))
  yield* rootStands(place)
  return false
})

const elsewhere = (directory: string, real: string): MailboxError.MailboxError =>
  unfit(`${directory} is a link to ${real}, and nothing there is read or written; remove the link`)

/** True for a real directory in its place; false for a link, for nothing, and for what cannot be looked at. */
export const isReal = ({ files }: FolderPlace, directory: string): Effect.Effect<boolean> =>
  files.realPath(directory).pipe(
    Effect.map((real) => real === directory),
    Effect.orElseSucceed(() => false)
  )

/** A drive that is not mounted leaves an empty folder behind, in which nothing may be made. */
export const rootStands = Effect.fnUntraced(function* ({ device, files, root }: FolderPlace) {
  const facts = yield* files.factsOf(root).pipe(Effect.mapError(ofSystem(`look at ${root}`)))
  if (facts.kind !== "folder") return yield* Effect.fail(unreachable(`${root} is no folder any more`))
  if (facts.device !== device) {
    return yield* Effect.fail(unreachable(`the drive that ${root} was on is not connected, or another one is`))
  }
})

/** Makes the directories that are missing, and each of their names durable. */
export const makeFolders = Effect.fnUntraced(function* (place: FolderPlace) {
  const { files, ownFolder, root, spaceFolder } = place
  const steps = [
    [root, join(root, layoutFolder)],
    [join(root, layoutFolder), spaceFolder],
    [spaceFolder, ownFolder]
  ] as const
  for (const [above, folder] of steps) {
    yield* files.makeFolder(folder).pipe(
      Effect.catchIf(
        ({ code }) => code === "EEXIST",
        () => Effect.void
      ),
      Effect.mapError(ofSystem(`make the directory ${folder}`))
    )
    // Also of one that was there: whoever made it may not have come so far.
    yield* files.syncFolder(above).pipe(Effect.mapError(ofSystem(`flush ${above}`)))
    const facts = yield* files.factsOf(folder).pipe(Effect.mapError(ofSystem(`look at ${folder}`)))
    if (facts.kind === "folder") continue
    return yield* Effect.fail(unfit(`${folder} is no directory but ${kinds[facts.kind]}; remove it`))
  }
  if (!(yield* stands(place, ownFolder))) return yield* Effect.fail(unreachable(`${ownFolder} is gone again`))
})

const kinds = { file: "a file", link: "a link", other: "something else" } as const

/** Tells something in the log, once while the place is open. */
export const tellOnce = ({ root, told }: FolderPlace, what: string, message: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (told.has(what)) return Effect.void
    told.add(what)
    return Effect.logWarning(`folder ${root}: ${message}`)
  })
