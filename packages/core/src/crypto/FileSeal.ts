/**
 * Sealing whole files for devices, so that where they lie is told nothing: the format of age (age-encryption.org/v1), whose own
 * program opens them with a device's key, too. A device's X25519 key is that of its Ed25519 key (the birational map of RFC 7748,
 * section 4.1). Who made a file it does not say; whoever reads one must know that from elsewhere.
 */
import { ed25519 } from "@noble/curves/ed25519.js"
import { bech32 } from "@scure/base"
import { Decrypter, Encrypter } from "age-encryption"
import { Context, Effect } from "effect"
import * as PeerId from "../identity/PeerId.ts"

/** Devices that one file is sealed for, at most; each takes about 100 bytes of it. */
export const readersMax = 256

export interface FileSealShape {
  /**
   * Seals bytes for 1 to `readersMax` devices; more are a defect of whoever calls. A device whose key is none is left out:
   * nobody has the other half of it.
   */
  readonly seal: (bytes: Uint8Array, readers: ReadonlyArray<PeerId.PeerId>) => Effect.Effect<Uint8Array>
  /** What a file holds; `undefined` when it is not sealed for this device, or damaged. */
  readonly open: (file: Uint8Array) => Effect.Effect<Uint8Array | undefined>
}

export class FileSeal extends Context.Service<FileSeal, FileSealShape>()("@syncline/core/crypto/FileSeal") {}

const recipientPrefix = "age"
const identityPrefix = "AGE-SECRET-KEY-"

/** A device as age names whom a file is for; `undefined` for a key that is none. */
export const recipientOf = (peer: PeerId.PeerId): string | undefined => {
  const key = PeerId.toPublicKey(peer)
  if (key === undefined) return undefined
  try {
    if (ed25519.Point.fromBytes(key).isSmallOrder()) return undefined
    return bech32.encodeFromBytes(recipientPrefix, ed25519.utils.toMontgomery(key))
  } catch {
    return undefined
  }
}

/** The key of a device, from its Ed25519 seed, as age reads it from a file: a secret like the seed itself. */
export const identityOf = (seed: Uint8Array): string =>
  bech32.encodeFromBytes(identityPrefix, ed25519.utils.toMontgomerySecret(seed)).toUpperCase()

/** Seals and opens as a device, from its Ed25519 seed. */
export const ofSeed = (seed: Uint8Array): FileSealShape => {
  const identity = identityOf(seed)
  return {
    seal: (bytes, readers) =>
      Effect.promise(() => {
        if (readers.length > readersMax) throw new RangeError(`A file is sealed for ${readersMax} devices at most`)
        const encrypter = new Encrypter()
        for (const recipient of new Set(readers.map(recipientOf))) {
          if (recipient !== undefined) encrypter.addRecipient(recipient)
        }
        return encrypter.encrypt(bytes)
      }),
    open: (file) =>
      Effect.promise(async () => {
        const decrypter = new Decrypter()
        decrypter.addIdentity(identity)
        try {
          return await decrypter.decrypt(file)
        } catch {
          return undefined
        }
      })
  }
}
