/**
 * Names of entities: the application's own strings or UUIDv7. A name never grants anything, and two entity types
 * may use the same name for different entities.
 */
import * as Bytes from "./Bytes.ts"

/** Longest id in UTF-8 bytes. A longer one is refused, never cut. */
export const entityIdBytesMax = 128

/** What is wrong with an id, or `undefined` when it is fine. */
export const problem = (id: unknown): string | undefined => {
  if (typeof id !== "string") return "an entity id must be a string"
  if (id.length === 0) return "an entity id must not be empty"
  if (id.length > entityIdBytesMax || Bytes.utf8(id).length > entityIdBytesMax) {
    return `an entity id must have at most ${entityIdBytesMax} bytes`
  }
  // Lone surrogates would be rewritten by UTF-8 and two ids would become one.
  if (!id.isWellFormed()) return "an entity id must be well-formed Unicode"
  return undefined
}

/** A time-ordered id (RFC 9562, UUID version 7) from milliseconds since 1970 and 10 random bytes. */
export const uuidV7 = (unixMs: number, random: Uint8Array): string => {
  const bytes = new Uint8Array(16)
  const high = Math.floor(unixMs / 0x1_0000)
  bytes[0] = (high >>> 24) & 0xff
  bytes[1] = (high >>> 16) & 0xff
  bytes[2] = (high >>> 8) & 0xff
  bytes[3] = high & 0xff
  bytes[4] = (unixMs >>> 8) & 0xff
  bytes[5] = unixMs & 0xff
  bytes.set(random.subarray(0, 10), 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Bytes.toHex(bytes)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
