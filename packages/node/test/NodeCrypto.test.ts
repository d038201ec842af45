import { describe, expect, it } from "vitest"
import { functions as compression } from "../src/NodeCompression.ts"
import { functions as crypto, isSoundKey, signerOf } from "../src/NodeCrypto.ts"

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"))
const fill = (first: string, middle: string, last: string): Uint8Array => bytes(first + middle.repeat(30) + last)

// Every encoding of a point of small order, canonical or not, with both signs of x.
const small = [
  fill("00", "00", "00"),
  fill("01", "00", "00"),
  bytes("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
  bytes("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
  fill("ec", "ff", "7f"),
  fill("ed", "ff", "7f"),
  fill("ee", "ff", "7f")
].flatMap((key) => {
  const negative = key.slice()
  negative[31] = negative[31]! | 0x80
  return [key, negative]
})

// R is the identity and S is zero: valid under a key of small order in the lax reading of RFC 8032.
const universal = bytes("01" + "00".repeat(63))

describe("NodeCrypto", () => {
  it("[NC-1] refuses every key of small order", () => {
    for (const key of small) {
      expect(isSoundKey(key)).toBe(false)
      for (let i = 0; i < 64; i++) expect(crypto.verify(key, Uint8Array.of(i), universal)).toBe(false)
    }
  })

  it("[NC-1] refuses keys that are not canonical, and no others", () => {
    for (let first = 0xed; first <= 0xff; first++) expect(isSoundKey(fill(first.toString(16), "ff", "7f"))).toBe(false)
    for (let seed = 0; seed < 32; seed++)
      expect(isSoundKey(signerOf(new Uint8Array(32).fill(seed)).publicKey)).toBe(true)
  })

  it("[NC-2] verifies what was signed and nothing else", () => {
    const signer = signerOf(new Uint8Array(32).fill(7))
    const message = Uint8Array.of(1, 2, 3)
    const signature = signer.sign(message)
    expect(signature.length).toBe(64)
    expect(crypto.verify(signer.publicKey, message, signature)).toBe(true)
    expect(crypto.verify(signer.publicKey, Uint8Array.of(1, 2, 4), signature)).toBe(false)
    for (let i = 0; i < 64; i++) {
      const damaged = signature.slice()
      damaged[i]! ^= 1
      expect(crypto.verify(signer.publicKey, message, damaged)).toBe(false)
    }
  })

  it("[NC-2] does not accept a signature whose S was raised by the group's order", () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const signer = signerOf(new Uint8Array(32).fill(9))
    const signature = signer.sign(Uint8Array.of(5))
    let s = order
    for (let i = 0; i < 32; i++) s += BigInt(signature[32 + i]!) << BigInt(8 * i)
    for (let i = 0; i < 32; i++) signature[32 + i] = Number((s >> BigInt(8 * i)) & 255n)
    expect(crypto.verify(signer.publicKey, Uint8Array.of(5), signature)).toBe(false)
  })

  it("[NC-2] answers malformed input with false", () => {
    const { publicKey, sign } = signerOf(new Uint8Array(32).fill(7))
    const signature = sign(Uint8Array.of(1))
    for (const length of [0, 1, 31, 33, 63]) {
      expect(crypto.verify(new Uint8Array(length).fill(9), Uint8Array.of(1), signature)).toBe(false)
      expect(crypto.verify(publicKey, Uint8Array.of(1), new Uint8Array(length))).toBe(false)
    }
    expect(crypto.verify(fill("02", "00", "00"), Uint8Array.of(1), signature)).toBe(false)
  })

  it("hashes as FIPS 180-4 says and gives plain byte arrays", () => {
    const hash = crypto.sha256(Buffer.from("abc"))
    expect(Buffer.from(hash).toString("hex")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    expect(Object.getPrototypeOf(hash)).toBe(Uint8Array.prototype)
    expect(crypto.randomBytes(16).length).toBe(16)
  })
})

describe("NodeCompression", () => {
  const text = new Uint8Array(Buffer.from("syncline ".repeat(5000)))

  it("[NC-3] gives back what was compressed", () => {
    const packed = compression.compress(text)
    expect(packed.length).toBeLessThan(text.length / 10)
    expect(compression.decompress(compression.method, packed, text.length)).toEqual(text)
    expect(compression.decompress(0, text, text.length)).toEqual(text)
  })

  it("[NC-3] stops at the bound", () => {
    const bomb = compression.compress(new Uint8Array(64 * 1024 * 1024))
    for (const bytesMax of [0, 1, 64, 1000, 1024 * 1024]) {
      expect(compression.decompress(1, bomb, bytesMax)).toBeUndefined()
    }
    expect(compression.decompress(1, compression.compress(text), text.length - 1)).toBeUndefined()
    expect(compression.decompress(0, text, text.length - 1)).toBeUndefined()
  })

  it("[NC-3] answers damage and unknown methods with nothing", () => {
    const packed = compression.compress(text)
    expect(compression.decompress(1, packed.subarray(0, packed.length - 3), text.length)).toBeUndefined()
    expect(compression.decompress(1, text, text.length)).toBeUndefined()
    expect(compression.decompress(1, new Uint8Array(0), text.length)).toBeUndefined()
    expect(compression.decompress(2, packed, text.length)).toBeUndefined()
  })
})
