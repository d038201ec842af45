/**
 * A file system that forgets at a power cut what was not flushed: the content of a file since its last flush, wholly or in part,
 * and what happened to a directory's names since the directory was flushed, from some moment on. Its power can be cut before
 * any step. It stands in for Node's files.
 */
import { dirname } from "node:path"
import type { SeededRandom } from "@syncline/core/testing"
import { Effect } from "effect"
import type { Doing, Facts, FolderFiles, OpenFile } from "../src/FolderFiles.ts"

interface FileNode {
  readonly kind: "file"
  live: Uint8Array
  flushed: Uint8Array
}

interface FolderNode {
  readonly kind: "folder"
  readonly live: Map<string, Node>
  flushed: ReadonlyMap<string, Node>
  /** What happened to the names since they were flushed, in order. */
  readonly pending: Array<(names: Map<string, Node>) => void>
}

type Node = FileNode | FolderNode

/** Flushes that do nothing, to see what they are good for. */
export interface Omitted {
  readonly file?: boolean
  readonly folder?: boolean
}

const emptyFolder = (): FolderNode => ({ kind: "folder", live: new Map(), flushed: new Map(), pending: [] })

const failed = (code: string) => Effect.fail({ code, problem: "simulated" })

export class UnflushedDisk {
  readonly #omitted: Omitted
  readonly #root: FolderNode
  /** Steps until the power is cut; nothing succeeds from then on. */
  stepsLeft = Infinity
  steps = 0

  constructor(root: string, omitted: Omitted = {}, top: FolderNode = emptyFolder()) {
    this.root = root
    this.#omitted = omitted
    this.#root = top
  }

  readonly root: string

  /** The disk as it is found after the cut, all of it flushed. */
  afterCut(random: SeededRandom.SeededRandom): UnflushedDisk {
    return new UnflushedDisk(this.root, this.#omitted, survivors(this.#root, random))
  }

  get files(): FolderFiles {
    return {
      isHeldUp: false,
      openNew: (path) =>
        this.#step(() => {
          const [folder, name] = this.#at(path)
          if (folder === undefined) return failed("ENOENT")
          if (folder.live.has(name)) return failed("EEXIST")
          const file: FileNode = { kind: "file", live: new Uint8Array(), flushed: new Uint8Array() }
          change(folder, (names) => names.set(name, file))
          return Effect.succeed(this.#opened(file))
        }),
      openToRead: (path) => this.#open(path),
      openToSync: (path) => this.#open(path),
      rename: (from, to) =>
        this.#step(() => {
          const [folder, name] = this.#at(from)
          const [, target] = this.#at(to)
          const node = folder?.live.get(name)
          if (folder === undefined || node === undefined) return failed("ENOENT")
          change(folder, (names) => {
            names.delete(name)
            names.set(target, node)
          })
          return Effect.void
        }),
      remove: (path) =>
        this.#step(() => {
          const [folder, name] = this.#at(path)
          if (folder?.live.has(name) !== true) return failed("ENOENT")
          change(folder, (names) => void names.delete(name))
          return Effect.void
        }),
      makeFolder: (path) =>
        this.#step(() => {
          const [folder, name] = this.#at(path)
          if (folder === undefined) return failed("ENOENT")
          if (folder.live.has(name)) return failed("EEXIST")
          const made = emptyFolder()
          change(folder, (names) => names.set(name, made))
          return Effect.void
        }),
      syncFolder: (path) =>
        this.#step(() => {
          const node = this.#find(path)
          if (node?.kind !== "folder") return failed("ENOENT")
          if (this.#omitted.folder !== true) {
            node.flushed = new Map(node.live)
            node.pending.length = 0
          }
          return Effect.void
        }),
      factsOf: (path) =>
        this.#look(() => {
          const node = this.#find(path)
          return node === undefined ? failed("ENOENT") : Effect.succeed(factsOf(node))
        }),
      realPath: (path) => this.#look(() => (this.#find(path) === undefined ? failed("ENOENT") : Effect.succeed(path))),
      entries: (path) =>
        this.#look(() => {
          const node = this.#find(path)
          if (node?.kind !== "folder") return failed("ENOENT")
          return Effect.succeed({
            entries: Array.from(node.live, ([name, { kind }]) => ({ name, kind })),
            isMore: false
          })
        })
    }
  }

  /** Something that changes the disk: the power may be cut before it. */
  #step<A>(work: () => Doing<A>): Doing<A> {
    return Effect.suspend(() => {
      if (this.stepsLeft <= 0) return failed("EIO")
      this.stepsLeft--
      this.steps++
      return work()
    })
  }

  #look<A>(work: () => Doing<A>): Doing<A> {
    return Effect.suspend(() => (this.stepsLeft <= 0 ? failed("EIO") : work()))
  }

  #open(path: string): Doing<OpenFile> {
    return this.#look(() => {
      const node = this.#find(path)
      return node?.kind === "file" ? Effect.succeed(this.#opened(node)) : failed("ENOENT")
    })
  }

  #opened(file: FileNode): OpenFile {
    return {
      facts: this.#look(() => Effect.succeed(factsOf(file))),
      read: (bytesMax) => this.#look(() => Effect.succeed(file.live.slice(0, bytesMax))),
      write: (bytes) =>
        this.#step(() => {
          file.live = bytes.slice()
          return Effect.void
        }),
      sync: this.#step(() => {
        if (this.#omitted.file !== true) file.flushed = file.live
        return Effect.void
      }),
      close: Effect.void
    }
  }

  #find(path: string): Node | undefined {
    if (path === this.root) return this.#root
    // What is above the root is there, and empty.
    if (!path.startsWith(`${this.root}/`)) return this.root.startsWith(path) ? emptyFolder() : undefined
    const [folder, name] = this.#at(path)
    return folder?.live.get(name)
  }

  #at(path: string): readonly [FolderNode | undefined, string] {
    const above = this.#find(dirname(path))
    return [above?.kind === "folder" ? above : undefined, path.slice(dirname(path).length + 1)]
  }
}

const change = (folder: FolderNode, of: (names: Map<string, Node>) => void): void => {
  of(folder.live)
  folder.pending.push(of)
}

const factsOf = (node: Node): Facts => ({
  kind: node.kind,
  bytes: node.kind === "file" ? node.live.length : 0,
  isHere: true,
  modifiedMs: 0,
  device: 1
})

/** What of a directory is there after the cut: its flushed names, and what happened since then up to some moment. */
const survivors = (folder: FolderNode, random: SeededRandom.SeededRandom): FolderNode => {
  const names = new Map(folder.flushed)
  for (const happened of folder.pending.slice(0, random.between(0, folder.pending.length))) happened(names)
  const live = new Map(Array.from(names, ([name, node]) => [name, survivor(node, random)] as const))
  return { kind: "folder", live, flushed: new Map(live), pending: [] }
}

const survivor = (node: Node, random: SeededRandom.SeededRandom): Node => {
  if (node.kind === "folder") return survivors(node, random)
  const isSame = node.live === node.flushed
  const kept = isSame || random.chance(0.3) ? node.flushed : node.live.slice(0, random.between(0, node.live.length))
  return { kind: "file", live: kept, flushed: kept }
}
