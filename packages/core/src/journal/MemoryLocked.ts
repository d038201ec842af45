/**
 * Which commits of a journal in memory lack their keys, and whether any was sealed. Every change is undone by what it hands to its owner, as all rows of
 * such a journal are.
 */
import type { KeyId } from "../crypto/SpaceKey.ts"

export class MemoryLocked {
  readonly #keys: Map<number, KeyId>
  readonly #undoes: (step: () => void) => void
  #hasSealed: boolean

  constructor(undoes: (step: () => void) => void, copied?: MemoryLocked) {
    this.#undoes = undoes
    this.#hasSealed = copied?.hasSealed ?? false
    this.#keys = new Map(copied === undefined ? [] : copied.#keys)
  }

  /** A sealed commit was stored once, with its key or without. */
  get hasSealed(): boolean {
    return this.#hasSealed
  }

  setSealed(): void {
    if (this.#hasSealed) return
    this.#undoes(() => (this.#hasSealed = false))
    this.#hasSealed = true
  }

  get size(): number {
    return this.#keys.size
  }

  has(lseq: number): boolean {
    return this.#keys.has(lseq)
  }

  keys(): ReadonlyArray<KeyId> {
    return [...new Set(this.#keys.values())]
  }

  after(keys: ReadonlyArray<KeyId>, lseq: number, limit: number): ReadonlyArray<number> {
    const found = [...this.#keys].filter(([at, key]) => at > lseq && keys.includes(key)).map(([at]) => at)
    return found.sort((a, b) => a - b).slice(0, limit)
  }

  set(lseq: number, key: KeyId | undefined): void {
    const before = this.#keys.get(lseq)
    if (before === key) return
    this.#undoes(() => this.#put(lseq, before))
    this.#put(lseq, key)
  }

  #put(lseq: number, key: KeyId | undefined): void {
    if (key === undefined) this.#keys.delete(lseq)
    else this.#keys.set(lseq, key)
  }
}
