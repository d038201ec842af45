/**
 * What this package needs of a file system, and Node's. Everything goes through here, so that tests can put one in its place
 * that fails, hangs or forgets. It decides nothing: which file may be touched, and what a failure means, others say.
 */
import { type Dir, type Dirent, constants, type Stats } from "node:fs"
import { type FileHandle, lstat, mkdir, open, opendir, realpath, rename, unlink } from "node:fs/promises"
import { Effect } from "effect"

/** What the system said: its code, e.g. `ENOSPC`, and its words. */
export interface SystemFailure {
  readonly code: string
  readonly problem: string
}

export type FileKind = "file" | "folder" | "link" | "other"

export interface Facts {
  readonly kind: FileKind
  readonly bytes: number
  /** False where the system says that a file with content takes no room: then it may lie in the cloud alone. */
  readonly isHere: boolean
  readonly modifiedMs: number
  /** The file system that it is on. */
  readonly device: number
}

export interface Entry {
  readonly name: string
  readonly kind: FileKind
}

export type Doing<A> = Effect.Effect<A, SystemFailure>

/** A file that is open; whoever opened it closes it. */
export interface OpenFile {
  readonly facts: Doing<Facts>
  /** From the start, to its end and so many bytes at most. */
  readonly read: (bytesMax: number) => Doing<Uint8Array>
  readonly write: (bytes: Uint8Array) => Doing<void>
  /** Once it succeeds, the content survives a power cut; the name may not. */
  readonly sync: Doing<void>
  readonly close: Effect.Effect<void>
}

export interface FolderFiles {
  /** True where other programs may hold up a rename or a removal for a moment, as virus scanners do on Windows. */
  readonly isHeldUp: boolean
  /** Makes a file; fails with `EEXIST` where anything has that name. */
  readonly openNew: (path: string) => Doing<OpenFile>
  /** Follows no link in the last place and does not wait for whoever might write into a FIFO. */
  readonly openToRead: (path: string) => Doing<OpenFile>
  /** The same for `sync`, which some systems allow only to who may write. */
  readonly openToSync: (path: string) => Doing<OpenFile>
  readonly rename: (from: string, to: string) => Doing<void>
  readonly remove: (path: string) => Doing<void>
  /** Fails with `EEXIST` where anything has that name. */
  readonly makeFolder: (path: string) => Doing<void>
  /** Once it succeeds, the names in the folder survive a power cut. Systems that do not offer it succeed. */
  readonly syncFolder: (path: string) => Doing<void>
  /** Of the thing itself, not of what a link points to. */
  readonly factsOf: (path: string) => Doing<Facts>
  /** The path without links and dots. */
  readonly realPath: (path: string) => Doing<string>
  /** What is in a folder, in no order, so many at most. */
  readonly entries: (
    path: string,
    entriesMax: number
  ) => Doing<{
    readonly entries: ReadonlyArray<Entry>
    readonly isMore: boolean
  }>
}

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = constants
// Windows has neither; there a link must be made by an administrator, and a FIFO is no file.
const O_NOFOLLOW = constants.O_NOFOLLOW ?? 0
const O_NONBLOCK = constants.O_NONBLOCK ?? 0

const doing = <A>(promise: () => Promise<A>): Doing<A> => Effect.tryPromise({ try: promise, catch: failureOf })

const failureOf = (error: unknown): SystemFailure => {
  if (!(error instanceof Error)) return { code: "UNKNOWN", problem: String(error) }
  return { code: "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN", problem: error.message }
}

/** Who else may read is up to the folder: everything in it is sealed. */
const fileMode = 0o666

const opened = (path: string, flags: number): Doing<OpenFile> =>
  Effect.map(
    doing(() => open(path, flags | O_NOFOLLOW, fileMode)),
    openFile
  )

export const nodeFiles: FolderFiles = {
  isHeldUp: process.platform === "win32",
  openNew: (path) => opened(path, O_CREAT | O_EXCL | O_WRONLY),
  openToRead: (path) => opened(path, O_RDONLY | O_NONBLOCK),
  openToSync: (path) => opened(path, O_RDWR | O_NONBLOCK),
  rename: (from, to) => doing(() => rename(from, to)),
  remove: (path) => doing(() => unlink(path)),
  makeFolder: (path) => doing(() => mkdir(path)),
  syncFolder: (path) => doing(() => syncFolder(path)),
  factsOf: (path) =>
    Effect.map(
      doing(() => lstat(path)),
      factsOf
    ),
  realPath: (path) => doing(() => realpath(path)),
  entries: (path, entriesMax) => doing(() => entriesOf(path, entriesMax))
}

const openFile = (handle: FileHandle): OpenFile => ({
  facts: Effect.map(
    doing(() => handle.stat()),
    factsOf
  ),
  read: (bytesMax) => doing(() => readUpTo(handle, bytesMax)),
  write: (bytes) => doing(() => handle.writeFile(bytes)),
  sync: doing(() => handle.sync()),
  close: Effect.promise(() => handle.close().catch(() => undefined))
})

const readUpTo = async (handle: FileHandle, bytesMax: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(bytesMax)
  let length = 0
  while (length < bytesMax) {
    const { bytesRead } = await handle.read(bytes, length, bytesMax - length, length)
    if (bytesRead === 0) return bytes.slice(0, length)
    length += bytesRead
  }
  return bytes
}

const factsOf = (stats: Stats): Facts => ({
  kind: kindOf(stats),
  bytes: stats.size,
  isHere: stats.size === 0 || stats.blocks !== 0,
  modifiedMs: stats.mtimeMs,
  device: stats.dev
})

const kindOf = (entry: Stats | Dirent): FileKind => {
  if (entry.isSymbolicLink()) return "link"
  if (entry.isFile()) return "file"
  return entry.isDirectory() ? "folder" : "other"
}

/** What file systems answer that do not flush names: Windows' journals them itself, and so do servers behind a share. */
const notOffered = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EBADF", "EISDIR"])

const syncFolder = async (path: string): Promise<void> => {
  if (process.platform === "win32") return
  const handle = await open(path, O_RDONLY)
  try {
    await handle.sync()
  } catch (error) {
    if (!notOffered.has(failureOf(error).code)) throw error
  } finally {
    await handle.close()
  }
}

const entriesOf = async (path: string, entriesMax: number) => {
  const folder: Dir = await opendir(path, { bufferSize: 256 })
  try {
    const entries: Array<Entry> = []
    for (;;) {
      const entry = await folder.read()
      if (entry === null) return { entries, isMore: false }
      if (entries.length === entriesMax) return { entries, isMore: true }
      entries.push({ name: entry.name, kind: kindOf(entry) })
    }
  } finally {
    await folder.close()
  }
}
