/**
 * The one encoding of everything that is signed, stored or sent: MessagePack without extensions, string-keyed maps
 * only. This file alone knows the library; what the bytes mean is its callers' business.
 */
import { Packr } from "msgpackr"
import * as Bytes from "../identity/Bytes.ts"
import * as MessagePackScan from "./MessagePackScan.ts"

const packr = new Packr({ useRecords: false, mapsAsObjects: true })

/** Encodes a value into memory of its own. */
export const pack = (value: unknown): Uint8Array => Bytes.copy(packr.pack(value))

/**
 * Decodes one value that somebody else made, or says why not: too deep, more than the budget has left, or no single
 * value without extensions. The
 * library's extensions build shared and foreign objects and even change how it decodes later bytes, so nothing that
 * holds one ever reaches it. Byte arrays in the result share memory with `bytes`; the caller checks the shape.
 */
export const unpack = (
  bytes: Uint8Array,
  depthMax: number,
  budget: MessagePackScan.NodeBudget = { nodes: Infinity }
): { readonly value: unknown } | "malformed" | "deep" | "crowded" => {
  const problem = MessagePackScan.problem(bytes, depthMax, budget)
  return problem ?? { value: packr.unpack(bytes) }
}

/** Values in what `pack` made, counted as a budget counts them. */
export const nodesIn = (bytes: Uint8Array): number => {
  const budget = { nodes: bytes.length }
  MessagePackScan.problem(bytes, Infinity, budget)
  return bytes.length - budget.nodes
}

/** Decodes what `pack` made on this device, or what `unpack` took in before. */
export const unpackOwn = (bytes: Uint8Array): unknown => packr.unpack(bytes)
