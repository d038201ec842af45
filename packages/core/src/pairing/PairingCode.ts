/**
 * Codes that people carry from one device to another: twelve digits, the same in four words, six digits for devices in
 * one network, and a link for a QR picture. The slot says where the two sides meet and is no secret; only the secret
 * goes into the key exchange. Typing errors are told before anything is sent, as each run costs an attempt.
 */
import { wordlist } from "@scure/bip39/wordlists/english.js"
import { Result } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import { PairingCodeInvalid } from "./PairingError.ts"

/** Slots at a meeting place: three digits. */
export const slotsMax = 1_000
/** Digits of a code's secret; 3 attempts at it succeed once in 33 million codes. */
export const secretDigits = 8
/** Digits of a code without a slot, for which there is one attempt. */
export const shortDigits = 6
/** Length of the secret in a link, in bytes. */
export const linkSecretBytes = 16

/** What one side types, or takes from a picture. */
export interface PairingCode {
  /** Where to meet; `undefined` for devices that reach each other directly. */
  readonly slot: number | undefined
  /** How the secret was carried; the kinds are guessed at apart. */
  readonly kind: "digits" | "link"
  readonly secret: Uint8Array
}

/** A code and where its hub is, as a link carries it. */
export interface PairingLink {
  readonly code: PairingCode
  readonly hub: string | undefined
}

/** So many decimal digits, each as likely as any other. */
export const randomDigits = (randomBytes: (length: number) => Uint8Array, count: number): string => {
  let digits = ""
  while (digits.length < count) {
    // 250 is the largest multiple of ten in a byte; what lies above would make small digits likelier.
    for (const byte of randomBytes(count)) if (byte < 250 && digits.length < count) digits += String(byte % 10)
  }
  return digits
}

/** The code of secret digits: eight with a slot, six without. */
export const ofDigits = (slot: number | undefined, digits: string): PairingCode => ({
  slot,
  kind: "digits",
  secret: Bytes.utf8(digits)
})

const digitsOf = ({ secret }: PairingCode): string => new TextDecoder().decode(secret)

/** A code for people to read: 12 digits in fours, or 6 in threes. */
export const toText = (code: PairingCode): string => {
  const digits = digitsOf(code)
  if (code.slot === undefined) return inGroups(digits, 3)
  const body = String(code.slot).padStart(3, "0") + digits
  return inGroups(body + checkDigit(body), 4)
}

/** The same as four words of BIP 39's English list: the slot, then secret and check digit. */
export const toWords = (code: PairingCode): string => {
  const body = toText(code).replaceAll("-", "").slice(3)
  const number = Number(body)
  const places = [code.slot!, Math.floor(number / 2048 ** 2), Math.floor(number / 2048) % 2048, number % 2048]
  return places.map((place) => wordlist[place]!).join("-")
}

/** A link that carries a slot, a secret of 128 bits and the hub. */
export const toLink = ({ code, hub }: PairingLink): string => {
  const parameters = new URLSearchParams({ v: "1", secret: Bytes.toHex(code.secret) })
  if (code.slot !== undefined) parameters.set("slot", String(code.slot))
  if (hub !== undefined) parameters.set("hub", hub)
  return `syncline:pair?${parameters.toString()}`
}

type Parsed = Result.Result<PairingLink, PairingCodeInvalid>

/** What somebody typed or a picture held: digits, words or a link, with whatever stands between. */
export const parse = (text: string): Parsed => {
  const plain = text.normalize("NFKC").trim()
  if (plain.length > textCharsMax) return invalid(`it has more than ${textCharsMax} characters`)
  if (/^syncline:/i.test(plain)) return parseLink(plain)
  const parts = plain.toLowerCase().split(/[\s\-_.,]+/u)
  if (/^\p{L}/u.test(parts[0] ?? "")) return parseWords(parts.filter((part) => part !== ""))
  return parseDigits(parts.join(""))
}

/** Longest text that is looked at; a link to a hub with a long name fits. */
const textCharsMax = 2_048

const parseDigits = (digits: string): Parsed => {
  if (!/^[0-9]*$/.test(digits)) return invalid("a code has digits only, or is four words")
  if (digits.length === shortDigits) return Result.succeed({ code: ofDigits(undefined, digits), hub: undefined })
  if (digits.length !== 12) return invalid(`it has ${digits.length} digits; a code has 12, or 6 without a hub`)
  if (checkDigit(digits.slice(0, -1)) !== digits.at(-1))
    return invalid("one of its digits is wrong, or two were swapped")
  return Result.succeed({ code: ofDigits(Number(digits.slice(0, 3)), digits.slice(3, -1)), hub: undefined })
}

const parseWords = (words: ReadonlyArray<string>): Parsed => {
  if (words.length !== 4) return invalid(`it has ${words.length} words; a code has four`)
  const places: Array<number> = []
  for (const word of words) {
    // The first four letters tell all words of the list apart.
    const place = wordlist.findIndex((known) => known === word || (word.length >= 4 && known.startsWith(word)))
    if (place === -1) return invalid(`"${word}" is not among the words of codes`)
    places.push(place)
  }
  const [slot, high, middle, low] = places as [number, number, number, number]
  const number = (high * 2048 + middle) * 2048 + low
  if (slot >= slotsMax || number >= 10 ** (secretDigits + 1)) return invalid("these words are no code")
  return parseDigits(String(slot).padStart(3, "0") + String(number).padStart(secretDigits + 1, "0"))
}

const parseLink = (text: string): Parsed => {
  const [path, query = ""] = text.split("?")
  const parameters = new URLSearchParams(query)
  if (path!.toLowerCase() !== "syncline:pair") return invalid("this link is not one that pairs devices")
  if (parameters.get("v") !== "1") return invalid("a later version of this program has made this link")
  const secret = Bytes.fromHex(parameters.get("secret") ?? "")
  if (secret?.length !== linkSecretBytes) return invalid("the link has lost a part")
  const slot = parameters.get("slot")
  if (slot !== null && !/^[0-9]{1,3}$/.test(slot)) return invalid("the link has lost a part")
  const code: PairingCode = { slot: slot === null ? undefined : Number(slot), kind: "link", secret }
  return Result.succeed({ code, hub: parameters.get("hub") ?? undefined })
}

const invalid = (problem: string): Parsed => Result.fail(new PairingCodeInvalid({ problem }))

const inGroups = (digits: string, size: number): string => digits.match(new RegExp(`.{1,${size}}`, "g"))!.join("-")

/**
 * Damm's check digit, which finds every single wrong digit and every two neighbours that were swapped. Table: H. Michael
 * Damm, "Total anti-symmetrische Quasigruppen", Marburg 2004.
 */
const checkDigit = (digits: string): string => {
  let interim = 0
  for (const digit of digits) interim = Number(damm[interim]![Number(digit)])
  return String(interim)
}

const damm = [
  "0317598642",
  "7092154863",
  "4206871359",
  "1750983426",
  "6123045978",
  "3674209581",
  "5869720134",
  "8945362017",
  "9438617205",
  "2581436790"
]
