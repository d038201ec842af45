/**
 * What a mailbox knows of Drive, kept up to date: by changes since the last look, and by listing everything when it opens, soon
 * after, once a day, and when Drive does not know any more where it was. It writes nothing.
 */
import { Clock, Effect, Metric, Semaphore } from "effect"
import { type DriveApi, type DriveFile, folderType } from "./DriveApi.ts"
import { type DriveFailure, failure } from "./DriveFailure.ts"
import type { DriveFolders } from "./DriveFolders.ts"
import { DriveIndex } from "./DriveIndex.ts"
import { forgottenTotal, listingsTotal } from "./DriveMetrics.ts"
import { filesQuery, type Stored, stored } from "./DriveNames.ts"

/**
 * When everything is listed again, in milliseconds after the listing before: Drive's listings lag, and what was late for one
 * may be behind the place from which changes are told. Then daily.
 */
export const relistAfterMs = [60_000, 600_000] as const
export const relistDailyMs = 86_400_000
/** Pages of one listing or look. More changes wait for the next look; a longer listing fails. */
const pagesMax = 1_000

/** A look counts as new for so many times the usual at most, and within that time looks take so many requests altogether. */
const askedMax = 6
/**
 * Requests that may follow each other sooner within twice the usual time, and by how much sooner: what others leave while they turn
 * to the mailbox is to be seen soon.
 */
const askedSoonMax = 3
const soonPart = 5

export interface DriveFiles {
  readonly index: DriveIndex
  /** Looks what came and went, unless that was just done. True when there was news of it since the open. */
  readonly look: Effect.Effect<void, DriveFailure>
  /** Lists everything. */
  readonly list: Effect.Effect<void, DriveFailure>
  /** The next look lists everything. */
  readonly distrust: () => void
  /** Grows with each look that brought news of files. */
  readonly news: () => number
}

interface State {
  /** From where changes are asked for; nothing before the first listing. */
  token: string | undefined
  lookedMs: number
  /** Looks of late, at most `askedMax`, and the requests of each. */
  looks: ReadonlyArray<{ readonly atMs: number; readonly asked: number }>
  /** Requests of the last look, and of the last listing. */
  asked: number
  listingAsked: number
  listedMs: number
  /** Listings since the place of changes was lost. */
  listings: number
  news: number
}

export const make = (
  api: DriveApi,
  folders: DriveFolders,
  { freshForMs, space }: { readonly freshForMs: number; readonly space: string }
): DriveFiles => {
  const index = new DriveIndex()
  const turn = Semaphore.makeUnsafe(1)
  const state: State = {
    token: undefined,
    lookedMs: Number.NEGATIVE_INFINITY,
    looks: [],
    asked: 0,
    listingAsked: 2,
    listedMs: 0,
    listings: 0,
    news: 0
  }
  const context: Context = { api, folders, space, index, state }
  const look = Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    const isListing = state.token === undefined || isDue(state, nowMs)
    // The more requests the look before took, or this one will, the longer the one before counts as new.
    const asked = Math.min(Math.max(state.asked, isListing ? state.listingAsked : 1), askedMax)
    if (isNew(state, nowMs, asked, freshForMs)) return
    state.asked = 0
    if (isListing) yield* list(context)
    else yield* follow(context)
    state.lookedMs = yield* Clock.currentTimeMillis
    state.looks = [...state.looks, { atMs: state.lookedMs, asked: state.asked }].slice(-askedMax)
  })
  return {
    index,
    look: turn.withPermit(look),
    list: turn.withPermit(list(context)),
    distrust: () => {
      state.token = undefined
      state.lookedMs = Number.NEGATIVE_INFINITY
    },
    news: () => state.news
  }
}

interface Context {
  readonly api: DriveApi
  readonly folders: DriveFolders
  readonly space: string
  readonly index: DriveIndex
  readonly state: State
}

/** Whether the last look still counts, so that nothing is asked. */
const isNew = ({ lookedMs, looks }: State, nowMs: number, asked: number, freshForMs: number): boolean => {
  const sinceMs = nowMs - lookedMs
  // A clock that was set back must not make old news of a look.
  if (sinceMs < 0) return false
  const askedWithin = (ms: number): number =>
    looks.reduce((sum, look) => (nowMs - look.atMs < ms ? sum + look.asked : sum), 0)
  const before = askedWithin(freshForMs * askedMax)
  const isRoom = before + asked <= askedMax || before === 0
  const isSoon = askedWithin(2 * freshForMs) + asked <= askedSoonMax && sinceMs >= freshForMs / soonPart
  return !isRoom || !(isSoon || sinceMs >= freshForMs * asked)
}

const isDue = ({ listedMs, listings }: State, nowMs: number): boolean =>
  nowMs < listedMs || nowMs - listedMs >= (relistAfterMs[listings - 1] ?? relistDailyMs)

/** The place in the changes is taken before the listing, so that nothing falls between the two. */
const list = Effect.fnUntraced(function* ({ api, folders, index, space, state }: Context) {
  if (state.token === undefined) {
    state.asked += 1
    state.token = yield* api.startToken
    state.listings = 0
  }
  const before = state.asked
  state.asked += 1
  const found: Array<Stored> = []
  for (const folder of yield* folders.find) {
    yield* Effect.catchIf(
      listFolder({ api, state }, filesQuery(folder, space), (file) => {
        const known = stored(file, space)
        if (known !== undefined) found.push(known)
      }),
      ({ kind }) => kind === "missing",
      () => Effect.sync(() => folders.forget(folder))
    )
  }
  state.listedMs = yield* Clock.currentTimeMillis
  state.listings += 1
  state.listingAsked = state.asked - before
  if (index.replace(found, state.listedMs)) state.news += 1
  yield* Metric.update(listingsTotal, 1)
  yield* countForgotten(index)
})

const listFolder = Effect.fnUntraced(function* (
  { api, state }: Pick<Context, "api" | "state">,
  query: string,
  take: (file: DriveFile) => void
) {
  let page: string | undefined
  for (let pages = 0; pages < pagesMax; pages++) {
    state.asked += 1
    const { files, nextPageToken } = yield* api.find(query, page)
    files.forEach(take)
    if (typeof nextPageToken !== "string") return
    page = nextPageToken
  }
  return yield* Effect.fail(failure("unreachable", `the listing has more than ${pagesMax} pages`))
})

const follow = Effect.fnUntraced(function* (context: Context) {
  const { api, index, state } = context
  for (let pages = 0; pages < pagesMax && state.token !== undefined; pages++) {
    state.asked += 1
    const answer = yield* api.changes(state.token).pipe(
      // Drive has forgotten the place, or never knew it.
      Effect.catchIf(
        ({ kind }) => kind === "gone" || kind === "missing" || kind === "refused",
        () => Effect.undefined
      )
    )
    if (answer === undefined) {
      state.token = undefined
      return yield* list(context)
    }
    const nowMs = yield* Clock.currentTimeMillis
    let isNews = false
    for (const { file, fileId, removed } of answer.changes) {
      const id = file?.id ?? fileId
      if (typeof id !== "string") continue
      isNews = note(context, id, removed === true ? undefined : (file ?? undefined), nowMs) || isNews
    }
    if (isNews) state.news += 1
    yield* countForgotten(index)
    state.token = answer.nextPageToken ?? answer.newStartPageToken ?? state.token
    if (typeof answer.nextPageToken !== "string") break
  }
  if (state.listings === 0) yield* list(context)
})

/** True when it is news of a file. */
const note = (
  { folders, index, space, state }: Context,
  id: string,
  file: DriveFile | undefined,
  nowMs: number
): boolean => {
  const known = file === undefined ? undefined : stored(file, space)
  if (known !== undefined) return index.add(known, nowMs)
  // With a folder come and go files that no change tells of.
  if ((file === undefined || file.mimeType === folderType) && folders.note(id, file)) {
    if (file === undefined || file.trashed === true) index.clear()
    state.listings = 0
  }
  return index.remove(id)
}

const countForgotten = (index: DriveIndex): Effect.Effect<void> =>
  Effect.suspend(() => Metric.update(forgottenTotal, index.takeForgotten()))
