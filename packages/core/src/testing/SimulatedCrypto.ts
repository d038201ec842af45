/**
 * Cryptography for simulations: real hashes, seeded randomness, and signatures that differ for each key and message
 * but cost next to nothing. Nobody forges on purpose here, so they are worth nothing outside a simulation.
 */
import { type CryptoFunctions, signatureBytes, type Signer } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import type { SeededRandom } from "./SeededRandom.ts"

type Sha256 = (bytes: Uint8Array) => Uint8Array

export class SimulatedCrypto {
  readonly #sha256: Sha256
  readonly #secrets = new Map<string, Uint8Array>()

  constructor(sha256: Sha256) {
    this.#sha256 = sha256
  }

  /** The crypto functions of one node. */
  functions(random: SeededRandom): CryptoFunctions {
    return {
      sha256: this.#sha256,
      verify: (publicKey, message, signature) => {
        const secret = this.#secrets.get(Bytes.toHex(publicKey))
        return secret !== undefined && Bytes.equals(signature, sign(secret, message))
      },
      randomBytes: (length) => Uint8Array.from({ length }, () => random.between(0, 255))
    }
  }

  /** A device with a fresh key. */
  makeDevice(random: SeededRandom): Signer & { readonly peer: PeerId.PeerId } {
    const secret = Uint8Array.from({ length: 32 }, () => random.between(0, 255))
    const publicKey = this.#sha256(Bytes.concat(Bytes.utf8("public"), secret))
    this.#secrets.set(Bytes.toHex(publicKey), secret)
    return { publicKey, peer: PeerId.fromPublicKey(publicKey), sign: (message) => sign(secret, message) }
  }
}

/** 64 bytes out of a key and a message, by mixing. */
const sign = (secret: Uint8Array, message: Uint8Array): Uint8Array => {
  const words = new Uint32Array(signatureBytes / 4)
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  const mix = (byte: number): void => {
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(((b << 13) | (b >>> 19)) ^ byte, 0x85ebca6b) + 1
  }
  for (let i = 0; i < secret.length; i++) mix(secret[i]!)
  for (let i = 0; i < message.length; i++) mix(message[i]!)
  for (let i = 0; i < words.length; i++) {
    mix(secret[i]!)
    words[i] = a ^ b
  }
  return new Uint8Array(words.buffer)
}
