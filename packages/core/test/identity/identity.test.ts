import { describe, expect, it } from "vitest"
import * as Author from "../../src/identity/Author.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as EntityId from "../../src/identity/EntityId.ts"
import * as HybridTime from "../../src/identity/HybridTime.ts"
import * as PeerId from "../../src/identity/PeerId.ts"
import { SeededRandom } from "../../src/testing/SeededRandom.ts"

// Well-known ids of libp2p's public bootstrap nodes and documentation: their form was not made by this code.
const libp2pIds = [
  "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA",
  "12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE"
]

describe("PeerId", () => {
  it("[ID-1] reads and writes the text form of libp2p", () => {
    for (const text of libp2pIds) {
      const key = PeerId.toPublicKey(text)
      expect(key?.length).toBe(32)
      expect(PeerId.fromPublicKey(key!)).toBe(text)
    }
  })

  it("[ID-1] refuses what is no Ed25519 peer id", () => {
    const wrong = [
      "",
      "12D3",
      libp2pIds[0]!.slice(1),
      `${libp2pIds[0]!}x`,
      "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
    ]
    for (const text of wrong) expect(PeerId.is(text)).toBe(false)
  })
})

describe("HybridTime", () => {
  it("[ID-2] sorts as text, carries its counter, and never goes back with the wall clock", () => {
    const first = HybridTime.make(1000, 65_535)
    expect(HybridTime.add(first, 1)).toBe(HybridTime.make(1001, 0))
    expect(HybridTime.add(first, 1) > first).toBe(true)
    expect(HybridTime.next(HybridTime.make(2000, 7), 1000)).toBe(HybridTime.make(2000, 8))
    expect(HybridTime.next(HybridTime.make(2000, 7), 3000)).toBe(HybridTime.make(3000, 0))
    expect(HybridTime.fromBytes(HybridTime.toBytes(first))).toBe(first)
  })
})

describe("ids", () => {
  it("[ID-3] takes 1 to 128 bytes of well-formed Unicode and nothing else", () => {
    expect(EntityId.problem("a")).toBeUndefined()
    expect(EntityId.problem("é".repeat(64))).toBeUndefined()
    for (const wrong of ["", "é".repeat(65), "\ud800", 5, null]) expect(EntityId.problem(wrong)).toBeDefined()
  })

  it("[ID-3] makes UUIDv7 that sort by time", () => {
    const random = new Uint8Array(10).fill(255)
    const early = EntityId.uuidV7(1_700_000_000_000, random)
    expect(early).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(EntityId.uuidV7(1_700_000_000_001, new Uint8Array(10)) > early).toBe(true)
  })

  it("[ID-4] an author is a device in one incarnation and survives its raw form", () => {
    const author = Author.make(libp2pIds[0] as PeerId.PeerId, "0011223344556677")
    expect(Author.fromBytes(Author.toBytes(author))).toBe(author)
    expect(Author.peer(author)).toBe(libp2pIds[0])
  })
})

describe("Bytes", () => {
  it("[ID-5] text forms give back every byte string", () => {
    const random = new SeededRandom(7)
    for (let i = 0; i < 500; i++) {
      const bytes = Uint8Array.from({ length: random.between(0, 60) }, () =>
        random.chance(0.2) ? 0 : random.between(0, 255)
      )
      expect(Bytes.fromHex(Bytes.toHex(bytes))).toEqual(bytes)
      expect(Bytes.fromBase58(Bytes.toBase58(bytes))).toEqual(bytes)
      expect(Bytes.toBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"))
    }
  })
})
