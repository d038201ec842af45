/**
 * Reading a file that somebody else put there. It must be a plain file of a length that a mailbox carries before any of it is
 * read, and reading takes its time limit at most. Whether it is what its name says, its reader finds out.
 */
import { join } from "node:path"
import { Mailbox, MailboxError, MailboxName } from "@syncline/core"
import { Effect } from "effect"
import { fail, isGone, notThere } from "./FolderFailure.ts"
import type { Facts, OpenFile, SystemFailure } from "./FolderFiles.ts"
import * as FolderMetrics from "./FolderMetrics.ts"
import { folderOf, type FolderPlace, isReal, rootStands } from "./FolderPlace.ts"
import * as FolderTurns from "./FolderTurns.ts"

export const get = Effect.fnUntraced(function* (place: FolderPlace, owner: string, name: string) {
  if (!MailboxName.isTag(owner) || MailboxName.parse(name) === undefined) {
    return yield* Effect.fail(notThere(name, "no file of a mailbox has such a name"))
  }
  const facts = yield* inTime(place, "reading", name, find(place, owner, name))
  // One that must be fetched first may take for ever, and holds up only its like.
  const turn = facts.isHere ? "reading" : "fetching"
  const bytes = yield* inTime(place, turn, name, read(place, owner, name))
  yield* FolderMetrics.moved("in", bytes.length)
  return bytes
})

const late = {
  reading: "",
  fetching: "; it lies in the cloud and was asked for, so keep the folder on this device to have it sooner"
} as const

const inTime = <A>(
  { settings, turns }: FolderPlace,
  turn: "reading" | "fetching",
  name: string,
  work: Effect.Effect<A, MailboxError.MailboxError>
): Effect.Effect<A, MailboxError.MailboxError> =>
  FolderTurns.take(turns[turn], settings.readMsMax, work, (problem) => notThere(name, `${problem}${late[turn]}`))

/** The file's facts, without opening it. */
const find = Effect.fnUntraced(function* (place: FolderPlace, owner: string, name: string) {
  const folder = folderOf(place, owner)
  yield* directoryStands(place, owner, name)
  const facts = yield* place.files.factsOf(join(folder, name)).pipe(
    Effect.catchIf(isGone, () => Effect.undefined),
    Effect.mapError(unread(name))
  )
  if (facts === undefined) return yield* Effect.fail(notThere(name, yield* whyGone(place, folder, name)))
  return yield* checked(name, facts)
})

/** A link in the place of another device's directory is that device's loss and no reason to stop. */
const directoryStands = Effect.fnUntraced(function* (place: FolderPlace, owner: string, name: string) {
  if (yield* isReal(place, folderOf(place, owner))) return
  yield* rootStands(place)
  return yield* Effect.fail(notThere(name, "its directory is not here, or a link"))
})

/** Older iCloud leaves a file of another name where one lies in the cloud alone. */
const whyGone = ({ files }: FolderPlace, folder: string, name: string): Effect.Effect<string> =>
  files.factsOf(join(folder, `.${name}.icloud`)).pipe(
    Effect.as("it lies in iCloud and not on this device; let iCloud Drive keep the folder on this device"),
    Effect.orElseSucceed(() => "it is not here")
  )

const checked = (name: string, facts: Facts): Effect.Effect<Facts, MailboxError.MailboxError> => {
  if (facts.kind !== "file") return Effect.fail(notThere(name, "what has its name is no file"))
  if (facts.bytes <= Mailbox.fileBytesMax) return Effect.succeed(facts)
  const bytes = Number.isSafeInteger(facts.bytes) ? facts.bytes : Number.MAX_SAFE_INTEGER
  return fail(new MailboxError.FileTooLarge({ name, bytes, bytesMax: Mailbox.fileBytesMax }))
}

const read = (place: FolderPlace, owner: string, name: string) =>
  Effect.acquireUseRelease(
    place.files.openToRead(join(folderOf(place, owner), name)).pipe(Effect.mapError(unread(name))),
    (file) => readOpen(place, owner, name, file),
    (file) => file.close
  )

const readOpen = Effect.fnUntraced(function* (place: FolderPlace, owner: string, name: string, file: OpenFile) {
  const { bytes } = yield* checked(name, yield* file.facts.pipe(Effect.mapError(unread(name))))
  // The directory may have become a link between the two looks.
  yield* directoryStands(place, owner, name)
  return yield* file.read(bytes).pipe(Effect.mapError(unread(name)))
})

/** Whatever the system says of one file, it is tried again by itself and the others are read. */
const unread =
  (name: string) =>
  ({ code, problem }: SystemFailure): MailboxError.MailboxError =>
    notThere(name, `${problem} (${code})`)
