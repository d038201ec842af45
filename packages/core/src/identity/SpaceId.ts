/**
 * A space's name on the wire: 16 bytes, written as 32 hexadecimal digits.
 * In personal mode it is derived from a name that the devices agree on; it is an address, not a secret.
 */
import type { Brand } from "effect"
import * as Bytes from "./Bytes.ts"

export type SpaceId = string & Brand.Brand<"SpaceId">

/** Length of the raw form in bytes. */
export const spaceIdBytes = 16

/** The space of a name: the first 16 bytes of SHA-256 over a domain tag and the name. */
export const fromName = (sha256: (bytes: Uint8Array) => Uint8Array, name: string): SpaceId =>
  Bytes.toHex(sha256(Bytes.utf8(`syncline/space/v1\n${name}`)).subarray(0, spaceIdBytes)) as SpaceId

/** The SpaceId of raw bytes; the caller has checked their length. */
export const fromBytes = (bytes: Uint8Array): SpaceId => Bytes.toHex(bytes) as SpaceId

/** The raw form. */
export const toBytes = (space: SpaceId): Uint8Array => Bytes.fromHex(space)!
