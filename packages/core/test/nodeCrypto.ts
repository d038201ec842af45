// Real cryptography and compression for core's own tests; core itself may not import node:.
import { zstdCompressSync, zstdDecompressSync } from "node:zlib"
import type { CompressionFunctions } from "../src/crypto/Compression.ts"

export { functions as crypto, layerDevice, signerOf } from "./journal/nodeCrypto.ts"

export const compression: CompressionFunctions = {
  method: 1,
  compress: (bytes) => new Uint8Array(zstdCompressSync(bytes)),
  decompress: (method, bytes, bytesMax) => {
    if (method === 0) return bytes.length <= bytesMax ? bytes : undefined
    if (method !== 1) return undefined
    try {
      return new Uint8Array(zstdDecompressSync(bytes, { maxOutputLength: bytesMax }))
    } catch {
      return undefined
    }
  }
}
