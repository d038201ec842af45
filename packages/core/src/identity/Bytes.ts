/**
 * Byte strings: text forms, comparison and joining, for code that may not use Node's `Buffer`.
 * It knows nothing of what the bytes mean, and it never allocates more than its result.
 */

const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))
const utf8Encoder = new TextEncoder()

/** UTF-8 bytes of a text. Lone surrogates become U+FFFD, as everywhere on the web. */
export const utf8 = (text: string): Uint8Array => {
  if (text.length > shortTextMax) return utf8Encoder.encode(text)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return utf8Encoder.encode(text)
    bytes[i] = code
  }
  return bytes
}

// Up to here a loop over ASCII is several times faster than a call of the encoder; most entity ids are shorter.
const shortTextMax = 48

/** Lower-case hexadecimal text, two digits per byte. */
export const toHex = (bytes: Uint8Array): string => {
  let text = ""
  for (let i = 0; i < bytes.length; i++) text += hexDigits[bytes[i]!]
  return text
}

/** The bytes of a lower-case hexadecimal text, or `undefined` when it is none. */
export const fromHex = (text: string): Uint8Array | undefined => {
  if (text.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = hexValue(text.charCodeAt(2 * i))
    const low = hexValue(text.charCodeAt(2 * i + 1))
    if (high < 0 || low < 0) return undefined
    bytes[i] = 16 * high + low
  }
  return bytes
}

/** Of a lower-case digit's code; negative for any other. */
const hexValue = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1
}

const base64UrlDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** Base64 with the alphabet for addresses and file names (RFC 4648, section 5), without padding. */
export const toBase64Url = (bytes: Uint8Array): string => {
  let text = ""
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const digits = Math.min(bytes.length - i, 3) + 1
    for (let digit = 0; digit < digits; digit++) text += base64UrlDigits[(three >> (18 - 6 * digit)) & 63]
  }
  return text
}

/** True when both hold the same bytes. Not constant-time: never for secrets. */
export const equals = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** One array with the parts in order. */
export const concat = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** A copy that shares no memory with a decoder's input buffer. */
export const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

/** Base58 with Bitcoin's alphabet, as libp2p writes peer ids (multibase `base58btc` without its prefix). */
export const toBase58 = (bytes: Uint8Array): string => {
  const digits: Array<number> = []
  let zeros = 0
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++
  for (let i = zeros; i < bytes.length; i++) {
    let carry = bytes[i]!
    for (let j = 0; j < digits.length; j++) {
      carry += digits[j]! << 8
      digits[j] = carry % 58
      carry = (carry / 58) | 0
    }
    while (carry > 0) {
      digits.push(carry % 58)
      carry = (carry / 58) | 0
    }
  }
  let text = "1".repeat(zeros)
  for (let i = digits.length - 1; i >= 0; i--) text += base58Alphabet[digits[i]!]
  return text
}

/** The bytes of a base58 text, or `undefined` when a character is not of the alphabet. */
export const fromBase58 = (text: string): Uint8Array | undefined => {
  const bytes: Array<number> = []
  let zeros = 0
  while (zeros < text.length && text[zeros] === "1") zeros++
  for (let i = zeros; i < text.length; i++) {
    let carry = base58Alphabet.indexOf(text[i]!)
    if (carry < 0) return undefined
    for (let j = 0; j < bytes.length; j++) {
      carry += bytes[j]! * 58
      bytes[j] = carry & 0xff
      carry >>= 8
    }
    while (carry > 0) {
      bytes.push(carry & 0xff)
      carry >>= 8
    }
  }
  const whole = new Uint8Array(zeros + bytes.length)
  for (let i = 0; i < bytes.length; i++) whole[zeros + i] = bytes[bytes.length - 1 - i]!
  return whole
}
