/**
 * Line and column of a byte in a source, both from 1, columns in characters. It is worked out by reading the source
 * once more, so that files without mistakes pay nothing for it.
 */
import { Effect } from "effect"
import type { CliError } from "../CliError.ts"
import { chunkBytes, type JsonSource } from "./JsonSource.ts"

export interface TextPosition {
  readonly line: number
  readonly column: number
}

/** Where `offset` is. */
export const find = Effect.fnUntraced(function* (
  source: JsonSource,
  offset: number
): Effect.fn.Return<TextPosition, CliError> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  let line = 1
  let column = 1
  for (let position = 0; position < offset;) {
    const chunk = yield* source.read(position, buffer)
    if (chunk.length === 0) break
    const wanted = chunk.subarray(0, offset - position)
    for (const byte of wanted) {
      if (byte === 0x0a) {
        line++
        column = 1
        // Bytes 10xxxxxx continue a character.
      } else if ((byte & 0xc0) !== 0x80) column++
    }
    position += wanted.length
  }
  return { line, column }
})
