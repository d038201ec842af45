/**
 * The mailbox of one device in one space on Drive: put, list, get and remove. Whatever Drive does not promise is made up for
 * here: ids are taken before files are made, so that a lost answer makes no second file, and what comes is compared with what
 * Drive says of it. What the files mean is `MailboxSync`'s business.
 */
import { Mailbox, MailboxError, MailboxName } from "@syncline/core"
import { Clock, Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import type { DriveApi, DriveFile } from "./DriveApi.ts"
import { type DriveFailure, failure } from "./DriveFailure.ts"
import type { DriveFiles } from "./DriveFiles.ts"
import type { DriveFolders } from "./DriveFolders.ts"
import { fileProperties, nameQuery, type Stored, stored } from "./DriveNames.ts"

export const mailboxName = "gdrive"

/** Ids that are asked for at once. */
const idsAtOnce = 16
/** Files whose making was begun and not heard of; beyond it the oldest are forgotten, and may be made twice. */
const begunMax = 64

export interface DriveWork {
  readonly api: DriveApi
  readonly folders: DriveFolders
  readonly files: DriveFiles
  readonly place: Mailbox.MailboxPlace
  readonly pollEveryMs: number
  /** Ids that were given and not used. */
  readonly ids: Array<string>
  /** By name and content: the id under which making it was begun. */
  readonly begun: Map<string, string>
}

export const shapeOf = (work: DriveWork): Mailbox.MailboxShape => ({
  put: (name, bytes) => put(work, name, bytes),
  list: Effect.map(told(work.files.look), () =>
    work.files.index.listed().map(({ bytes, name, owner }) => ({ owner, name, bytes }))
  ),
  get: (owner, name) => get(work, owner, name),
  remove: (name) => told(remove(work, name)),
  changes: changes(work)
})

/** What a failure means for a mailbox. */
export const reasonOf = ({ afterMs, kind, problem }: DriveFailure): MailboxError.MailboxError["reason"] => {
  switch (kind) {
    case "full":
      return new MailboxError.MailboxFull({ problem })
    case "busy":
      return new MailboxError.MailboxBusy({ problem, afterMs })
    case "denied":
    case "unauthorized":
      return new MailboxError.MailboxDenied({ problem })
    default:
      return new MailboxError.MailboxUnreachable({ problem })
  }
}

export const errorOf = (reason: MailboxError.MailboxError["reason"]): MailboxError.MailboxError =>
  new MailboxError.MailboxError({ mailbox: mailboxName, reason })

const told = <A>(effect: Effect.Effect<A, DriveFailure>): Effect.Effect<A, MailboxError.MailboxError> =>
  Effect.mapError(effect, (problem) => errorOf(reasonOf(problem)))

const tooLarge = (name: string, bytes: number) =>
  errorOf(new MailboxError.FileTooLarge({ name, bytes, bytesMax: Mailbox.fileBytesMax }))

const md5Of = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex")
const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest()

const put = (work: DriveWork, name: string, bytes: Uint8Array): Effect.Effect<void, MailboxError.MailboxError> =>
  bytes.length > Mailbox.fileBytesMax ? Effect.fail(tooLarge(name, bytes.length)) : told(write(work, name, bytes))

const write = Effect.fnUntraced(function* (work: DriveWork, name: string, bytes: Uint8Array) {
  const { begun, files, place } = work
  const md5 = md5Of(bytes)
  for (const copy of files.index.all(place.owner, name)) {
    if (copy.md5 === md5 && (yield* isThere(work, copy.id, md5))) return
  }
  const key = `${name} ${md5}`
  const kept = begun.get(key)
  const id = kept ?? (yield* newId(work))
  begun.set(key, id)
  if (begun.size > begunMax) {
    for (const [oldest] of begun) {
      begun.delete(oldest)
      break
    }
  }
  const file = yield* make(work, { id, name, md5, bytes }, 1)
  begun.delete(key)
  files.index.add({ id: file.id, owner: place.owner, name, bytes: bytes.length, md5 }, yield* Clock.currentTimeMillis)
})

interface Making {
  readonly id: string
  readonly name: string
  readonly md5: string
  readonly bytes: Uint8Array
}

/** Makes the file; when its id is taken it is there, or was; when its folder is gone it is made in another one, once. */
const make = (work: DriveWork, making: Making, again: number): Effect.Effect<DriveFile, DriveFailure> =>
  Effect.gen(function* () {
    const { api, files, folders, place } = work
    const { bytes, id, md5, name } = making
    const parent = yield* folders.home
    const appProperties = fileProperties(place.space, place.owner, name)
    const made = yield* api.create({ id, name, parents: [parent], appProperties }, bytes).pipe(
      Effect.catchIf(
        ({ kind }) => kind === "exists",
        // Mostly it is this very file: the answer to an earlier try was lost.
        () => Effect.catchIf(api.look(id), isMissing, () => Effect.undefined)
      ),
      Effect.catchIf(isMissing, () =>
        Effect.sync(() => {
          folders.forget(parent)
          files.distrust()
          return undefined
        })
      )
    )
    if (made !== undefined && made.trashed !== true && made.md5Checksum === md5) return made
    if (made?.trashed === true) {
      folders.forget(parent)
      files.distrust()
    }
    if (again === 0)
      return yield* Effect.fail(failure("unreachable", "what was written is not there, or is not the same"))
    return yield* make(work, { ...making, id: yield* newId(work) }, again - 1)
  })

const isMissing = ({ kind }: DriveFailure): boolean => kind === "missing"

const newId = Effect.fnUntraced(function* ({ api, ids }: DriveWork) {
  if (ids.length === 0) ids.push(...(yield* api.newIds(idsAtOnce)))
  return ids.shift()!
})

/** Drive is asked: what the index shows may have been deleted meanwhile. */
const isThere = ({ api, files }: DriveWork, id: string, md5: string): Effect.Effect<boolean, DriveFailure> =>
  Effect.catchIf(
    Effect.map(api.look(id), ({ md5Checksum, trashed }) => trashed !== true && md5Checksum === md5),
    isMissing,
    () => Effect.succeed(false)
  ).pipe(
    Effect.tap((is) =>
      Effect.sync(() => {
        if (!is) files.index.remove(id)
      })
    )
  )

/** Copies of different content are tried one by one: the one whose content is what its name says is it. */
const get = Effect.fnUntraced(function* (work: DriveWork, owner: string, name: string) {
  const copies = work.files.index.copies(owner, name)
  const small = copies.filter(({ bytes }) => bytes <= Mailbox.fileBytesMax)
  const first = copies[0]
  if (first !== undefined && small.length === 0) return yield* Effect.fail(tooLarge(name, first.bytes))
  let whole: Uint8Array | undefined
  for (const copy of small) {
    const bytes = yield* download(work, copy, name)
    if (bytes === undefined) continue
    whole ??= bytes
    if (copies.length === 1 || MailboxName.hashOf(sha256, bytes) === MailboxName.parse(name)?.hash) return bytes
  }
  if (whole !== undefined) return whole
  const problem = first === undefined ? "it is not here" : "what came of it is not whole, or it is gone"
  return yield* Effect.fail(errorOf(new MailboxError.FileNotThere({ name, problem })))
})

/** A copy that came as Drive says that it is; nothing for one that is gone or broke off. */
const download = (
  { api, files }: DriveWork,
  { bytes: length, id, md5 }: Stored,
  name: string
): Effect.Effect<Uint8Array | undefined, MailboxError.MailboxError> =>
  Effect.matchEffect(api.download(id, Mailbox.fileBytesMax), {
    onSuccess: (bytes) =>
      Effect.succeed(bytes.length === length && (md5 === undefined || md5Of(bytes) === md5) ? bytes : undefined),
    onFailure: (problem) => {
      switch (problem.kind) {
        case "missing":
          return Effect.sync(() => {
            files.index.remove(id)
            return undefined
          })
        case "cut":
          return Effect.undefined
        case "oversize":
          return Effect.fail(tooLarge(name, Mailbox.fileBytesMax + 1))
        default:
          return Effect.fail(errorOf(reasonOf(problem)))
      }
    }
  })

/** All copies of an own file. One that the index does not know may be there all the same. */
const remove = Effect.fnUntraced(function* ({ api, begun, files, place }: DriveWork, name: string) {
  const { owner, space } = place
  const known = files.index.all(owner, name)
  const copies =
    known.length > 0
      ? known
      : (yield* api.find(nameQuery(space, owner, name), undefined)).files
          .map((file) => stored(file, space))
          .filter((file) => file !== undefined && file.owner === owner && file.name === name)
  for (const copy of copies) {
    if (copy === undefined) continue
    yield* Effect.catchIf(api.remove(copy.id), isMissing, () => Effect.void)
    files.index.remove(copy.id)
  }
  for (const key of begun.keys()) if (key.startsWith(`${name} `)) begun.delete(key)
})

/** Looks by itself while somebody listens. */
const changes = ({ files, pollEveryMs }: DriveWork): Stream.Stream<void> =>
  Stream.suspend(() => {
    let heard = files.news()
    const next = Effect.gen(function* () {
      while (files.news() === heard) {
        yield* Effect.sleep(pollEveryMs)
        yield* Effect.ignore(files.look)
      }
      heard = files.news()
    })
    return Stream.fromEffectRepeat(next)
  })
