/**
 * A `sync_data` packet of iSync: who it is from is read, and what it carries is passed on as it came, sealed or not. Its three shapes differ
 * only in what they carry. Nothing is merged here; its readers do that.
 */

export interface ISyncPacket {
  /** The node that made it. */
  readonly source: string
  readonly sourceType: string
  /** JSON as it came. */
  readonly text: string
  readonly bytes: number
  /** Registers and deleted keys of a state that is in the clear; 0 of a sealed one. */
  readonly registers: number
  readonly deletedKeys: number
}

/** Largest packet, in bytes of UTF-8: the whole state of a node. */
export const packetBytesMax = 4 * 1024 * 1024
/** Characters of a node's id. */
export const nodeIdMax = 128
/** Characters of what kind of program a node says that it is. */
const sourceTypeMax = 64

export const isNodeId = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= nodeIdMax && value.isWellFormed()

/** `undefined` for what is no packet. */
export const read = (text: string): ISyncPacket | undefined => {
  const bytes = Buffer.byteLength(text, "utf8")
  if (bytes > packetBytesMax) return undefined
  const value = parsed(text)
  const { data, encrypted_data, source_node, source_type } = value ?? {}
  if (!isNodeId(source_node) || (data === undefined && typeof encrypted_data !== "string")) return undefined
  const sourceType = typeof source_type === "string" && source_type.length <= sourceTypeMax ? source_type : ""
  return { source: source_node, sourceType, text, bytes, ...countsOf(data) }
}

/** The object that a text holds, if it holds one. */
export const parsed = (text: string): { readonly [field: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is { readonly [field: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const countsOf = (data: unknown): Pick<ISyncPacket, "registers" | "deletedKeys"> => {
  const { deleted_keys, lww_registers } = isObject(data) ? data : {}
  const elements = isObject(deleted_keys) ? deleted_keys["elements"] : undefined
  return {
    registers: isObject(lww_registers) ? Object.keys(lww_registers).length : 0,
    deletedKeys: Array.isArray(elements) ? elements.length : 0
  }
}
