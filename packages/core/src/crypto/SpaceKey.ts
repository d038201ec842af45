/**
 * The key of a sealed space, of which there is one after another, and what is sealed under it: contents of commits, and
 * the key before. A key is named by a hash that fits no other key, so nobody can hand two of them out under one name.
 * Who has which key, and which is in force, is decided elsewhere.
 *
 * Sealing is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) under a key derived by HKDF-SHA256 (RFC 5869) for its one
 * purpose, with a random nonce: a restored or copied device may count the same numbers twice, and never draws them.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js"
import { hkdf } from "@noble/hashes/hkdf.js"
import { sha256 } from "@noble/hashes/sha2.js"
import type { Brand } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import type { CryptoFunctions } from "./Crypto.ts"

/** Length of a key in bytes. */
export const spaceKeyBytes = 32
/** Length of what a charter names a key by: SHA-256 of it. */
export const commitmentBytes = 32
/** Length of what a commit names a key by: the first bytes of the same. */
export const keyIdBytes = 16
/** Length of a key wrapped for one device: who it is for, the encapsulation and the sealed key; see `KeyWrap`. */
export const wrapBytes = 8 + 32 + 48
const nonceBytes = 24
const tagBytes = 16
/** What sealing adds to the length. */
export const sealOverheadBytes = nonceBytes + tagBytes

/** 32 hexadecimal digits. */
export type KeyId = string & Brand.Brand<"KeyId">

/** A key with its names. Its bytes never leave the device but sealed for another one. */
export interface SpaceKey {
  readonly id: KeyId
  readonly space: SpaceId.SpaceId
  readonly commitment: Uint8Array
  readonly secret: Uint8Array
}

const commitmentDomain = Bytes.utf8("syncline/space-key/v1")

/** The key of these bytes in a space. The caller has checked that there are `spaceKeyBytes`. */
export const of = (space: SpaceId.SpaceId, secret: Uint8Array): SpaceKey => {
  const commitment = sha256(Bytes.concat(commitmentDomain, SpaceId.toBytes(space), secret))
  return { id: idOf(commitment), space, commitment, secret: Bytes.copy(secret) }
}

/** A new key. */
export const draw = (crypto: Pick<CryptoFunctions, "randomBytes">, space: SpaceId.SpaceId): SpaceKey =>
  of(space, crypto.randomBytes(spaceKeyBytes))

/** The id of a key from its commitment, or from the id's own bytes. */
export const idOf = (commitment: Uint8Array): KeyId => Bytes.toHex(commitment.subarray(0, keyIdBytes)) as KeyId

/** What a sealed thing is; each has a key of its own. */
export type Purpose = "contents" | "key-before"

// Deriving costs more than sealing a small commit, and the same few keys come again with every commit.
const derived = new WeakMap<SpaceKey, Map<Purpose, Uint8Array>>()

const keyFor = (key: SpaceKey, purpose: Purpose): Uint8Array => {
  let known = derived.get(key)
  if (known === undefined) derived.set(key, (known = new Map()))
  let bytes = known.get(purpose)
  if (bytes === undefined) {
    const info = Bytes.utf8(`syncline/sealed/v1/${purpose}`)
    bytes = hkdf(sha256, key.secret, SpaceId.toBytes(key.space), info, spaceKeyBytes)
    known.set(purpose, bytes)
  }
  return bytes
}

/** Seals bytes, bound to `context`, which is not part of the result. */
export const seal = (
  crypto: Pick<CryptoFunctions, "randomBytes">,
  key: SpaceKey,
  purpose: Purpose,
  context: Uint8Array,
  bytes: Uint8Array
): Uint8Array => {
  const nonce = crypto.randomBytes(nonceBytes)
  return Bytes.concat(nonce, xchacha20poly1305(keyFor(key, purpose), nonce, context).encrypt(bytes))
}

/** The bytes, or `undefined` for what was not sealed so. */
export const open = (
  key: SpaceKey,
  purpose: Purpose,
  context: Uint8Array,
  sealed: Uint8Array
): Uint8Array | undefined => {
  if (sealed.length < sealOverheadBytes) return undefined
  const nonce = sealed.subarray(0, nonceBytes)
  try {
    return xchacha20poly1305(keyFor(key, purpose), nonce, context).decrypt(sealed.subarray(nonceBytes))
  } catch {
    return undefined
  }
}

/** The key before another one, sealed so that whoever has the later one has the earlier one too. */
export const sealBefore = (
  crypto: Pick<CryptoFunctions, "randomBytes">,
  later: SpaceKey,
  before: SpaceKey
): Uint8Array => seal(crypto, later, "key-before", before.commitment, before.secret)

/** The key before another one, as its commitment names it; `undefined` for what is none. */
export const openBefore = (later: SpaceKey, commitment: Uint8Array, sealed: Uint8Array): SpaceKey | undefined => {
  const secret = open(later, "key-before", commitment, sealed)
  return secret === undefined ? undefined : checked(later.space, commitment, secret)
}

/** The key of these bytes where it is the one that the commitment names. */
export const checked = (space: SpaceId.SpaceId, commitment: Uint8Array, secret: Uint8Array): SpaceKey | undefined => {
  if (secret.length !== spaceKeyBytes) return undefined
  const key = of(space, secret)
  return Bytes.equals(key.commitment, commitment) ? key : undefined
}

/** Length of a sealed key in bytes. */
export const sealedKeyBytes = spaceKeyBytes + sealOverheadBytes
