/**
 * The reference mailbox: directories of one process, without faults. The testing kit's flaky folder puts delay, loss and
 * conflicts on top.
 */
import { Effect, PubSub, type Scope, Stream } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import { fileBytesMax, type Mailbox, type MailboxPlace, type MailboxShape } from "./Mailbox.ts"
import * as MailboxName from "./MailboxName.ts"
import { FileNotThere, FileTooLarge, MailboxError, MailboxUnfit } from "./MailboxError.ts"

/** Directories by `space/owner`, and in each the files by name. */
export interface MemoryFolder {
  readonly directories: Map<string, Map<string, Uint8Array>>
  readonly open: Set<string>
  readonly changes: PubSub.PubSub<void>
}

/** Changes that a mailbox which looks seldom has not seen yet: one is enough to look. */
const changesMax = 1

export const makeFolder: Effect.Effect<MemoryFolder> = Effect.map(
  PubSub.sliding<void>(changesMax),
  (changes): MemoryFolder => ({ directories: new Map(), open: new Set(), changes })
)

const name = "memory"
const fail = (reason: MailboxError["reason"]) => Effect.fail(new MailboxError({ mailbox: name, reason }))

export const make = (folder: MemoryFolder): Mailbox => ({
  name,
  capabilities: { kind: "mailbox", flushAfterMs: 1_000, pollEveryMs: 30_000 },
  address: "memory:",
  open: (place) => open(folder, place)
})

const open = (
  { changes, directories, open: opened }: MemoryFolder,
  { owner, space }: MailboxPlace
): Effect.Effect<MailboxShape, MailboxError, Scope.Scope> =>
  Effect.suspend(() => {
    const path = `${space}/${owner}`
    if (opened.has(path)) return fail(new MailboxUnfit({ problem: "this device has it open already" }))
    const taken = Effect.acquireRelease(
      Effect.sync(() => opened.add(path)),
      () => Effect.sync(() => opened.delete(path))
    )
    const own = (): Map<string, Uint8Array> => {
      const files = directories.get(path) ?? new Map<string, Uint8Array>()
      directories.set(path, files)
      return files
    }
    const shape: MailboxShape = {
      put: (file, bytes) => {
        if (bytes.length > fileBytesMax) {
          return fail(new FileTooLarge({ name: file, bytes: bytes.length, bytesMax: fileBytesMax }))
        }
        return Effect.andThen(
          Effect.sync(() => own().set(file, Bytes.copy(bytes))),
          PubSub.publish(changes, undefined)
        )
      },
      list: Effect.sync(() =>
        [...directories]
          .filter(([directory]) => directory.startsWith(`${space}/`))
          .map(([directory, files]) => [directory.slice(space.length + 1), files] as const)
          .filter(([directory]) => MailboxName.isTag(directory))
          .flatMap(([directory, files]) =>
            Array.from(files, ([file, bytes]) => ({ owner: directory, name: file, bytes: bytes.length }))
          )
          .filter((listed) => MailboxName.parse(listed.name) !== undefined)
      ),
      get: (from, file) => {
        const bytes = directories.get(`${space}/${from}`)?.get(file)
        if (bytes === undefined) return fail(new FileNotThere({ name: file, problem: "it is not here" }))
        if (bytes.length > fileBytesMax) {
          return fail(new FileTooLarge({ name: file, bytes: bytes.length, bytesMax: fileBytesMax }))
        }
        return Effect.succeed(Bytes.copy(bytes))
      },
      remove: (file) => Effect.sync(() => void own().delete(file)),
      changes: Stream.fromPubSub(changes)
    }
    return Effect.as(taken, shape)
  })
