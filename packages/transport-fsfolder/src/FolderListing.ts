/**
 * Listing a space's directory: directories of devices and in them the files of mailboxes, both by their names exactly as they
 * are written. Everything else is somebody else's and left alone: copies that a provider made of a conflict, names in another
 * case, links, folders. It says how long files are, and reads none.
 */
import { join } from "node:path"
import { type Mailbox, type MailboxError, MailboxName } from "@syncline/core"
import { Effect } from "effect"
import { isDenied, isGone, ofSystem, unreachable } from "./FolderFailure.ts"
import type { Entry } from "./FolderFiles.ts"
import { folderOf, type FolderPlace, isReal, stands, tellOnce } from "./FolderPlace.ts"
import * as FolderTurns from "./FolderTurns.ts"

/** Names that are looked at in one directory, ours or not. What is beyond is not seen, which is told once. */
export const entriesMax = 20_000
/** Directories of devices in one listing. */
export const ownersMax = 1_024
/** Files in one listing. */
export const filesMax = 100_000

export const list = (place: FolderPlace): Effect.Effect<ReadonlyArray<Mailbox.Listed>, MailboxError.MailboxError> =>
  FolderTurns.take(place.turns.work, FolderTurns.workMsMax, look(place), (problem) =>
    unreachable(`${place.root} could not be listed: ${problem}`)
  )

const look = Effect.fnUntraced(function* (place: FolderPlace) {
  const listed: Array<Mailbox.Listed> = []
  if (!(yield* stands(place, place.spaceFolder))) return listed
  for (const owner of yield* ownersIn(place)) {
    if (listed.length >= filesMax) {
      yield* tellBound(place, `more than ${filesMax} files`)
      break
    }
    yield* lookInto(place, owner, listed)
  }
  return listed
})

/** Directories of devices, this one's first: what it has written must not be beyond any bound. */
const ownersIn = Effect.fnUntraced(function* (place: FolderPlace) {
  const owners = (yield* entriesOf(place, place.spaceFolder))
    .filter(({ kind, name }) => kind === "folder" && MailboxName.isTag(name))
    .map(({ name }) => name)
  if (owners.length > ownersMax) yield* tellBound(place, `more than ${ownersMax} directories of devices`)
  const others = owners.filter((owner) => owner !== place.owner)
  const own = (yield* isReal(place, place.ownFolder)) ? [place.owner] : []
  return [...own, ...others].slice(0, ownersMax)
})

const lookInto = Effect.fnUntraced(function* (place: FolderPlace, owner: string, listed: Array<Mailbox.Listed>) {
  const folder = folderOf(place, owner)
  for (const { name } of yield* entriesOf(place, folder)) {
    if (MailboxName.parse(name) === undefined) continue
    if (listed.length >= filesMax) return
    const facts = yield* place.files.factsOf(join(folder, name)).pipe(
      Effect.catchIf(isGone, () => Effect.undefined),
      Effect.mapError(ofSystem(`look at ${name} in ${folder}`))
    )
    if (facts?.kind === "file") listed.push({ owner, name, bytes: facts.bytes })
  }
})

/** What is in a directory; nothing when it has just vanished, or is closed to this user. */
const entriesOf = Effect.fnUntraced(function* (place: FolderPlace, folder: string) {
  const found = yield* place.files.entries(folder, entriesMax).pipe(
    Effect.catchIf(isGone, () => Effect.succeed(nothing)),
    Effect.catchIf(
      (failure) => isDenied(failure) && folder !== place.spaceFolder,
      () => Effect.as(tellOnce(place, "closed", `${folder} is closed to this user and passed over`), nothing)
    ),
    Effect.mapError(ofSystem(`list ${folder}`))
  )
  if (found.isMore) yield* tellBound(place, `more than ${entriesMax} names in ${folder}`)
  return found.entries
})

const nothing: { readonly entries: ReadonlyArray<Entry>; readonly isMore: boolean } = { entries: [], isMore: false }

const tellBound = (place: FolderPlace, what: string): Effect.Effect<void> =>
  tellOnce(place, "bound", `${what}; what is beyond is not seen, so remove what does not belong there`)
