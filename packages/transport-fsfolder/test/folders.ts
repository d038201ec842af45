/**
 * Real folders for one test each, and what the tests put into them.
 */
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { type Mailbox, type MailboxError, MailboxName } from "@syncline/core"
import { Effect, type Scope } from "effect"
import { type FolderFiles, nodeFiles } from "../src/FolderFiles.ts"
import * as FolderTurns from "../src/FolderTurns.ts"
import { type FolderParts, folderBy } from "../src/FsFolder.ts"
import type { FolderOptions } from "../src/FolderOptions.ts"
import { watchFolder } from "../src/FolderWatch.ts"

export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "syncline-folder-")))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

export const tagOf = (letter: string): string => letter.repeat(MailboxName.tagLength)
export const space = tagOf("s")
export const [left, right] = [tagOf("a"), tagOf("b")]

export const fileOf = (counter: number, kind: MailboxName.Kind = "seg"): string =>
  MailboxName.print({ kind, counter, hash: tagOf("h") })

export const bytesOf = (length: number, first = 7): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (first + i) % 256)

/** Where a device's files are. */
export const folderIn = (path: string, owner = left): string => join(path, "syncline-1", space, owner)

/** Puts a file there that no mailbox wrote. */
export const plant = (path: string, owner: string, name: string, bytes: Uint8Array): void => {
  const file = join(folderIn(path, owner), name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, bytes)
}

/** Everything below a folder, by its path there. */
export const everythingIn = (path: string): ReadonlyArray<string> =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .sort()

/** A mailbox by other means than Node's; turns are its own, so that what hangs in one test holds up no other. */
export const by = (
  files: Partial<FolderFiles>,
  options: FolderOptions,
  parts: Partial<FolderParts> = {}
): Mailbox.Mailbox =>
  folderBy(
    {
      files: { ...nodeFiles, ...files },
      turns: FolderTurns.makeTurns(),
      watch: Effect.succeed(watchFolder),
      ...parts
    },
    { watch: false, ...options }
  )

/** A mailbox of a device, without a watcher. */
export const openAt = (
  path: string,
  owner = left,
  files: Partial<FolderFiles> = {}
): Effect.Effect<Mailbox.MailboxShape, MailboxError.MailboxError, Scope.Scope> =>
  by(files, { path }).open({ space, owner })

export const reasonOf = <A, R>(
  effect: Effect.Effect<A, MailboxError.MailboxError, R>
): Effect.Effect<MailboxError.MailboxError["reason"] | undefined, never, R> =>
  Effect.match(effect, { onFailure: ({ reason }) => reason, onSuccess: () => undefined })

/** The tag of why something failed; `succeeded` when it did not. */
export const tagged = <A, R>(effect: Effect.Effect<A, MailboxError.MailboxError, R>): Effect.Effect<string, never, R> =>
  Effect.map(reasonOf(effect), (reason) => reason?._tag ?? "succeeded")
