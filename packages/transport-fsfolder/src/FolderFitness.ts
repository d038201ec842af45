/**
 * Whether a folder may be a mailbox. One that a cloud program copies must hold no database: a copy of an open one is broken, and
 * a data folder that is copied is a device twice. It only looks, and asks nothing about what else lies there.
 */
import { basename, dirname, join, resolve, sep } from "node:path"
import type { MailboxError } from "@syncline/core"
import { Effect } from "effect"
import { ofSystem, unfit, unreachable } from "./FolderFailure.ts"
import type { Entry, FolderFiles } from "./FolderFiles.ts"
import { layoutFolder } from "./FolderPlace.ts"
import type { FolderSettings } from "./FolderOptions.ts"

/** Names at the top of the folder that are looked at. */
export const topEntriesMax = 20_000
/** Folders at its top that are looked into for a data folder. */
export const topFoldersMax = 1_000

/** Files that every data folder of a node has. */
const ofDataFolder = ["journal.db", "lock.db"] as const

const database = /\.(db3?|sqlite3?)$|-(wal|shm)$/i
/** What Windows keeps of pictures has the name of a database and is none. */
const noDatabase = /^(eh)?thumbs[^/]*\.db$/i

export interface FitFolder {
  /** Without links. */
  readonly root: string
  readonly device: number
}

export const check = Effect.fnUntraced(function* (
  files: FolderFiles,
  { dataFolder, path }: Pick<FolderSettings, "path" | "dataFolder">
): Effect.fn.Return<FitFolder, MailboxError.MailboxError> {
  const root = yield* rootOf(files, path)
  const facts = yield* files.factsOf(root).pipe(Effect.mapError(ofSystem(`look at ${root}`)))
  if (facts.kind !== "folder")
    return yield* refuse(`${path} is no folder; name the folder that the cloud program copies`)
  yield* holdsNoDatabase(files, root)
  const around = yield* dataFolderAround(files, root)
  if (around !== undefined) {
    return yield* refuse(`${path} lies inside the data folder ${around}, which must not be copied; choose another`)
  }
  if (dataFolder !== undefined) yield* liesApart(files, root, dataFolder)
  return { root, device: facts.device }
})

const refuse = (problem: string): Effect.Effect<never, MailboxError.MailboxError> => Effect.fail(unfit(problem))

const rootOf = Effect.fnUntraced(function* (files: FolderFiles, path: string) {
  return yield* files.realPath(path).pipe(
    Effect.catch((failure) =>
      Effect.gen(function* () {
        const there = yield* Effect.orElseSucceed(files.factsOf(path), () => undefined)
        if (there?.kind === "link")
          return yield* refuse(`${path} is a link to nowhere; mend it or choose another folder`)
        if (failure.code !== "ENOENT") return yield* Effect.fail(ofSystem(`look for ${path}`)(failure))
        return yield* Effect.fail(
          unreachable(`${path} is not there; make it, or start the cloud program or connect the drive that it is on`)
        )
      })
    )
  )
})

const holdsNoDatabase = Effect.fnUntraced(function* (files: FolderFiles, root: string) {
  const { entries } = yield* files.entries(root, topEntriesMax).pipe(Effect.mapError(ofSystem(`list ${root}`)))
  const found = entries.find(({ kind, name }) => kind === "file" && isDatabase(name))
  if (found !== undefined) {
    return yield* refuse(
      `${join(root, found.name)} is a database, which breaks where it is copied while it is open; ` +
        `choose a folder of its own, e.g. ${join(root, "Syncline")}`
    )
  }
  for (const { name } of entries.filter(mayBeDataFolder).slice(0, topFoldersMax)) {
    const folder = join(root, name)
    if (!(yield* isDataFolder(files, folder))) continue
    return yield* refuse(`${folder} is a node's data folder, which must not be copied; choose another folder`)
  }
})

const isDatabase = (name: string): boolean => database.test(name) && !noDatabase.test(name)

const mayBeDataFolder = ({ kind, name }: Entry): boolean => kind === "folder" && name !== layoutFolder

const isDataFolder = Effect.fnUntraced(function* (files: FolderFiles, folder: string) {
  for (const name of ofDataFolder) {
    const kind = yield* files.factsOf(join(folder, name)).pipe(
      Effect.map((facts) => facts.kind),
      Effect.orElseSucceed(() => undefined)
    )
    if (kind !== "file") return false
  }
  return true
})

/** The data folder that a folder lies in, if any. */
const dataFolderAround = Effect.fnUntraced(function* (files: FolderFiles, root: string) {
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    if (yield* isDataFolder(files, folder)) return folder
    if (folder === dirname(folder)) return undefined
  }
})

const liesApart = Effect.fnUntraced(function* (files: FolderFiles, root: string, dataFolder: string) {
  const data = yield* realPathOf(files, dataFolder)
  if (isWithin(data, root)) {
    return yield* refuse(`the data folder ${dataFolder} lies inside ${root}, which is copied; move one of the two`)
  }
  if (isWithin(root, data)) {
    return yield* refuse(`${root} lies inside the data folder ${dataFolder}; choose a folder outside of it`)
  }
})

/** Also of a folder that is yet to be made. */
const realPathOf = (files: FolderFiles, path: string): Effect.Effect<string> =>
  files
    .realPath(path)
    .pipe(
      Effect.catch(() =>
        path === dirname(path)
          ? Effect.succeed(path)
          : Effect.map(realPathOf(files, dirname(path)), (above) => join(above, basename(path)))
      )
    )

const isWithin = (inner: string, outer: string): boolean => {
  const [a, b] = [withEnd(resolve(inner)), withEnd(resolve(outer))]
  return a.startsWith(b)
}

const withEnd = (path: string): string => (path.endsWith(sep) ? path : `${path}${sep}`)
