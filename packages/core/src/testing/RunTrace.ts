/**
 * A short print of everything that happened in a simulated run, in order: two runs of one seed have the same. It is
 * for telling runs apart, not for keeping secrets.
 */

const primeA = 0x01000193
const primeB = 0x85ebca6b

export class RunTrace {
  #a = 0x811c9dc5
  #b = 0x9e3779b9
  #length = 0

  note(what: string): void {
    for (let i = 0; i < what.length; i++) this.#mix(what.charCodeAt(i))
    this.#mix(0x10000)
  }

  noteBytes(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.#mix(bytes[i]!)
    this.#mix(0x10000 + bytes.length)
  }

  /** 16 hexadecimal digits and the number of things mixed in. */
  get print(): string {
    const digits = (word: number): string => (word >>> 0).toString(16).padStart(8, "0")
    return `${digits(this.#a)}${digits(this.#b)}/${this.#length}`
  }

  // Two unlike mixers side by side, so that one's collisions are not the other's.
  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, primeA)
    this.#b = Math.imul(((this.#b << 13) | (this.#b >>> 19)) ^ word, primeB) + 1
    this.#length++
  }
}
