/**
 * The one encoding of everything that is signed, stored or sent: MessagePack without extensions, string-keyed maps
 * only. This file alone knows the library; what the bytes mean is its callers' business.
 */
import { Packr } from "msgpackr"
import * as Bytes from "../identity/Bytes.ts"

const packr = new Packr({ useRecords: false, mapsAsObjects: true })

/** Encodes a value into memory of its own. */
export const pack = (value: unknown): Uint8Array => Bytes.copy(packr.pack(value))

/**
 * Decodes one value. Throws on bytes that are no MessagePack; byte arrays in the result share memory with `bytes`. The
 * caller checks the shape: a hostile sender can make the library build objects that are not plain.
 */
export const unpack = (bytes: Uint8Array): unknown => packr.unpack(bytes)
