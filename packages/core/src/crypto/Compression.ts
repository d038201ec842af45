/**
 * The port to compression. Only whole commits and frames are compressed, never single events, and a
 * decompressor always gets the largest size that it may produce.
 */
import { Context, Layer } from "effect"

export interface CompressionFunctions {
  /** Written before the compressed bytes; 0 means stored as is, 1 is Zstandard (RFC 8878). */
  readonly method: 0 | 1
  readonly compress: (bytes: Uint8Array) => Uint8Array
  /** `undefined` when the method is unknown, the bytes are damaged or the result would exceed `bytesMax`. */
  readonly decompress: (method: number, bytes: Uint8Array, bytesMax: number) => Uint8Array | undefined
}

/** Inputs shorter than this are stored as they are: Zstandard does not shrink single events. */
export const compressBytesMin = 1024

/** Stores everything as it is and reads only that. */
export const stored: CompressionFunctions = {
  method: 0,
  compress: (bytes) => bytes,
  decompress: (method, bytes, bytesMax) => (method === 0 && bytes.length <= bytesMax ? bytes : undefined)
}

export class Compression extends Context.Service<Compression, CompressionFunctions>()(
  "@syncline/core/crypto/Compression"
) {
  static readonly layerStored = Layer.succeed(Compression, stored)
}
