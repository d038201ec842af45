/**
 * Walks the structure of MessagePack bytes without decoding them, so that nesting, extension types, keys that are no
 * texts and lying lengths are refused before a decoder allocates anything. Source: the MessagePack specification,
 * "Formats".
 */

/** How many values more may come; lists, maps and their keys count as well. */
export interface NodeBudget {
  nodes: number
}

/**
 * What is wrong with the bytes, or `undefined` when they are one value without extensions within the depth. What they
 * hold is taken from the budget: a value that fills a byte takes forty and more once it is decoded.
 */
export const problem = (
  bytes: Uint8Array,
  depthMax: number,
  budget: NodeBudget
): "malformed" | "deep" | "crowded" | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const open: Array<readonly [left: number, isMap: boolean]> = []
  const head = { skip: 0, children: 0 }
  let at = 0
  let left = 1
  let isMap = false
  for (;;) {
    while (left === 0) {
      const outer = open.pop()
      if (outer === undefined) return at === bytes.length ? undefined : "malformed"
      left = outer[0]
      isMap = outer[1]
    }
    if (at >= bytes.length) return "malformed"
    if (--budget.nodes < 0) return "crowded"
    // Of a map's values every second one is a key, and only texts may be.
    if (isMap && left % 2 === 0 && !isText(bytes[at]!)) return "malformed"
    left--
    if (!readHead(view, at, head)) return "malformed"
    at += head.skip
    if (at > bytes.length) return "malformed"
    if (head.children > 0) {
      if (open.length + 1 > depthMax) return "deep"
      // Each child takes at least one byte, so a count beyond what is left is a lie.
      if (head.children > bytes.length - at) return "malformed"
      open.push([left, isMap])
      left = head.children
      isMap = isMapHead(bytes[at - head.skip]!)
    }
  }
}

/** One for a whole walk, because it is read anew with every value. */
interface Head {
  /** Bytes of this value without its children. */
  skip: number
  children: number
}

const isText = (byte: number): boolean => (byte >= 0xa0 && byte <= 0xbf) || (byte >= 0xd9 && byte <= 0xdb)
const isMapHead = (byte: number): boolean => (byte >= 0x80 && byte <= 0x8f) || byte === 0xde || byte === 0xdf

const fill = (head: Head, skip: number, children: number): true => {
  head.skip = skip
  head.children = children
  return true
}

/** Reads the head at a place; false when there is none. */
const readHead = (view: DataView, at: number, head: Head): boolean => {
  const byte = view.getUint8(at)
  if (byte <= 0x7f || byte >= 0xe0) return fill(head, 1, 0)
  if (byte <= 0x8f) return fill(head, 1, 2 * (byte & 0x0f))
  if (byte <= 0x9f) return fill(head, 1, byte & 0x0f)
  if (byte <= 0xbf) return fill(head, 1 + (byte & 0x1f), 0)
  return readLongHead(view, at, byte, head)
}

const fixedSizes: Readonly<Record<number, number>> = {
  0xc0: 1,
  0xc2: 1,
  0xc3: 1,
  0xca: 5,
  0xcb: 9,
  0xcc: 2,
  0xcd: 3,
  0xce: 5,
  0xcf: 9,
  0xd0: 2,
  0xd1: 3,
  0xd2: 5,
  0xd3: 9
}

/** Width of the length field of strings, byte arrays, lists and maps. */
const lengthWidths: Readonly<Record<number, number>> = {
  0xc4: 1,
  0xc5: 2,
  0xc6: 4,
  0xd9: 1,
  0xda: 2,
  0xdb: 4,
  0xdc: 2,
  0xdd: 4,
  0xde: 2,
  0xdf: 4
}

const readLongHead = (view: DataView, at: number, byte: number, head: Head): boolean => {
  const fixed = fixedSizes[byte]
  if (fixed !== undefined) return fill(head, fixed, 0)
  const width = lengthWidths[byte]
  // What is left are 0xc1, which is never used, and the extension types.
  if (width === undefined || at + 1 + width > view.byteLength) return false
  const length = width === 1 ? view.getUint8(at + 1) : width === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1)
  if (byte === 0xdc || byte === 0xdd) return fill(head, 1 + width, length)
  if (byte === 0xde || byte === 0xdf) return fill(head, 1 + width, 2 * length)
  return fill(head, 1 + width + length, 0)
}
