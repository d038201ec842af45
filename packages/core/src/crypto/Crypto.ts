/**
 * The port to hashing, signing and randomness. `packages/node` implements it on node:crypto; the testing kit on a
 * seeded generator. Methods are plain functions because they run thousands of times inside one batch.
 */
import { Context } from "effect"

/** The functions behind the port; workers outside an Effect runtime use this shape directly. */
export interface CryptoFunctions {
  /** SHA-256 (FIPS 180-4), 32 bytes. */
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  /**
   * Ed25519 verification with the strict rules of node:crypto (no small-order key passes). All replicas must agree
   * on what is valid, so every implementation for real use follows the same rules. Never throws.
   */
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
  /** Unpredictable bytes; `length` from 1 to 65536. */
  readonly randomBytes: (length: number) => Uint8Array
}

/** Makes 64-byte Ed25519 signatures with one private key that it never shows. */
export interface Signer {
  readonly publicKey: Uint8Array
  readonly sign: (message: Uint8Array) => Uint8Array
}

/** Length of a signature in bytes (RFC 8032). */
export const signatureBytes = 64

export class Crypto extends Context.Service<Crypto, CryptoFunctions>()("@syncline/core/crypto/Crypto") {}
