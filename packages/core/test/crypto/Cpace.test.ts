// The key exchange of a pairing against the vectors of its draft: draft-irtf-cfrg-cpace, testvectors.json, suite
// G_Coffee25519 (CPACE-RISTR255-SHA512).
import { randomBytes } from "node:crypto"
import { describe, expect, it } from "vitest"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as Cpace from "../../src/crypto/Cpace.ts"

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"))
const scalar = (text: string): bigint => BigInt(`0x${Bytes.toHex(bytes(text).toReversed())}`)

const vectors = {
  input: {
    secret: bytes("UGFzc3dvcmQ="),
    channel: bytes("b2MLQl9yZXNwb25kZXILQV9pbml0aWF0b3I="),
    session: bytes("fktHkdao7wGbk2x5+38sVw==")
  },
  generator: bytes("pvyCw7iWj7suBv7oHKhYWG3qUNJI8MfKahiwkCows2s="),
  scalarA: scalar("2j0jcAqeVpkliu+U3AYN/aXrth8Cpep3+tU/T/CXbQg="),
  a: { share: bytes("1A+yZaer6u55OdkaWF/ln3BT+YLCluxBPGJMZpMI+Ho="), associated: Bytes.utf8("ADa") },
  scalarB: scalar("0jFrRUcYw1Ni2D1p32Mg84V47VmEZRQ14pSXYtkAuA0="),
  b: { share: bytes("CLz26Xd6nDE6PbbapRDy05hAMxnCNBvVBqkuZy634wc="), associated: Bytes.utf8("ADb") },
  key: bytes("TFRpoWsjZMS5ROvBp55R0WdK1H2ybocYFU9Z+uv6pS2DRvMKpYN3EX6yDVJ/LLxcdjgff9Ny6J34I5+H8uAu0Q=="),
  invalid: bytes("KzxrjE84AOeu9oZAJbTteb1ZkRfkJ8Qb1H2T1lS0pRw=")
}

const { a, b, input } = vectors
const runA = Cpace.beginWith(vectors.scalarA, input)
const runB = Cpace.beginWith(vectors.scalarB, input)

describe("the vectors of the draft", () => {
  it("[PK-1] generator and shares", () => {
    expect(Cpace.beginWith(1n, input).share).toEqual(vectors.generator)
    expect(runA.share).toEqual(a.share)
    expect(runB.share).toEqual(b.share)
  })

  it("[PK-1] the key, on both sides", () => {
    expect(Cpace.finish(runA, b.share, a, b)).toEqual(vectors.key)
    expect(Cpace.finish(runB, a.share, a, b)).toEqual(vectors.key)
  })

  it("[PK-1] a share that is no element, and the neutral one, give no key", () => {
    expect(Cpace.finish(runA, vectors.invalid, a, b)).toBe(undefined)
    expect(Cpace.finish(runA, new Uint8Array(32), a, b)).toBe(undefined)
    expect(Cpace.finish(runA, new Uint8Array(31), a, b)).toBe(undefined)
  })

  it("[PK-1] what multiplies a valid element gives the element of the draft", () => {
    const factor = scalar("fNDgdfp5VbpSwCdZpskNu/wQ5tQK6o0oPkB9iM9TigU=")
    const run = { ...runA, scalar: factor }
    const element = bytes("LDxrjE84AOeu9oZAJbTteb1ZkRfkJ8Qb1H2T1lS0pRw=")
    // The product itself never leaves the file, so two runs that must share it are compared.
    const product = bytes("fBNkX+eQpGj2LDm+tziOVB2EBdGt5p0XeMX+Pn9rYA4=")
    expect(Cpace.finish(run, element, a, b)).toEqual(Cpace.finish({ ...runA, scalar: 1n }, product, a, b))
  })
})

describe("two sides", () => {
  const sides = (secretB: string) => {
    const of = (secret: string) => ({ ...input, secret: Bytes.utf8(secret) })
    const [first, second] = [Cpace.begin(randomBytes, of("12345678")), Cpace.begin(randomBytes, of(secretB))]
    const [told, heard] = [
      { share: first.share, associated: Bytes.utf8("laptop") },
      { share: second.share, associated: Bytes.utf8("phone") }
    ]
    const keys = [Cpace.finish(first, second.share, told, heard)!, Cpace.finish(second, first.share, told, heard)!]
    return { first, second, told, heard, keys }
  }

  it("[PK-2] come to one key by one secret, and to two by two", () => {
    const same = sides("12345678")
    expect(same.keys[0]).toEqual(same.keys[1])
    const other = sides("12345679")
    expect(other.keys[0]).not.toEqual(other.keys[1])
    expect(sides("12345678").keys[0]).not.toEqual(same.keys[0])
  })

  it("[PK-2] confirm the key and what each had said, and nothing else", () => {
    const { first, heard, keys, second, told } = sides("12345678")
    const proof = Cpace.tag(first, keys[0]!, told)
    expect(Cpace.isTag(second, keys[1]!, told, proof)).toBe(true)
    expect(Cpace.isTag(second, keys[1]!, heard, proof)).toBe(false)
    expect(Cpace.isTag(second, keys[1]!, { ...told, associated: Bytes.utf8("tablet") }, proof)).toBe(false)
    expect(Cpace.isTag(second, keys[1]!, told, proof.subarray(1))).toBe(false)
    expect(Cpace.isTag(second, keys[1]!, told, proof.with(63, proof[63]! ^ 1))).toBe(false)
  })

  it("[PK-2] give different keys for different purposes", () => {
    const { keys } = sides("12345678")
    expect(Cpace.deriveKey(keys[0]!, "one", 32)).toEqual(Cpace.deriveKey(keys[1]!, "one", 32))
    expect(Cpace.deriveKey(keys[0]!, "one", 32)).not.toEqual(Cpace.deriveKey(keys[0]!, "other", 32))
  })
})
