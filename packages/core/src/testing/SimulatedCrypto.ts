/**
 * Cryptography for simulations: real hashes, seeded randomness, and signatures that only the holder of a key can make
 * within one simulation but that cost a hash instead of a curve. Worth nothing outside a simulation.
 */
import type { CryptoFunctions, Signer } from "../crypto/Crypto.ts"
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
        return secret !== undefined && Bytes.equals(signature, this.#sign(secret, message))
      },
      randomBytes: (length) => Uint8Array.from({ length }, () => random.between(0, 255))
    }
  }

  /** A device with a fresh key. */
  makeDevice(random: SeededRandom): Signer & { readonly peer: PeerId.PeerId } {
    const secret = Uint8Array.from({ length: 32 }, () => random.between(0, 255))
    const publicKey = this.#sha256(Bytes.concat(Bytes.utf8("public"), secret))
    this.#secrets.set(Bytes.toHex(publicKey), secret)
    return { publicKey, peer: PeerId.fromPublicKey(publicKey), sign: (message) => this.#sign(secret, message) }
  }

  #sign(secret: Uint8Array, message: Uint8Array): Uint8Array {
    const first = this.#sha256(Bytes.concat(secret, message))
    return Bytes.concat(first, this.#sha256(Bytes.concat(first, secret)))
  }
}
