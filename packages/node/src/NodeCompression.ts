/**
 * Zstandard by node:zlib. Damage, unknown methods and results beyond the caller's bound give `undefined`, never an
 * exception. It keeps no dictionary and no state between calls.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import { Compression } from "@syncline/core"
import { Layer } from "effect"

/** Level 1 shrinks commits as well as level 3 and costs a quarter less time. */
const level = 1

/** A larger result is put together from several chunks. */
const chunkBytesMax = 256 * 1024
/** node:zlib refuses smaller chunks. */
const chunkBytesMin = 64

// Node's `Buffer` slices without copying; the engine counts on the copying `slice` of plain byte arrays.
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)

const inflate = (bytes: Uint8Array, bytesMax: number): Uint8Array | undefined => {
  if (bytesMax < 1) return undefined
  const chunkSize = Math.max(chunkBytesMin, Math.min(bytesMax, chunkBytesMax))
  try {
    const whole = zstdDecompressSync(bytes, { maxOutputLength: bytesMax, chunkSize })
    return whole.length <= bytesMax ? plain(whole) : undefined
  } catch {
    return undefined
  }
}

/** The functions behind core's Compression port. */
export const functions: Compression.CompressionFunctions = {
  method: 1,
  compress: (bytes) => plain(zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } })),
  decompress: (method, bytes, bytesMax) => {
    if (method === 0) return bytes.length <= bytesMax ? bytes : undefined
    return method === 1 ? inflate(bytes, bytesMax) : undefined
  }
}

/** Core's Compression service. */
export const layer = Layer.succeed(Compression.Compression, functions)
