import { describe, expect, it } from "vitest"
import { KeyRing, keysMax, noKeys } from "../../src/crypto/KeyRing.ts"
import * as SpaceKey from "../../src/crypto/SpaceKey.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import type { SpaceId } from "../../src/identity/SpaceId.ts"
import * as MessagePack from "../../src/model/MessagePack.ts"
import * as SealedContents from "../../src/model/SealedContents.ts"
import { compression, crypto } from "../nodeCrypto.ts"

const space = "00112233445566778899aabbccddeeff" as SpaceId
const other = "ffeeddccbbaa99887766554433221100" as SpaceId
const secretOf = (number: number) => new Uint8Array(SpaceKey.spaceKeyBytes).fill(number)
const key = SpaceKey.of(space, secretOf(1))
const context = Bytes.utf8("beside this")
const text = Bytes.utf8("nobody but us reads this")

/** Counts up instead of drawing, for bytes that stay the same. */
const counting = { randomBytes: (length: number) => Uint8Array.from({ length }, (_, i) => i) }

describe("sealing", () => {
  it("[SK-1] opens under its key, for its purpose and beside what it was bound to, and nowhere else", () => {
    const sealed = SpaceKey.seal(crypto, key, "contents", context, text)
    expect(SpaceKey.open(key, "contents", context, sealed)).toEqual(text)
    expect(SpaceKey.open(SpaceKey.of(space, secretOf(2)), "contents", context, sealed)).toBeUndefined()
    expect(SpaceKey.open(SpaceKey.of(other, secretOf(1)), "contents", context, sealed)).toBeUndefined()
    expect(SpaceKey.open(key, "key-before", context, sealed)).toBeUndefined()
    expect(SpaceKey.open(key, "contents", Bytes.utf8("beside that"), sealed)).toBeUndefined()
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const changed = Bytes.copy(sealed)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(SpaceKey.open(key, "contents", context, changed)).toBeUndefined()
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(SpaceKey.open(key, "contents", context, sealed.subarray(0, length))).toBeUndefined()
    }
  })

  it("[SK-1] draws another nonce each time", () => {
    const seals = Array.from({ length: 100 }, () => Bytes.toHex(SpaceKey.seal(crypto, key, "contents", context, text)))
    expect(new Set(seals).size).toBe(100)
  })

  it("[SK-2] names a key so that no other bytes, and no other space, fit the name", () => {
    expect(SpaceKey.checked(space, key.commitment, key.secret)).toMatchObject({ id: key.id })
    expect(SpaceKey.checked(space, key.commitment, secretOf(2))).toBeUndefined()
    expect(SpaceKey.checked(other, key.commitment, key.secret)).toBeUndefined()
    expect(SpaceKey.checked(space, key.commitment, key.secret.subarray(1))).toBeUndefined()
    expect(key.id).toBe(Bytes.toHex(key.commitment.subarray(0, SpaceKey.keyIdBytes)))
  })

  it("[SK-2] leads from a later key to the one before, and not back", () => {
    const later = SpaceKey.draw(crypto, space)
    const sealed = SpaceKey.sealBefore(crypto, later, key)
    expect(sealed.length).toBe(SpaceKey.sealedKeyBytes)
    expect(SpaceKey.openBefore(later, key.commitment, sealed)).toMatchObject({ id: key.id, secret: key.secret })
    expect(SpaceKey.openBefore(key, key.commitment, sealed)).toBeUndefined()
    expect(SpaceKey.openBefore(later, later.commitment, sealed)).toBeUndefined()
  })

  it("[SK-5] makes and reads the bytes of version 1", () => {
    expect(Bytes.toHex(key.commitment)).toBe(goldenCommitment)
    expect(Bytes.toHex(SpaceKey.seal(counting, key, "contents", context, text))).toBe(goldenSeal)
    expect(SpaceKey.open(key, "contents", context, Bytes.fromHex(goldenSeal)!)).toEqual(text)
  })
})

const goldenCommitment = "def47f725c287c134949a368c1c6c9fe6a8b95dd526e40335388cdea2ea3b80a"
const goldenSeal =
  "000102030405060708090a0b0c0d0e0f10111213141516172a35711126170427a6a816333c51a5ddca19aacfcf81d0379ef59dccb260a9b2ccf711cfbab52985"

describe("a key ring", () => {
  it("[SK-3] finds what it holds and says what seals", () => {
    const ring = new KeyRing(space)
    expect([ring.sealing, ring.size, ring.held]).toEqual(["none", 0, noKeys])
    const second = SpaceKey.of(space, secretOf(2))
    ring.hold({ keys: [secretOf(1), secretOf(2)], sealing: second.id })
    expect(ring.find(key.id)?.secret).toEqual(key.secret)
    expect(ring.sealing).toMatchObject({ id: second.id })
    ring.hold({ keys: [secretOf(1)], sealing: second.id })
    expect([ring.sealing, ring.find(second.id), ring.size]).toEqual(["lacking", undefined, 1])
    ring.hold({ keys: [secretOf(1)], sealing: "none" })
    expect(ring.sealing).toBe("none")
  })

  it("[SK-3] holds a bounded number, the newest", () => {
    const keys = Array.from({ length: keysMax + 1 }, (_, i) => {
      const secret = secretOf(0)
      new DataView(secret.buffer).setUint32(0, i)
      return secret
    })
    const ring = new KeyRing(space, { keys, sealing: "lacking" })
    expect(ring.size).toBe(keysMax)
    expect(ring.find(SpaceKey.of(space, keys[0]!).id)).toBeUndefined()
    expect(ring.find(SpaceKey.of(space, keys.at(-1)!).id)).toBeDefined()
  })
})

describe("sealed contents", () => {
  it("[SK-4] have few lengths, a little above their own", () => {
    const lengths = new Set<number>()
    for (let length = 0; length <= 300_000; length += 7) {
      const padded = SealedContents.paddedLength(length)
      expect(padded).toBeGreaterThanOrEqual(length)
      expect(padded).toBeLessThanOrEqual(Math.max(length, Math.ceil(length * 1.12)))
      lengths.add(padded)
    }
    expect(lengths.size).toBeLessThan(400)
    const same = [1100, 1110].map(
      (chars) => SealedContents.seal(crypto, compression, key, context, [MessagePack.pack(random(chars))]).bytes.length
    )
    expect(same[0]).toBe(same[1])
  })

  it("[SK-4] come back as they were, small and large, and no others open", () => {
    const some = MessagePack.pack({ s: { text: "x" } })
    for (const contents of [[], [null], [some, null], [MessagePack.pack({ s: { text: random(60_000) } })]]) {
      const { bytes, size } = SealedContents.seal(crypto, compression, key, context, contents)
      expect(bytes.length).toBeLessThanOrEqual(SealedContents.sealedBytesMax)
      expect(SealedContents.open(compression, key, context, bytes, size)).toEqual(contents)
    }
    const { bytes: large, size: largeSize } = SealedContents.seal(crypto, compression, key, context, [
      MessagePack.pack("x".repeat(10_000))
    ])
    expect(SealedContents.open(compression, key, context, large, largeSize - 1_000)).toBeUndefined()
    const lies: ReadonlyArray<Uint8Array> = [
      new Uint8Array(3),
      new Uint8Array([0, 0, 0, 0, 9, 0, 0, 0, 1, 0x90]),
      new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0, 9, 0x90]),
      new Uint8Array([1, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0x90]),
      new Uint8Array([0, 0, 0, 0, 2, 0, 0, 0, 2, 0x91, 0x07]),
      new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0, 1, 0x07])
    ]
    for (const lie of lies) {
      const sealed = SpaceKey.seal(crypto, key, "contents", context, lie)
      expect(SealedContents.open(compression, key, context, sealed)).toBeUndefined()
    }
    const later = SpaceKey.seal(crypto, key, "contents", context, new Uint8Array([9, 0, 0, 0, 1, 0, 0, 0, 1, 0x90]))
    expect(SealedContents.open(compression, key, context, later)).toBe(SealedContents.newer)
  })
})

/** A text that does not shrink much. */
const random = (length: number): string => Bytes.toHex(crypto.randomBytes(length / 2))
