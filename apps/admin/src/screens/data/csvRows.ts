/** Tables as text, by RFC 4180: quoted cells hold commas, line ends and doubled quotes. What a cell means is for whoever reads it. */

export interface CsvRow {
  /** The line in which it begins, from 1. */
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

export type CsvRead = { readonly rows: ReadonlyArray<CsvRow> } | { readonly problem: string }

// One line end of any system, so that a carriage return alone does not join two rows.
const lineEnd = /\r\n|\r|\n/y
const plainCell = /[^,\r\n]*/y

const take = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** With its quotes; nothing where no quote ends it. */
const quotedAt = (text: string, at: number): string | undefined => {
  let end = text.indexOf('"', at + 1)
  while (end !== -1 && text[end + 1] === '"') end = text.indexOf('"', end + 2)
  return end === -1 ? undefined : text.slice(at, end + 1)
}

const linesIn = (text: string): number => text.split(/\r\n|\r|\n/).length - 1

/** Empty lines are left out. Nothing of a text is left out silently: what cannot be read is a problem with its line. */
export const csvRows = (text: string): CsvRead => {
  const rows: Array<CsvRow> = []
  let [at, line, begun] = [0, 1, 1]
  let cells: Array<string> = []
  const close = (): void => {
    if (cells.length > 1 || cells[0] !== "") rows.push({ line: begun, cells })
    cells = []
  }
  for (;;) {
    const isQuoted = text[at] === '"'
    const cell = isQuoted ? quotedAt(text, at) : take(plainCell, text, at)
    if (cell === undefined) return { problem: `Line ${line} begins a cell with a quote that nothing ends.` }
    cells.push(isQuoted ? cell.slice(1, -1).replaceAll('""', '"') : cell)
    line += linesIn(cell)
    at += cell.length
    if (text[at] === ",") {
      at++
      continue
    }
    if (at >= text.length) {
      close()
      return { rows }
    }
    const end = take(lineEnd, text, at)
    if (end === undefined) return { problem: `Line ${line} has something behind the quote that ends a cell.` }
    close()
    at += end.length
    line++
    begun = line
  }
}
