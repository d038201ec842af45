/**
 * Writing and removing files of this device's directory. A file is written under a name that nobody reads, flushed, given its
 * name, and its name is flushed: a reader sees it whole or not at all, and so does who comes back after a power cut.
 */
import { join } from "node:path"
import { Bytes, Mailbox, MailboxError, MailboxName } from "@syncline/core"
import { Clock, Effect, Random, Schedule } from "effect"
import * as Failure from "./FolderFailure.ts"
import type { Doing, FolderFiles } from "./FolderFiles.ts"
import * as FolderMetrics from "./FolderMetrics.ts"
import { type FolderPlace, makeFolders, stands } from "./FolderPlace.ts"
import * as FolderTurns from "./FolderTurns.ts"

/** Tries again where another program holds up a rename or a removal: 20 ms, then twice as long each time, 2.5 s together. */
export const heldUpTriesMax = 7
const heldUpMs = 20

/** A file under a temporary name that is older, in milliseconds, was left by a program that died. */
export const abandonedMs = 24 * 60 * 60 * 1_000
/** Names that are looked through for those. */
const entriesMax = 20_000

const temporaryForm = /^t-[0-9a-f]{16}\.tmp$/

const temporaryName = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 32 - 1), Random.nextIntBetween(0, 2 ** 32 - 1)]),
  (halves) => `t-${halves.map((half) => half.toString(16).padStart(8, "0")).join("")}.tmp`
)

/** A defect of whoever calls: names come from `MailboxName.print`. */
const assertName = (name: string): void => {
  if (MailboxName.parse(name) === undefined)
    throw new RangeError(`${JSON.stringify(name)} is no name of a mailbox's file`)
}

export const put = (place: FolderPlace, name: string, bytes: Uint8Array) =>
  Effect.suspend(() => {
    assertName(name)
    if (bytes.length > Mailbox.fileBytesMax) {
      const { length } = bytes
      return Failure.fail(new MailboxError.FileTooLarge({ name, bytes: length, bytesMax: Mailbox.fileBytesMax }))
    }
    return FolderTurns.take(place.turns.work, FolderTurns.workMsMax, write(place, name, bytes), (problem) =>
      Failure.unreachable(`${name} could not be written into ${place.root}: ${problem}`)
    )
  })

const write = Effect.fnUntraced(function* (place: FolderPlace, name: string, bytes: Uint8Array) {
  const { files, ownFolder } = place
  if (!(yield* stands(place, ownFolder))) yield* makeFolders(place)
  const target = join(ownFolder, name)
  const path = join(ownFolder, yield* temporaryName)
  yield* isThere(files, target, bytes).pipe(
    Effect.flatMap((there) => (there ? Effect.void : replace(files, path, target, bytes))),
    Effect.andThen(files.syncFolder(ownFolder)),
    Effect.mapError(Failure.ofSystem(`write ${name} into ${ownFolder}`))
  )
  yield* FolderMetrics.moved("out", bytes.length)
})

/** Whether the file is there with this content, flushed. What cannot be read is written again. */
const isThere = (files: FolderFiles, target: string, bytes: Uint8Array): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const facts = yield* files.factsOf(target)
    // One that may lie in the cloud alone is not fetched to be compared.
    if (facts.kind !== "file" || facts.bytes !== bytes.length || !facts.isHere) return false
    return yield* Effect.acquireUseRelease(
      files.openToSync(target),
      (file) =>
        Effect.gen(function* () {
          if ((yield* file.facts).kind !== "file") return false
          if (!Bytes.equals(yield* file.read(bytes.length), bytes)) return false
          yield* file.sync
          return true
        }),
      (file) => file.close
    )
  }).pipe(Effect.orElseSucceed(() => false))

const replace = (files: FolderFiles, path: string, target: string, bytes: Uint8Array): Doing<void> =>
  Effect.flatMap(files.openNew(path), (file) =>
    Effect.andThen(file.write(bytes), file.sync).pipe(
      Effect.ensuring(file.close),
      Effect.andThen(heldUp(files, files.rename(path, target))),
      Effect.onError(() => Effect.ignore(files.remove(path)))
    )
  )

/** Tries again what another program may hold up, and says at last that it does. */
const heldUp = <A>({ isHeldUp }: FolderFiles, effect: Doing<A>): Doing<A> =>
  effect.pipe(
    Effect.retry({
      while: isHeldUp ? Failure.isHeldUp : Failure.isBusy,
      schedule: Schedule.exponential(heldUpMs),
      times: heldUpTriesMax
    }),
    Effect.mapError((failure) => (isHeldUp && Failure.isHeldUp(failure) ? { ...failure, code: "EBUSY" } : failure))
  )

export const remove = (place: FolderPlace, name: string) =>
  Effect.suspend(() => {
    assertName(name)
    return FolderTurns.take(place.turns.work, FolderTurns.workMsMax, takeAway(place, name), (problem) =>
      Failure.unreachable(`${name} could not be removed from ${place.root}: ${problem}`)
    )
  })

const takeAway = Effect.fnUntraced(function* (place: FolderPlace, name: string) {
  const { files, ownFolder } = place
  if (!(yield* stands(place, ownFolder))) return
  yield* heldUp(files, files.remove(join(ownFolder, name))).pipe(
    Effect.catchIf(Failure.isGone, () => Effect.void),
    Effect.mapError(Failure.ofSystem(`remove ${name} from ${ownFolder}`))
  )
})

/** Removes what writing left behind a day ago or more. What cannot be removed stays until the next time. */
export const removeAbandoned = ({ files, ownFolder }: FolderPlace): Effect.Effect<void> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    const { entries } = yield* files.entries(ownFolder, entriesMax)
    for (const { kind, name } of entries) {
      if (kind !== "file" || !temporaryForm.test(name)) continue
      const path = join(ownFolder, name)
      const { modifiedMs } = yield* files.factsOf(path)
      if (nowMs - modifiedMs >= abandonedMs) yield* files.remove(path)
    }
  }).pipe(Effect.ignore)
