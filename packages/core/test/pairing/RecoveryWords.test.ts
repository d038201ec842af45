import { describe, expect, it } from "vitest"
import * as RecoveryWords from "../../src/pairing/RecoveryWords.ts"
import * as Bytes from "../../src/identity/Bytes.ts"
import { functions } from "../journal/nodeCrypto.ts"

// From the vectors of BIP 39 (trezor/python-mnemonic, vectors.json).
const zeros = `${"abandon ".repeat(23)}art`
const sevens =
  "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner " +
  "thank year wave sausage worth title"

describe("a key on paper", () => {
  it("[PW-1] 24 words stand for 32 bytes, as BIP 39 has them", () => {
    expect(RecoveryWords.toWords(new Uint8Array(32))).toBe(zeros)
    expect(RecoveryWords.toWords(new Uint8Array(32).fill(0x7f))).toBe(sevens)
    for (let i = 0; i < 100; i++) {
      const seed = functions.randomBytes(32)
      expect(RecoveryWords.fromWords(RecoveryWords.toWords(seed))).toEqual(seed)
    }
  })

  it("[PW-1] how they were typed does not matter", () => {
    expect(RecoveryWords.fromWords(`  ${sevens.toUpperCase().replaceAll(" ", ",\n ")} `)).toEqual(
      new Uint8Array(32).fill(0x7f)
    )
  })

  it("[PW-2] what is wrong is said without repeating the words that are right", () => {
    const words = sevens.split(" ")
    expect(RecoveryWords.fromWords(words.with(4, "wavy").join(" "))).toBe("word 5 is none of the list")
    expect(RecoveryWords.fromWords(words.slice(1).join(" "))).toBe("a recovery key has 24 words, not 23")
    expect(RecoveryWords.fromWords("")).toBe("a recovery key has 24 words, not 0")
    const swapped = words.with(0, words[1]!).with(1, words[0]!).join(" ")
    expect(RecoveryWords.fromWords(swapped)).toBe("the words are of the list, but not these or not in this order")
    expect(Bytes.toHex(RecoveryWords.fromWords(zeros) as Uint8Array)).toBe("00".repeat(32))
  })
})
