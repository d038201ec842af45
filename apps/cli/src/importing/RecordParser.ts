/**
 * Makes a JSON value of one record's bytes, or says what is wrong and at which byte. It accepts JSON only, and refuses
 * what could not be kept as it stands: bytes that are no UTF-8 and whole numbers that JavaScript would round.
 */
import { isUtf8 } from "node:buffer"
import { createRequire } from "node:module"
import type * as Jsonc from "jsonc-parser"
import type { Piece } from "./RecordSplitter.ts"

export interface Parsed {
  readonly value: unknown
}

/** What is wrong with a record. `offset` is a position in the file, in bytes. */
export interface Flaw {
  readonly offset: number
  readonly problem: string
}

/** The value of a piece. */
export const parse = (piece: Piece): Parsed | Flaw => {
  const { bytes, offset } = piece
  if (piece.problem !== undefined) return { offset, problem: piece.problem }
  if (!isUtf8(bytes)) return { offset, problem: "the text is not UTF-8" }
  const text = bytes.toString("utf8")
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const { at, problem } = locate(text, error)
    return { offset: offset + Buffer.byteLength(text.slice(0, at)), problem }
  }
  const rounded = longDigits.test(text) ? roundedNumber(text) : undefined
  if (rounded === undefined) return { value }
  return { offset, problem: `the number ${rounded} is too large to be kept exactly; write it as a text` }
}

// Reading number by number is slow, so only texts that may hold a long one are looked at.
const longDigits = /\d{16}/

/** The first whole number that does not survive reading, as it is written. */
const roundedNumber = (text: string): string | undefined => {
  let found: string | undefined
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    const { source } = context ?? {}
    if (typeof value === "number" && source !== undefined && /^-?\d+$/.test(source) && !Number.isSafeInteger(value)) {
      found ??= source
    }
    return value
  })
  return found
}

interface Located {
  readonly at: number
  readonly problem: string
}

/** V8 does not always say where, so the text is read once more by a parser that does. */
const locate = (text: string, error: unknown): Located => {
  // The package's entry is a wrapped CommonJS module; loaded here because well-formed files never need it.
  const { visit } = createRequire(import.meta.url)("jsonc-parser") as typeof Jsonc
  let first: Located | undefined
  const onError = (code: Jsonc.ParseErrorCode, at: number): void => {
    first ??= { at, problem: words[code] ?? "this is not JSON" }
  }
  try {
    visit(text, { onError }, { disallowComments: true, allowTrailingComma: false })
  } catch {
    // Nested too deeply for a recursive parser; the record's beginning is place enough.
  }
  return first ?? { at: 0, problem: error instanceof Error ? error.message : "this is not JSON" }
}

/** By the library's error codes, which are part of its contract. */
const words: { readonly [code: number]: string } = {
  1: "a value cannot begin with this",
  2: "this is not a number",
  3: "a field name in double quotes is expected",
  4: "a value is expected",
  5: "a colon is expected",
  6: "a comma is expected",
  7: "a closing } is expected",
  8: "a closing ] is expected",
  9: "the record should end here",
  10: "comments are not allowed in JSON",
  11: "a comment is not closed",
  12: "a text is not closed",
  13: "a number is not complete",
  14: "a Unicode escape is not valid",
  15: "an escape is not valid",
  16: "a text holds a control character, which must be escaped"
}
