/**
 * A mailbox as clouds and people make it: each device sees files late and in an order of its own, and may read them in part;
 * files vanish, come back, are renamed and get conflicted copies; requests fail, before or after they had their effect. From one
 * seed, so that a run can be repeated. A device can write and remove in its own directory only. What no device wrote is watched.
 */
import { Clock, Effect, Stream } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import type { Listed, Mailbox, MailboxPlace, MailboxShape } from "../mailbox/Mailbox.ts"
import { FileNotThere, MailboxError, MailboxFull, MailboxUnreachable } from "../mailbox/MailboxError.ts"
import type { SeededRandom } from "./SeededRandom.ts"

/** How bad it is; every chance from 0 to 1, for each request or file. */
export interface Flakiness {
  /** How late a device sees a file of another one, in milliseconds at most. */
  readonly delayMsMax: number
  /** A file shows in part first. */
  readonly partial: number
  /** A request fails, before or after it had its effect. */
  readonly failure: number
  /** Somebody deletes a file for good. */
  readonly vanish: number
  /** A provider makes a conflicted copy. */
  readonly conflict: number
  /** Somebody gives a file another name. */
  readonly rename: number
  /** A provider brings back a file that its owner had removed, or that had vanished. */
  readonly restore: number
}

export const steady: Flakiness = {
  delayMsMax: 0,
  partial: 0,
  failure: 0,
  vanish: 0,
  conflict: 0,
  rename: 0,
  restore: 0
}

interface Stored {
  readonly bytes: Uint8Array
  readonly atMs: number
}

/** The place behind all devices. */
export interface FlakyFolder {
  readonly random: SeededRandom
  flakiness: Flakiness
  /** By directory, `space/owner`, and name. */
  readonly directories: Map<string, Map<string, Stored>>
  /** Files that are gone, as they were: by `space/owner/name`. */
  readonly gone: Map<string, Stored>
  /** Files that no device wrote, by the same; they must stay as they are. */
  readonly foreign: Map<string, Uint8Array>
  /** How late each device sees each file, once it was asked about. */
  readonly delays: Map<string, number>
}

export const makeFolder = (random: SeededRandom, flakiness: Flakiness): FlakyFolder => ({
  random,
  flakiness,
  directories: new Map(),
  gone: new Map(),
  foreign: new Map(),
  delays: new Map()
})

/** Files that no device wrote and that are not as they were made. */
export const touchedForeign = ({ directories, foreign }: FlakyFolder): ReadonlyArray<string> =>
  [...foreign].flatMap(([path, bytes]) => {
    const at = path.lastIndexOf("/")
    const stored = directories.get(path.slice(0, at))?.get(path.slice(at + 1))
    return stored !== undefined && Bytes.equals(stored.bytes, bytes) ? [] : [path]
  })

const plant = ({ directories, foreign }: FlakyFolder, directory: string, file: string, stored: Stored): void => {
  directories.get(directory)!.set(file, stored)
  foreign.set(`${directory}/${file}`, stored.bytes)
}

const name = "flaky"
const fail = (reason: MailboxError["reason"]) => Effect.fail(new MailboxError({ mailbox: name, reason }))

/** The folder as one device sees it. */
export const make = (folder: FlakyFolder): Mailbox => ({
  name,
  capabilities: { kind: "mailbox", flushAfterMs: 1_000, pollEveryMs: 30_000 },
  address: "flaky:",
  open: (place) => Effect.succeed(shapeOf(folder, place))
})

const shapeOf = (folder: FlakyFolder, { owner, space }: MailboxPlace): MailboxShape => {
  const own = `${space}/${owner}`
  const { random } = folder
  /** Whether this request fails, and whether it had its effect. */
  const risk = <A>(effect: Effect.Effect<A, MailboxError>): Effect.Effect<A, MailboxError> =>
    Effect.suspend(() => {
      if (!random.chance(folder.flakiness.failure)) return effect
      const reason = random.chance(0.5)
        ? new MailboxFull({ problem: "no room" })
        : new MailboxUnreachable({ problem: "no answer" })
      return random.chance(0.5) ? Effect.andThen(effect, fail(reason)) : fail(reason)
    })
  const shownTo = (directory: string, file: string, { atMs }: Stored, nowMs: number): boolean => {
    if (directory === own || folder.flakiness.delayMsMax === 0) return true
    const key = `${owner} ${directory}/${file}`
    const delay = folder.delays.get(key) ?? random.between(0, folder.flakiness.delayMsMax)
    folder.delays.set(key, delay)
    return atMs + delay <= nowMs
  }
  return {
    put: (file, bytes) =>
      risk(
        Effect.map(Clock.currentTimeMillis, (atMs) => {
          const files = folder.directories.get(own) ?? new Map<string, Stored>()
          folder.directories.set(own, files)
          files.set(file, { bytes: Bytes.copy(bytes), atMs })
          if (random.chance(folder.flakiness.conflict)) {
            const copy = { bytes: Bytes.copy(bytes).reverse(), atMs }
            plant(folder, own, file.replace(".age", " (conflicted copy).age"), copy)
          }
        })
      ),
    list: risk(Effect.map(Clock.currentTimeMillis, (nowMs) => listed(folder, space, shownTo, nowMs))),
    get: (from, file) =>
      risk(
        Effect.flatMap(Clock.currentTimeMillis, (nowMs) => {
          const directory = `${space}/${from}`
          const stored = folder.directories.get(directory)?.get(file)
          if (stored === undefined || !shownTo(directory, file, stored, nowMs)) {
            return fail(new FileNotThere({ name: file, problem: "it is not here" }))
          }
          const isPart = directory !== own && random.chance(folder.flakiness.partial)
          const { bytes } = stored
          return Effect.succeed(isPart ? bytes.slice(0, random.between(0, bytes.length - 1)) : Bytes.copy(bytes))
        })
      ),
    remove: (file) => risk(Effect.sync(() => lose(folder, own, file))),
    changes: Stream.never
  }
}

const lose = ({ directories, gone }: FlakyFolder, directory: string, file: string): void => {
  const stored = directories.get(directory)?.get(file)
  if (stored === undefined) return
  directories.get(directory)!.delete(file)
  gone.set(`${directory}/${file}`, stored)
}

/** What others than its owner do to a file of a device. */
const meddle = (folder: FlakyFolder, directory: string, file: string, stored: Stored): void => {
  const { flakiness, foreign, random } = folder
  if (foreign.has(`${directory}/${file}`)) return
  if (random.chance(flakiness.vanish)) lose(folder, directory, file)
  else if (random.chance(flakiness.rename)) {
    lose(folder, directory, file)
    plant(folder, directory, file.replace(".age", " (1).age"), stored)
  }
}

/** Brings one file back that was gone. */
const restoreOne = ({ directories, gone, random }: FlakyFolder): void => {
  const paths = [...gone.keys()]
  if (paths.length === 0) return
  const path = random.pick(paths)
  const at = path.lastIndexOf("/")
  directories.get(path.slice(0, at))!.set(path.slice(at + 1), gone.get(path)!)
  gone.delete(path)
}

const listed = (
  folder: FlakyFolder,
  space: string,
  isShown: (directory: string, file: string, stored: Stored, nowMs: number) => boolean,
  nowMs: number
): ReadonlyArray<Listed> => {
  const found: Array<Listed> = []
  if (folder.random.chance(folder.flakiness.restore)) restoreOne(folder)
  for (const [directory, files] of folder.directories) {
    if (!directory.startsWith(`${space}/`)) continue
    for (const [file, stored] of Array.from(files)) {
      meddle(folder, directory, file, stored)
      if (files.has(file) && isShown(directory, file, stored, nowMs)) {
        found.push({ owner: directory.slice(space.length + 1), name: file, bytes: stored.bytes.length })
      }
    }
  }
  return found
}
