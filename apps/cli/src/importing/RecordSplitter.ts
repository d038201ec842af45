/**
 * Cuts the bytes of a JSON array or of NDJSON into records while they stream by, so that memory holds one record and
 * not the file. It knows strings and nesting and nothing else: whether a piece is JSON is for `RecordParser` to say.
 */

/** A longer record is reported and passed over; its bytes are not kept. No valid record comes near. */
export const recordBytesMax = 8 * 1024 * 1024

/** One record's bytes and where they begin in the file. `problem` says why there is nothing to parse. */
export interface Piece {
  readonly offset: number
  readonly bytes: Buffer
  readonly problem: string | undefined
}

type Place = "start" | "lines" | "beforeFirst" | "beforeNext" | "element" | "afterArray" | "ignored"

const byte = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  comma: 0x2c,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d
}
/** Some programs begin a file with it; by position in the file. */
const byteOrderMark = [0xef, 0xbb, 0xbf]

const isBlank = (value: number): boolean =>
  value === byte.space || value === byte.lineFeed || value === byte.carriageReturn || value === byte.tab

/** Takes chunks in order. Pieces may share the chunk's memory, which may be used again after their use. */
export class RecordSplitter {
  #place: Place = "start"
  /** Position in the file of the present chunk's first byte. */
  #base = 0
  /** Position in the file of the present piece's first byte. */
  #from = 0
  #carried: Array<Buffer> = []
  #carriedBytes = 0
  #isTooLong = false
  readonly #open: Array<number> = []
  #isInString = false
  #isEscaped = false

  push(chunk: Buffer): ReadonlyArray<Piece> {
    const pieces: Array<Piece> = []
    let index = this.#place === "start" ? this.#begin(chunk) : 0
    if (this.#place === "lines") this.#pushLines(chunk, index, pieces)
    else {
      // Where the present element begins in this chunk; an element that began in an earlier one begins at its start.
      let from = 0
      for (; index < chunk.length; index++) {
        const wasElement = this.#place === "element"
        this.#step(chunk, index, from, pieces)
        if (!wasElement && this.#place === "element") from = index
      }
      if (this.#place === "element") this.#carry(chunk.subarray(from))
    }
    this.#base += chunk.length
    return pieces
  }

  /** What is left when the file ends. */
  end(): ReadonlyArray<Piece> {
    const pieces: Array<Piece> = []
    switch (this.#place) {
      case "lines":
        this.#emitLine(Buffer.alloc(0), pieces)
        break
      case "element":
      case "beforeFirst":
      case "beforeNext":
        if (this.#place === "element") this.#emit(Buffer.alloc(0), pieces)
        this.#problem(this.#base, "the file ends before the list is closed with ]", pieces)
        break
      case "start":
      case "afterArray":
      case "ignored":
        break
    }
    return pieces
  }

  /** Chooses between list and lines by the first byte that is not blank. */
  #begin(chunk: Buffer): number {
    let index = 0
    while (index < chunk.length && (isBlank(chunk[index]!) || chunk[index] === byteOrderMark[this.#base + index]))
      index++
    if (index === chunk.length) return index
    if (chunk[index] === byte.openList) {
      this.#place = "beforeFirst"
      return index + 1
    }
    this.#place = "lines"
    this.#from = this.#base + index
    return index
  }

  #pushLines(chunk: Buffer, start: number, pieces: Array<Piece>): void {
    let from = start
    for (;;) {
      const until = chunk.indexOf(byte.lineFeed, from)
      if (until === -1) break
      this.#emitLine(chunk.subarray(from, until), pieces)
      from = until + 1
      this.#from = this.#base + from
    }
    this.#carry(chunk.subarray(from))
  }

  #emitLine(rest: Buffer, pieces: Array<Piece>): void {
    const before = pieces.length
    this.#emit(rest, pieces)
    if (pieces.length > before && pieces.at(-1)!.bytes.every(isBlank) && pieces.at(-1)!.problem === undefined)
      pieces.pop()
  }

  #step(chunk: Buffer, index: number, from: number, pieces: Array<Piece>): void {
    const value = chunk[index]!
    if (this.#isInString) return this.#stepInString(value)
    switch (this.#place) {
      case "element":
        return this.#stepInElement(chunk, index, from, value, pieces)
      case "afterArray":
        if (!isBlank(value)) {
          this.#problem(this.#base + index, "there is more after the end of the list", pieces)
          // One report is enough for whatever follows.
          this.#place = "ignored"
        }
        return
      case "ignored":
        return
      default:
        return this.#stepBetween(index, value, pieces)
    }
  }

  #stepInString(value: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (value === byte.backslash) this.#isEscaped = true
    // JSON has no line break in a string, so here one was left open; the records after it can still be told apart.
    else if (value === byte.quote || value === byte.lineFeed) this.#isInString = false
  }

  #stepBetween(index: number, value: number, pieces: Array<Piece>): void {
    if (isBlank(value)) return
    const at = this.#base + index
    if (value === byte.closeList) {
      if (this.#place === "beforeNext") this.#problem(at, "a record is missing between , and ]", pieces)
      this.#place = "afterArray"
    } else if (value === byte.comma) {
      this.#problem(at, "a record is missing before ,", pieces)
      this.#place = "beforeNext"
    } else {
      this.#place = "element"
      this.#from = at
      this.#enter(value)
    }
  }

  #stepInElement(chunk: Buffer, index: number, from: number, value: number, pieces: Array<Piece>): void {
    if (value === byte.quote || value === byte.openObject || value === byte.openList) return this.#enter(value)
    const isClosing = value === byte.closeObject || value === byte.closeList
    if (isClosing && this.#leave(value === byte.closeObject ? byte.openObject : byte.openList)) return
    const isEnd = value === byte.closeList || (value === byte.comma && this.#open.length === 0)
    if (!isEnd) return
    this.#emit(chunk.subarray(from, index), pieces)
    this.#open.length = 0
    this.#place = value === byte.comma ? "beforeNext" : "afterArray"
  }

  #enter(value: number): void {
    if (value === byte.quote) this.#isInString = true
    else if (value === byte.openObject || value === byte.openList) this.#open.push(value)
  }

  /** Closes what `opening` opened, and what was left open in it. False when it opened nothing. */
  #leave(opening: number): boolean {
    const at = this.#open.lastIndexOf(opening)
    if (at === -1) return false
    this.#open.length = at
    return true
  }

  #carry(bytes: Buffer): void {
    if (this.#isTooLong || bytes.length === 0) return
    this.#carriedBytes += bytes.length
    if (this.#carriedBytes > recordBytesMax) {
      this.#isTooLong = true
      this.#carried = []
    } else this.#carried.push(Buffer.from(bytes))
  }

  #emit(rest: Buffer, pieces: Array<Piece>): void {
    const offset = this.#from
    if (this.#isTooLong || this.#carriedBytes + rest.length > recordBytesMax) {
      this.#problem(offset, `a record is longer than ${recordBytesMax} bytes`, pieces)
    } else {
      const bytes = this.#carried.length === 0 ? rest : Buffer.concat([...this.#carried, rest])
      pieces.push({ offset, bytes, problem: undefined })
    }
    this.#carried = []
    this.#carriedBytes = 0
    this.#isTooLong = false
  }

  #problem(offset: number, problem: string, pieces: Array<Piece>): void {
    pieces.push({ offset, bytes: Buffer.alloc(0), problem })
  }
}
