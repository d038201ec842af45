/**
 * A space's key wrapped for single devices, so that each can open its own and nobody else any: HPKE in base mode (RFC 9180)
 * with X25519, HKDF-SHA256 and AES-256-GCM. A device's X25519 key is that of its Ed25519 key (the birational map of RFC 7748,
 * section 4.1). Who signs wraps, and who is given one, is the charter's business.
 */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core"
import { ed25519 } from "@noble/curves/ed25519.js"
import { sha256 } from "@noble/hashes/sha2.js"
import { Context, Effect } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import * as SpaceId from "../identity/SpaceId.ts"
import * as SpaceKey from "./SpaceKey.ts"

const tagBytes = 8
const encapsulationBytes = 32

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

const tagDomain = Bytes.utf8("syncline/key-wrap-for/v1")
const infoDomain = Bytes.utf8("syncline/key-wrap/v1")

/** By what a device finds its wrap among others: 16 hexadecimal digits. */
export const tagOf = (device: Uint8Array): string =>
  Bytes.toHex(sha256(Bytes.concat(tagDomain, device)).subarray(0, tagBytes))

/** Who each wrap of a list is for. */
export const tagsIn = (wraps: Uint8Array): ReadonlyArray<string> =>
  Array.from({ length: Math.floor(wraps.length / SpaceKey.wrapBytes) }, (_, i) =>
    Bytes.toHex(wraps.subarray(i * SpaceKey.wrapBytes, i * SpaceKey.wrapBytes + tagBytes))
  )

const infoOf = (space: SpaceId.SpaceId, commitment: Uint8Array): Uint8Array =>
  Bytes.concat(infoDomain, SpaceId.toBytes(space), commitment)

/** WebCrypto wants a buffer of its own. */
const buffer = (bytes: Uint8Array): ArrayBuffer => Bytes.copy(bytes).buffer as ArrayBuffer

/** The key for each of the devices, named by their Ed25519 keys; one wrap takes about half a millisecond. */
export const wrap = (key: SpaceKey.SpaceKey, devices: ReadonlyArray<Uint8Array>): Effect.Effect<Uint8Array> =>
  Effect.map(
    Effect.forEach(devices, (device) => Effect.promise(() => wrapOne(key, device))),
    (wraps) => Bytes.concat(...wraps)
  )

const wrapOne = async (key: SpaceKey.SpaceKey, device: Uint8Array): Promise<Uint8Array> => {
  const made = new Uint8Array(SpaceKey.wrapBytes)
  made.set(Bytes.fromHex(tagOf(device))!)
  const point = montgomeryOf(device)
  // Nobody has the other half of what is no key, or of a point that leads nowhere; it counts as given, or it would be due for ever.
  if (point === undefined) return made
  const recipientPublicKey = await suite.kem.deserializePublicKey(buffer(point))
  const info = infoOf(key.space, key.commitment)
  const { ct, enc } = await suite.seal({ recipientPublicKey, info }, buffer(key.secret), device)
  made.set(new Uint8Array(enc), tagBytes)
  made.set(new Uint8Array(ct), tagBytes + encapsulationBytes)
  return made
}

const montgomeryOf = (device: Uint8Array): Uint8Array | undefined => {
  try {
    const point = ed25519.Point.fromBytes(device)
    return point.isSmallOrder() ? undefined : ed25519.utils.toMontgomery(device)
  } catch {
    return undefined
  }
}

/** Opens what was wrapped for one device. It never shows the device's key. */
export interface KeyOpener {
  /** The key of a commitment, where one of the wraps is for this device and holds it. */
  readonly open: (
    space: SpaceId.SpaceId,
    commitment: Uint8Array,
    wraps: ReadonlyArray<Uint8Array>
  ) => Effect.Effect<SpaceKey.SpaceKey | undefined>
  /** True where one of the wraps says that it is for this device. */
  readonly isNamed: (wraps: ReadonlyArray<Uint8Array>) => boolean
}

/** What opens the keys that this device is given. */
export class DeviceKeyOpener extends Context.Service<DeviceKeyOpener, KeyOpener>()(
  "@syncline/core/crypto/DeviceKeyOpener"
) {}

/** The opener of a device, from its Ed25519 seed. */
export const openerOf = (seed: Uint8Array): KeyOpener => {
  const device = ed25519.getPublicKey(seed)
  const secret = ed25519.utils.toMontgomerySecret(seed)
  const tag = Bytes.fromHex(tagOf(device))!
  return {
    isNamed: (wraps) => wraps.some((list) => wrapsFor(list, tag).length > 0),
    open: (space, commitment, wraps) =>
      Effect.promise(async () => {
        const recipientKey = await suite.kem.deserializePrivateKey(buffer(secret))
        for (const one of wraps.flatMap((list) => wrapsFor(list, tag))) {
          const bytes = await openOne(recipientKey, infoOf(space, commitment), device, one)
          const key = bytes === undefined ? undefined : SpaceKey.checked(space, commitment, bytes)
          if (key !== undefined) return key
        }
        return undefined
      })
  }
}

const wrapsFor = (wraps: Uint8Array, tag: Uint8Array): ReadonlyArray<Uint8Array> => {
  const found: Array<Uint8Array> = []
  for (let at = 0; at + SpaceKey.wrapBytes <= wraps.length; at += SpaceKey.wrapBytes) {
    const each = wraps.subarray(at, at + SpaceKey.wrapBytes)
    if (Bytes.equals(each.subarray(0, tagBytes), tag)) found.push(each.subarray(tagBytes))
  }
  return found
}

type PrivateKey = Awaited<ReturnType<typeof suite.kem.deserializePrivateKey>>

const openOne = async (
  recipientKey: PrivateKey,
  info: Uint8Array,
  device: Uint8Array,
  one: Uint8Array
): Promise<Uint8Array | undefined> => {
  const enc = buffer(one.subarray(0, encapsulationBytes))
  try {
    return new Uint8Array(
      await suite.open({ recipientKey, enc, info }, buffer(one.subarray(encapsulationBytes)), device)
    )
  } catch {
    // Not for this device after all, or damaged: as if there were none.
    return undefined
  }
}
