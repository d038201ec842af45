// Codes as people carry them: in every form, with what goes wrong on the way.
import { randomBytes } from "node:crypto"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as PairingCode from "../../src/pairing/PairingCode.ts"

const code = (slot = 482, digits = "12345678") => PairingCode.ofDigits(slot, digits)
const read = (text: string) => Result.getOrThrow(PairingCode.parse(text))
const problem = (text: string): string => Result.getOrThrow(Result.flip(PairingCode.parse(text))).problem

describe("a code of twelve digits", () => {
  it("[PC-1] is three of the slot, eight secret ones and a check digit, in fours", () => {
    const text = PairingCode.toText(code())
    expect(text).toMatch(/^4821-2345-678\d$/)
    expect(read(text)).toEqual({ code: code(), hub: undefined })
    expect(read(PairingCode.toText(code(7, "00000000"))).code.slot).toBe(7)
  })

  it("[PC-1] is read however it was written down", () => {
    const digits = PairingCode.toText(code()).replaceAll("-", "")
    const spaced = digits.replace(/(....)(....)(....)/, " $1 $2  $3\n")
    const wide = digits
      .split("")
      .map((digit) => String.fromCodePoint(0xff10 + Number(digit)))
      .join("")
    for (const text of [digits, spaced, wide, digits.replace(/(...)/g, "$1.")]) expect(read(text).code).toEqual(code())
  })

  it("[PC-2] tells every wrong digit and every two neighbours that were swapped before anything is sent", () => {
    const untold: Array<string> = []
    for (let round = 0; round < 100; round++) {
      const secret = PairingCode.randomDigits(randomBytes, PairingCode.secretDigits)
      const digits = PairingCode.toText(code(round * 10, secret)).replaceAll("-", "")
      for (let i = 0; i < digits.length; i++) {
        const swapped = replaced(replaced(digits, i, digits[i + 1] ?? digits[i]!), i + 1, digits[i]!).slice(0, 12)
        const typed = [..."0123456789".split("").map((wrong) => replaced(digits, i, wrong)), swapped]
        untold.push(...typed.filter((text) => text !== digits && Result.isSuccess(PairingCode.parse(text))))
      }
    }
    expect(untold).toEqual([])
  })

  it("[PC-2] says what is wrong with what is no code", () => {
    expect(problem("4821-2345")).toBe("it has 8 digits; a code has 12, or 6 without a hub")
    expect(problem("")).toContain("it has 0 digits")
    expect(problem("482")).toContain("it has 3 digits")
    expect(problem("4821-2345-67x9")).toContain("digits only")
    expect(problem("9".repeat(5_000))).toContain("more than 2048 characters")
    expect(problem("482123456780")).toContain("one of its digits is wrong")
  })
})

const replaced = (text: string, place: number, by: string): string => text.slice(0, place) + by + text.slice(place + 1)

describe("other forms", () => {
  it("[PC-3] four words carry the same code, and four letters of each are enough", () => {
    for (let round = 0; round < 200; round++) {
      const secret = PairingCode.randomDigits(randomBytes, PairingCode.secretDigits)
      const one = code(round * 5 + 4, secret)
      const words = PairingCode.toWords(one)
      expect(words.split("-").length).toBe(4)
      expect(read(words).code).toEqual(one)
      expect(read(words.toUpperCase().replaceAll("-", "  ")).code).toEqual(one)
      expect(
        read(
          words
            .split("-")
            .map((word) => word.slice(0, 4))
            .join(" ")
        ).code
      ).toEqual(one)
    }
    expect(PairingCode.toText(read(PairingCode.toWords(code(999, "99999999"))).code)).toMatch(/^9999-9999-999/)
  })

  it("[PC-3] words are told apart from words that are none", () => {
    expect(problem("abandon ability able")).toBe("it has 3 words; a code has four")
    expect(problem("abandon ability able syncline")).toContain('"syncline" is not among')
    expect(problem("zoo zoo zoo zoo")).toBe("these words are no code")
    expect(problem("abandon abandon abandon ability")).toContain("digits is wrong")
  })

  it("[PC-4] six digits are a code without a slot", () => {
    const short = PairingCode.ofDigits(undefined, "123456")
    expect(PairingCode.toText(short)).toBe("123-456")
    expect(read("123 456")).toEqual({ code: short, hub: undefined })
  })

  it("[PC-5] a link carries a secret of 128 bits, the slot and the hub", () => {
    const secret = new Uint8Array(randomBytes(PairingCode.linkSecretBytes))
    const link = { code: { slot: 7, kind: "link", secret } as const, hub: "https://hub.example:8443/a?b=c&d" }
    expect(read(PairingCode.toLink(link))).toEqual(link)
    const direct = { code: { slot: undefined, kind: "link", secret } as const, hub: undefined }
    expect(read(PairingCode.toLink(direct))).toEqual(direct)
    const text = PairingCode.toLink(link)
    expect(problem(text.replace("v=1", "v=2"))).toContain("later version")
    expect(problem(text.replace(Bytes.toHex(secret), "00"))).toContain("lost a part")
    expect(problem(text.replace("slot=7", "slot=7777"))).toContain("lost a part")
    expect(problem("syncline:join?v=1")).toContain("not one that pairs")
  })

  it("[PC-7] the slot is no part of the secret", () => {
    const secretIn = (text: string): string => Bytes.toHex(read(text).code.secret)
    const bytes = new Uint8Array(randomBytes(PairingCode.linkSecretBytes))
    for (const slot of [0, 1, 999]) {
      const code = PairingCode.ofDigits(slot, "12345678")
      for (const text of [PairingCode.toText(code), PairingCode.toWords(code)]) {
        expect(secretIn(text)).toBe(Bytes.toHex(Bytes.utf8("12345678")))
      }
      const link = PairingCode.toLink({ code: { slot, kind: "link", secret: bytes }, hub: "https://hub.example" })
      expect(secretIn(link)).toBe(Bytes.toHex(bytes))
    }
  })

  it("[PC-6] digits are equally likely", () => {
    const counts = Array.from({ length: 10 }, () => 0)
    for (const digit of PairingCode.randomDigits(randomBytes, 100_000)) counts[Number(digit)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(600)
    // Bytes that would favour small digits are passed over.
    let calls = 0
    const skewed = (length: number): Uint8Array => new Uint8Array(length).fill(calls++ === 0 ? 255 : 7)
    expect(PairingCode.randomDigits(skewed, 4)).toBe("7777")
  })
})
