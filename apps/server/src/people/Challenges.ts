/**
 * Challenges that a browser's answer proves to be new: each is good for one purpose, for a few minutes and once. The hub keeps nothing of
 * those that nobody answered, as it knows its own by a code of authentication; so asking for many takes nobody's away.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"

/** How long a challenge is good, in milliseconds. */
export const challengeMsMax = 5 * 60_000
/** Answered challenges that are remembered while they would be good; beyond it further ones are not taken. */
export const answeredMax = 8_192

const nonceBytes = 16
const timeBytes = 6
const codeBytes = 32

export class Challenges {
  readonly #key = randomBytes(codeBytes)
  readonly #goodMs: number
  /** Until when each would be good, in the order in which they were answered. */
  readonly #answered = new Map<string, number>()

  /** They are good for so many milliseconds. */
  constructor(goodMs = challengeMsMax) {
    this.#goodMs = goodMs
  }

  get answered(): number {
    return this.#answered.size
  }

  /** A challenge in base64url. */
  draw(purpose: string, nowMs: number): string {
    const head = Buffer.alloc(nonceBytes + timeBytes)
    randomBytes(nonceBytes).copy(head)
    head.writeUIntBE(nowMs + this.#goodMs, nonceBytes, timeBytes)
    return Buffer.concat([head, this.#codeOf(head, purpose)]).toString("base64url")
  }

  /** Whether the hub drew it for this, it is good by now, and it was not answered. */
  isGood(challenge: string, purpose: string, nowMs: number): boolean {
    const bytes = Buffer.from(challenge, "base64url")
    // Other spellings of the same bytes would count as another challenge.
    if (bytes.length !== nonceBytes + timeBytes + codeBytes || bytes.toString("base64url") !== challenge) return false
    const head = bytes.subarray(0, nonceBytes + timeBytes)
    if (!timingSafeEqual(this.#codeOf(head, purpose), bytes.subarray(head.length))) return false
    return untilOf(head) > nowMs && !this.#answered.has(challenge)
  }

  /** Takes a good challenge for its one answer. */
  take(challenge: string, purpose: string, nowMs: number): "taken" | "refused" | "busy" {
    if (!this.isGood(challenge, purpose, nowMs)) return "refused"
    for (const [each, untilMs] of this.#answered) if (untilMs <= nowMs) this.#answered.delete(each)
    if (this.#answered.size >= answeredMax) return "busy"
    this.#answered.set(challenge, untilOf(Buffer.from(challenge, "base64url")))
    return "taken"
  }

  #codeOf(head: Uint8Array, purpose: string): Buffer {
    return createHmac("sha256", this.#key).update(head).update(purpose).digest()
  }
}

const untilOf = (head: Buffer): number => head.readUIntBE(nonceBytes, timeBytes)
