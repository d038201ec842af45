/**
 * What a device knows of the files of one space on Drive: kept in memory, built from listings and changes. It asks nobody.
 */
import type { Stored } from "./DriveNames.ts"

/** Files that are known; beyond it the oldest are forgotten. A device keeps some hundred files. */
export const indexFilesMax = 65_536
/** Copies of one file, made by people or lost answers, that are looked at. */
export const copiesMax = 8
/** Drive's listing lags: a file that was known so recently stays although a listing does not show it. Milliseconds. */
export const lagMsMax = 600_000

interface Known extends Stored {
  /** When a change or a write of this device said so; 0 for what a listing showed. */
  readonly heardMs: number
}

export class DriveIndex {
  readonly #filesMax: number
  readonly #byId = new Map<string, Known>()
  readonly #idsOf = new Map<string, Set<string>>()
  #forgotten = 0

  constructor(filesMax = indexFilesMax) {
    this.#filesMax = filesMax
  }

  get size(): number {
    return this.#byId.size
  }

  /** How many had no room since this was asked last. */
  takeForgotten(): number {
    const forgotten = this.#forgotten
    this.#forgotten = 0
    return forgotten
  }

  /** True when that is news. */
  add(file: Stored, heardMs: number): boolean {
    const before = this.#byId.get(file.id)
    if (before !== undefined && isSame(before, file)) return false
    this.remove(file.id)
    this.#byId.set(file.id, { ...file, heardMs })
    const key = keyOf(file)
    const ids = this.#idsOf.get(key) ?? new Set()
    this.#idsOf.set(key, ids.add(file.id))
    // A map keeps the order in which its entries came, and listings come the oldest first.
    if (this.#byId.size > this.#filesMax) {
      for (const [id] of this.#byId) {
        this.remove(id)
        this.#forgotten += 1
        break
      }
    }
    return true
  }

  /** True when it was known. */
  remove(id: string): boolean {
    const file = this.#byId.get(id)
    if (file === undefined) return false
    this.#byId.delete(id)
    const key = keyOf(file)
    const ids = this.#idsOf.get(key)
    ids?.delete(id)
    if (ids?.size === 0) this.#idsOf.delete(key)
    return true
  }

  /** Nothing of it can be relied on: a folder is gone. */
  clear(): void {
    this.#byId.clear()
    this.#idsOf.clear()
  }

  /** Takes a full listing: what it does not show is gone, but for what was heard of just now. True when that is news. */
  replace(listing: ReadonlyArray<Stored>, nowMs: number): boolean {
    const shown = new Set(listing.map(({ id }) => id))
    let isNews = false
    for (const [id, { heardMs }] of this.#byId) {
      if (shown.has(id) || Math.abs(nowMs - heardMs) < lagMsMax) continue
      this.remove(id)
      isNews = true
    }
    for (const file of listing) isNews = this.add(file, 0) || isNews
    return isNews
  }

  /** All copies of a file, one for each content. */
  copies(owner: string, name: string): ReadonlyArray<Stored> {
    const byContent = new Map<string, Stored>()
    for (const file of this.all(owner, name)) byContent.set(file.md5 ?? file.id, file)
    return [...byContent.values()].slice(0, copiesMax)
  }

  /** All copies of a file. */
  all(owner: string, name: string): ReadonlyArray<Stored> {
    return Array.from(this.#idsOf.get(keyOf({ owner, name })) ?? [], (id) => this.#byId.get(id)!)
  }

  /** Every file once. */
  listed(): ReadonlyArray<Stored> {
    return Array.from(this.#idsOf.values(), (ids) => {
      const [first] = ids
      return this.#byId.get(first!)!
    })
  }
}

const keyOf = ({ name, owner }: Pick<Stored, "name" | "owner">): string => `${owner}/${name}`

const isSame = (a: Stored, b: Stored): boolean =>
  a.owner === b.owner && a.name === b.name && a.bytes === b.bytes && a.md5 === b.md5
