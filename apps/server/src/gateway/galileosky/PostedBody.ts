/**
 * A body that a client posts, read field by field and record by record: what is made of one part is done with before the next one is
 * looked at, so 50 MB of nothing but brackets cost no more than 50 MB. What the parts mean is not known here.
 */
import { type Json, RecordRefused } from "./GalileoskyRecord.ts"

interface Range {
  readonly from: number
  readonly to: number
}

/** Bytes of a field that is one word. */
const wordBytesMax = 1_024
/** Bytes of a record or a device's description, with all that JSON may escape. */
const partBytesMax = 144 * 1024
/** Fields of a body. */
const fieldsMax = 64

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

export class PostedBody {
  readonly #bytes: Buffer
  readonly #fields = new Map<string, Range>()

  /** Throws `RecordRefused` where it is no object in JSON. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const whole = this.#valueAt(0, this.#bytes.length)
    if (this.#space(whole.to) < this.#bytes.length) throw noJson()
    for (const { name, value } of this.#entriesOf(whole)) {
      this.#fields.set(name, value)
      if (this.#fields.size > fieldsMax) throw new RecordRefused(`the body has more than ${fieldsMax} fields`)
    }
  }

  /** Whether a field says anything. */
  has(name: string): boolean {
    const range = this.#fields.get(name)
    return range !== undefined && (range.to - range.from > wordBytesMax || Boolean(this.#parse(range, wordBytesMax)))
  }

  /** A field that is one word, else `undefined`. */
  word(name: string): string | number | undefined {
    const range = this.#fields.get(name)
    if (range === undefined || range.to - range.from > wordBytesMax) return undefined
    const value = this.#parse(range, wordBytesMax)
    return typeof value === "string" || typeof value === "number" ? value : undefined
  }

  /** Elements of a list; none where the field is absent. Throws `RecordRefused` where it is something else. */
  *list(name: string): Generator<Json> {
    const range = this.#fields.get(name)
    if (range === undefined || this.#isNull(range)) return
    if (this.#bytes[range.from] !== openList) throw new RecordRefused(`${name} is no list`)
    for (let at = this.#space(range.from + 1); this.#bytes[at] !== closeList;) {
      const value = this.#valueAt(at, range.to)
      yield this.#parse(value, partBytesMax)
      at = this.#behind(value.to, closeList)
    }
  }

  /** Entries of an object that are not too large; none where the field is none. */
  *entries(name: string): Generator<readonly [name: string, value: Json]> {
    const range = this.#fields.get(name)
    if (range === undefined || this.#bytes[range.from] !== openObject) return
    for (const entry of this.#entriesOf(range)) {
      if (entry.value.to - entry.value.from <= partBytesMax) yield [entry.name, this.#parse(entry.value, partBytesMax)]
    }
  }

  *#entriesOf(range: Range): Generator<{ readonly name: string; readonly value: Range }> {
    if (this.#bytes[range.from] !== openObject) throw new RecordRefused("the body is no object")
    for (let at = this.#space(range.from + 1); this.#bytes[at] !== closeObject;) {
      const name = this.#valueAt(at, range.to)
      const text = this.#parse(name, wordBytesMax * 8)
      const middle = this.#space(name.to)
      if (typeof text !== "string" || this.#bytes[middle] !== colon) throw noJson()
      const value = this.#valueAt(middle + 1, range.to)
      yield { name: text, value }
      at = this.#behind(value.to, closeObject)
    }
  }

  /** Where the next element begins, or the end of all is. */
  #behind(at: number, end: number): number {
    const place = this.#space(at)
    if (this.#bytes[place] === end) return place
    if (this.#bytes[place] !== comma) throw noJson()
    const next = this.#space(place + 1)
    if (this.#bytes[next] === end) throw noJson()
    return next
  }

  #isNull({ from, to }: Range): boolean {
    return to - from === 4 && this.#bytes.toString("latin1", from, to) === "null"
  }

  #parse({ from, to }: Range, bytesMax: number): Json {
    if (to - from > bytesMax) throw new RecordRefused("a part of the body is too large")
    return JSON.parse(this.#bytes.toString("utf8", from, to)) as Json
  }

  /** Where something begins that is no white space. */
  #space(at: number): number {
    let place = at
    while (place < this.#bytes.length && this.#bytes[place]! <= 0x20) place++
    return place
  }

  /** The value that begins behind white space. Whether it is one shows when it is parsed. */
  #valueAt(at: number, end: number): Range {
    const from = this.#space(at)
    const first = this.#bytes[from]
    if (first === undefined || from >= end) throw noJson()
    if (first === quote) return { from, to: this.#stringEnd(from, end) }
    if (first === openList || first === openObject) return { from, to: this.#nestedEnd(from, end) }
    let to = from
    while (to < end && isOfWord(this.#bytes[to]!)) to++
    if (to === from) throw noJson()
    return { from, to }
  }

  #stringEnd(from: number, end: number): number {
    for (let at = from + 1; at < end; at++) {
      const byte = this.#bytes[at]
      if (byte === backslash) at++
      else if (byte === quote) return at + 1
    }
    throw noJson()
  }

  #nestedEnd(from: number, end: number): number {
    let depth = 0
    for (let at = from; at < end; at++) {
      const byte = this.#bytes[at]
      if (byte === quote) at = this.#stringEnd(at, end) - 1
      else if (byte === openList || byte === openObject) depth++
      else if ((byte === closeList || byte === closeObject) && --depth === 0) return at + 1
    }
    throw noJson()
  }
}

const isOfWord = (byte: number): boolean =>
  byte > 0x20 && byte !== comma && byte !== colon && byte !== quote && byte !== closeList && byte !== closeObject

const noJson = (): RecordRefused => new RecordRefused("the body is no JSON")
