/** Files of records: JSON (an array), lines of JSON, or CSV with a head; what is in them, or where they are wrong. */
import { type CsvRow, csvRows } from "./csvRows.ts"

export interface Item {
  readonly id?: string
  readonly header?: { readonly [name: string]: unknown }
  readonly fields: { readonly [name: string]: unknown }
}

export type Read = { readonly items: ReadonlyArray<Item> } | { readonly problem: string }

/** Largest file, in bytes: it is held in memory while it is taken in. */
export const fileBytesMax = 64 * 1024 * 1024

const lineEnds = /\r\n|\r|\n/

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `{id, header, fields}`, or an object of which `id` is the id and all else the fields. */
const itemOf = (value: unknown): Item | undefined => {
  if (!isObject(value)) return undefined
  const { id, ...rest } = value
  if (id !== undefined && id !== null && typeof id !== "string" && typeof id !== "number") return undefined
  const named = id === undefined || id === null || id === "" ? {} : { id: String(id) }
  if (isObject(rest["fields"]) && Object.keys(rest).every((name) => name === "fields" || name === "header")) {
    const { fields, header } = rest
    if (header !== undefined && header !== null && !isObject(header)) return undefined
    return { ...named, ...(isObject(header) ? { header } : {}), fields }
  }
  return { ...named, fields: rest }
}

/** What is no UTF-8 is refused: it would be taken in with other letters than it has. */
export const textOf = (bytes: ArrayBuffer): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

export const readFile = (name: string, text: string): Read => {
  const body = text.replace(/^\uFEFF/, "")
  if (/\.csv$/i.test(name)) return readCsv(body)
  return body.trimStart().startsWith("[") ? readArray(body) : readLines(body)
}

const gather = (values: ReadonlyArray<readonly [place: string, value: unknown]>): Read => {
  const items: Array<Item> = []
  for (const [place, value] of values) {
    const item = itemOf(value)
    if (item === undefined) return { problem: `${place} is no record: an object with fields is wanted.` }
    items.push(item)
  }
  return items.length === 0 ? { problem: "There is no record in it." } : { items }
}

const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/** In which of the lines JSON has a number that would be read as another one, counted from the first. */
const inexactIn = (text: string, first: number): string | undefined => {
  for (const { 0: found, index } of text.matchAll(textOrNumber)) {
    if (found.startsWith('"') || !isInexact(found)) continue
    const line = first + text.slice(0, index).split(lineEnds).length - 1
    return `Line ${line} has the number ${found}, of which digits would be lost. Write it as a text, in quotes.`
  }
  return undefined
}

const isInexact = (number: string): boolean =>
  !Number.isFinite(Number(number)) || (/^-?\d{16,}$/.test(number) && BigInt(Number(number)) !== BigInt(number))

const readArray = (text: string): Read => {
  try {
    const values = JSON.parse(text) as ReadonlyArray<unknown>
    const problem = inexactIn(text, 1)
    return problem === undefined ? gather(values.map((value, at) => [`Entry ${at + 1}`, value] as const)) : { problem }
  } catch (error) {
    return { problem: `It is no JSON: ${(error as Error).message}` }
  }
}

const readLines = (text: string): Read => {
  const values: Array<readonly [string, unknown]> = []
  for (const [at, line] of text.split(lineEnds).entries()) {
    if (line.trim() === "") continue
    try {
      values.push([`Line ${at + 1}`, JSON.parse(line)])
    } catch (error) {
      return { problem: `Line ${at + 1} is no JSON: ${(error as Error).message}` }
    }
    const problem = inexactIn(line, at + 1)
    if (problem !== undefined) return { problem }
  }
  return gather(values)
}

const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null]
])

/** A number only where it is written as that number alone is: `007`, `1.50` and what has too many digits stay texts. */
const cellOf = (cell: string): unknown => {
  if (words.has(cell)) return words.get(cell)
  const number = Number(cell)
  return Number.isFinite(number) && String(number) === cell ? number : cell
}

/** An empty cell is no field. */
const readCsv = (text: string): Read => {
  const read = csvRows(text)
  if ("problem" in read) return read
  const [head, ...body] = read.rows
  if (head === undefined) return { problem: "There is no line in it." }
  const problem = headProblem(head)
  if (problem !== undefined) return { problem }
  const values: Array<readonly [string, unknown]> = []
  for (const { cells, line } of body) {
    if (cells.length > head.cells.length) {
      return { problem: `Line ${line} has ${cells.length} cells, and the head ${head.cells.length}.` }
    }
    const fields: Array<readonly [string, unknown]> = []
    for (const [column, cell] of cells.entries()) {
      const name = head.cells[column]!
      if (cell === "") continue
      if (name === "")
        return { problem: `Line ${line} has something in column ${column + 1}, which the head does not name.` }
      fields.push([name, name === "id" ? cell : cellOf(cell)])
    }
    values.push([`Line ${line}`, Object.fromEntries(fields)])
  }
  return gather(values)
}

const headProblem = ({ cells, line }: CsvRow): string | undefined => {
  const twice = cells.find((name, at) => name !== "" && cells.indexOf(name) !== at)
  if (twice !== undefined) return `Line ${line}, the head, names ${twice} twice.`
  if (cells.length > 1 || !/[;\t]/.test(cells[0]!)) return undefined
  return `Line ${line}, the head, has no comma. Commas part the cells of a row, and not semicolons or tabs.`
}

const utf8 = new TextEncoder()

/** Batches as the hub takes them: of so many records, and of no more than so many bytes of JSON. */
export const batchesOf = (
  items: ReadonlyArray<Item>,
  recordsMax: number,
  bytesMax: number
): ReadonlyArray<ReadonlyArray<Item>> => {
  const batches: Array<Array<Item>> = []
  let [batch, bytes] = [[] as Array<Item>, 0]
  for (const item of items) {
    const size = utf8.encode(JSON.stringify(item)).length + 1
    if (batch.length > 0 && (batch.length >= recordsMax || bytes + size > bytesMax)) {
      batches.push(batch)
      ;[batch, bytes] = [[], 0]
    }
    batch.push(item)
    bytes += size
  }
  return batch.length === 0 ? batches : [...batches, batch]
}
