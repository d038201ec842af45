/** What Project-AI's client uploads: who, from which device, and a sealed text in hexadecimal digits. It is checked here and opened nowhere. */

export interface Upload {
  readonly username: string
  readonly deviceId: string
  /** As it is kept: in the client's form where every byte is a printable character, as a sealed text's is, else in hexadecimal digits. */
  readonly text: string
  readonly encoding: "ascii" | "hex"
  readonly platform: string | undefined
}

/** Parts of a body; the client sends four fields. */
const partsMax = 1_024
/** Characters of a body outside of its texts: numbers, words and what is blank. */
const outsideMax = 1024 * 1024
const [openObject, openList, comma, colon, quote, backslash] = [0x7b, 0x5b, 0x2c, 0x3a, 0x22, 0x5c]
/** Characters of a user name. */
const usernameMax = 256
/** Characters of a device's id and of its platform. */
const wordMax = 64

export const isUsername = (value: unknown): value is string =>
  typeof value === "string" &&
  value !== "" &&
  value.length <= usernameMax &&
  value.isWellFormed() &&
  // oxlint-disable-next-line no-control-regex
  !/[\u0000-\u001f\u007f]/.test(value)

const isWord = (value: unknown): value is string =>
  typeof value === "string" && value.length <= wordMax && /^[\x20-\x7e]+$/.test(value)

/** Whether a text has more parts, or more beside its texts, than any upload. To read millions of them would keep everybody else waiting. */
export const isCrowded = (text: string): boolean => {
  let [parts, outside] = [0, 0]
  for (let at = 0; at < text.length && parts <= partsMax && outside <= outsideMax; at++, outside++) {
    const code = text.charCodeAt(at)
    if (code === openObject || code === openList || code === comma || code === colon) parts++
    if (code !== quote) continue
    let end = text.indexOf('"', at + 1)
    while (end !== -1 && isEscaped(text, end) && parts <= partsMax) {
      parts++
      end = text.indexOf('"', end + 1)
    }
    if (end === -1) return false
    at = end
  }
  return parts > partsMax || outside > outsideMax
}

const isEscaped = (text: string, at: number): boolean => {
  let before = at - 1
  while (text.charCodeAt(before) === backslash) before--
  return (at - before) % 2 === 0
}

/** A body as it was sent, or what is wrong with it in a sentence. */
export const read = (body: unknown): Upload | string => {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return missing
  const { device_id, encrypted_data, platform, username } = body as { readonly [field: string]: unknown }
  if (isAbsent(username) || isAbsent(device_id) || isAbsent(encrypted_data)) return missing
  if (!isUsername(username)) return `username must be 1 to ${usernameMax} characters without control characters`
  if (!isWord(device_id)) return `device_id must be 1 to ${wordMax} printable characters`
  if (typeof encrypted_data !== "string") return noHex
  // Ends at what is no hexadecimal digit.
  const bytes = Buffer.from(encrypted_data, "hex")
  if (bytes.length * 2 !== encrypted_data.length) return noHex
  const characters = bytes.toString("latin1")
  const isPrintable = !/[^\x20-\x7e]/.test(characters)
  return {
    username,
    deviceId: device_id,
    text: isPrintable ? characters : encrypted_data.toLowerCase(),
    encoding: isPrintable ? "ascii" : "hex",
    platform: isWord(platform) ? platform : undefined
  }
}

const noHex = "encrypted_data must be bytes in hexadecimal digits"
const missing = "Missing required fields"

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ""

/** As the client sent it: hexadecimal digits and nothing else, whatever another device wrote there. */
export const hexOf = (text: string, encoding: unknown): string =>
  Buffer.from(text, encoding === "hex" ? "hex" : "latin1").toString("hex")
