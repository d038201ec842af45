/**
 * The sealed part of a pairing: what is said under the key that both sides came to, each direction under its own, in
 * order and once. XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with a counter in place of a random nonce.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js"
import * as Cpace from "../crypto/Cpace.ts"

export type PairingRole = "inviter" | "joiner"

const keyBytes = 32
const nonceBytes = 24

/** One direction of a run. */
class Direction {
  readonly #key: Uint8Array
  #count = 0

  constructor(key: Uint8Array) {
    this.#key = key
  }

  next() {
    const nonce = new Uint8Array(nonceBytes)
    new DataView(nonce.buffer).setUint32(nonceBytes - 4, this.#count++)
    return xchacha20poly1305(this.#key, nonce)
  }
}

export class PairingSeal {
  readonly #out: Direction
  readonly #in: Direction
  /** Four digits that are the same on both screens, and with somebody in between are not. */
  readonly checkNumber: string

  constructor(key: Uint8Array, role: PairingRole) {
    const direction = (from: PairingRole) =>
      new Direction(Cpace.deriveKey(key, `syncline/pair/v1/from-${from}`, keyBytes))
    this.#out = direction(role)
    this.#in = direction(role === "inviter" ? "joiner" : "inviter")
    // Eight bytes, so that no number is likelier than another by more than 10^-15.
    const drawn = new DataView(Cpace.deriveKey(key, "syncline/pair/v1/check-number", 8).buffer).getBigUint64(0)
    this.checkNumber = String(drawn % 10_000n).padStart(4, "0")
  }

  seal(bytes: Uint8Array): Uint8Array {
    return this.#out.next().encrypt(bytes)
  }

  /** `undefined` for what the other side did not seal as its next message. */
  open(bytes: Uint8Array): Uint8Array | undefined {
    try {
      return this.#in.next().decrypt(bytes)
    } catch {
      return undefined
    }
  }
}
