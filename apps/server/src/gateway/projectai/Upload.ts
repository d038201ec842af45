/** What Project-AI's client uploads: who, from which device, and a sealed text in hexadecimal digits. It is checked here and opened nowhere. */

export interface Upload {
  readonly username: string
  readonly deviceId: string
  /** As it is kept: in the client's form where every byte is a printable character, as a sealed text's is, else in hexadecimal digits. */
  readonly text: string
  readonly encoding: "ascii" | "hex"
  readonly platform: string | undefined
}

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
