/**
 * Hashing, verification and randomness on node:crypto, and the making of signers from a 32-byte seed. It holds no
 * private key beyond the signer that it hands out and does no I/O. Keys that RFC 8032's strict reading refuses
 * (small order, not canonical) are refused here by name, so that an OpenSSL that accepts one cannot split replicas.
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes, sign, verify } from "node:crypto"
import { Crypto, PeerId } from "@syncline/core"
import { Layer } from "effect"

const hashBytes = 32

/** Length of an Ed25519 seed in bytes (RFC 8032, section 5.1.5). */
export const seedBytes = 32

// DER of an Ed25519 key up to its 32 bytes: SubjectPublicKeyInfo and PKCS #8 (RFC 8410, sections 4 and 7).
const publicKeyPrefix = Buffer.from("302a300506032b6570032100", "hex")
const privateKeyPrefix = Buffer.from("302e020100300506032b657004220420", "hex")

/**
 * The y coordinates of the eight points of small order; the sign bit of x is left out. The two encodings of them
 * that are not canonical are caught by `isCanonical`. Source: Chalkias et al., "Taming the many EdDSAs", table 6.
 */
const smallOrder = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
])

/** True when y is below the field prime 2^255 - 19. */
const isCanonical = (key: Uint8Array): boolean => {
  if ((key[31]! & 0x7f) !== 0x7f || key[0]! < 0xed) return true
  for (let i = 1; i < 31; i++) if (key[i] !== 0xff) return true
  return false
}

/** True for a public key that may sign: 32 bytes, canonical, not of small order. */
export const isSoundKey = (key: Uint8Array): boolean => {
  if (key.length !== PeerId.publicKeyBytes || !isCanonical(key)) return false
  const y = Buffer.from(key)
  y[31] = y[31]! & 0x7f
  return !smallOrder.has(y.toString("hex"))
}

// Importing a key costs a third of a verification, and the same authors come again with every commit.
/** Public keys that are kept imported; when it is full the cache starts over. */
export const cachedKeysMax = 4096
const keyCache = new Map<string, KeyObject>()

/** Public keys that are kept imported now. */
export const cachedKeys = (): number => keyCache.size

const importKey = (publicKey: Uint8Array): KeyObject | undefined => {
  const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString("latin1")
  const known = keyCache.get(name)
  if (known !== undefined) return known
  if (!isSoundKey(publicKey)) return undefined
  const key = createPublicKey({ key: Buffer.concat([publicKeyPrefix, publicKey]), format: "der", type: "spki" })
  if (keyCache.size >= cachedKeysMax) keyCache.clear()
  keyCache.set(name, key)
  return key
}

// Node's `Buffer` slices without copying; the engine counts on the copying `slice` of plain byte arrays.
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)

/** The functions behind core's Crypto port. */
export const functions: Crypto.CryptoFunctions = {
  sha256: (bytes) => {
    // A short text is made in half the time of a `Buffer`, which brings memory of its own outside the heap.
    const text = hash("sha256", bytes, "binary")
    const digest = new Uint8Array(hashBytes)
    for (let i = 0; i < hashBytes; i++) digest[i] = text.charCodeAt(i)
    return digest
  },
  verify: (publicKey, message, signature) => {
    try {
      const key = importKey(publicKey)
      return key !== undefined && verify(null, message, key, signature)
    } catch {
      return false
    }
  },
  randomBytes: (length) => new Uint8Array(randomBytes(length))
}

/** The signer of a seed. The caller has checked that the seed has 32 bytes. */
export const signerOf = (seed: Uint8Array): Crypto.Signer => {
  const key = createPrivateKey({ key: Buffer.concat([privateKeyPrefix, seed]), format: "der", type: "pkcs8" })
  const spki = createPublicKey(key).export({ format: "der", type: "spki" })
  return {
    publicKey: new Uint8Array(spki.subarray(publicKeyPrefix.length)),
    sign: (message) => plain(sign(null, message, key))
  }
}

/** Core's Crypto service. */
export const layer = Layer.succeed(Crypto.Crypto, functions)
