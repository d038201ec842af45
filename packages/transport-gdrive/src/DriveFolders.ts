/**
 * The folder that the files are in: found again by its mark, or made. Two devices may make it at once; then both are read, and
 * all come to write into the one with the smallest id. A folder is never removed.
 */
import { Effect, Semaphore } from "effect"
import type { DriveApi, DriveFile } from "./DriveApi.ts"
import { type DriveFailure, failure } from "./DriveFailure.ts"
import { folderName, folderProperties, foldersQuery, isFolderOfOurs } from "./DriveNames.ts"

/** Folders that are read; of more, those with the smallest ids. */
const foldersMax = 16

export interface DriveFolders {
  /** Looks which there are, and makes one where there is none. The smallest id first. */
  readonly find: Effect.Effect<ReadonlyArray<string>, DriveFailure>
  /** The one to write into. */
  readonly home: Effect.Effect<string, DriveFailure>
  /** A change of a folder, or of what may be one. True when files may have come or gone with it. */
  readonly note: (id: string, file: DriveFile | undefined) => boolean
  /** It is not there any more. */
  readonly forget: (id: string) => void
}

/** The folder that a person named. */
export const given = (api: DriveApi, id: string): DriveFolders => {
  const seen = api.look(id).pipe(
    Effect.catchIf(
      ({ kind }) => kind === "missing",
      () => Effect.fail(failure("denied", `there is no folder ${id} that this login and OAuth client may see`))
    ),
    Effect.filterOrFail(
      ({ trashed }) => trashed !== true,
      () => failure("denied", `the folder ${id} is in the bin: take it out, or name another`)
    )
  )
  return { find: Effect.as(seen, [id]), home: Effect.succeed(id), note: () => false, forget: () => undefined }
}

export const make = (api: DriveApi): DriveFolders => {
  const turn = Semaphore.makeUnsafe(1)
  let known: ReadonlyArray<string> = []
  const know = (ids: ReadonlyArray<string>): ReadonlyArray<string> => {
    known = [...new Set(ids)].sort().slice(0, foldersMax)
    return known
  }
  // A listing that lags does not show what was just made, so nothing is forgotten by it.
  const search = Effect.map(api.find(foldersQuery, undefined), ({ files }) =>
    know([...known, ...files.filter(isFolderOfOurs).map(({ id }) => id)])
  )
  /** Whoever made one at the same time is seen now, or by a later look. */
  const made = Effect.gen(function* () {
    if ((yield* search).length > 0) return known
    const id = (yield* api.newIds(1))[0]!
    yield* Effect.catchIf(
      Effect.asVoid(api.createFolder({ id, name: folderName, appProperties: folderProperties })),
      ({ kind }) => kind === "exists",
      () => Effect.void
    )
    know([id])
    return yield* search
  })
  return {
    find: turn.withPermit(Effect.suspend(() => (known.length === 0 ? made : search))),
    home: turn.withPermit(
      Effect.suspend(() => Effect.map(known.length === 0 ? made : Effect.succeed(known), (ids) => ids[0]!))
    ),
    note: (id, file) => {
      const isOurs = file !== undefined && isFolderOfOurs(file)
      if (known.includes(id) === isOurs) return false
      know(isOurs ? [...known, id] : known.filter((other) => other !== id))
      return true
    },
    forget: (id) => {
      know(known.filter((other) => other !== id))
    }
  }
}
