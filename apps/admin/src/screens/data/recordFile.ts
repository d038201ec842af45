/** Files of records: JSON (an array), lines of JSON, or CSV with a head; what is in them, or where they are wrong. */

export interface Item {
  readonly id?: string
  readonly header?: { readonly [name: string]: unknown }
  readonly fields: { readonly [name: string]: unknown }
}

export type Read = { readonly items: ReadonlyArray<Item> } | { readonly problem: string }

/** Largest file, in bytes: it is held in memory while it is taken in. */
export const fileBytesMax = 64 * 1024 * 1024

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `{id, header, fields}`, or an object of which `id` is the id and all else the fields. */
const itemOf = (value: unknown): Item | undefined => {
  if (!isObject(value)) return undefined
  const { id, ...rest } = value
  if (id !== undefined && typeof id !== "string" && typeof id !== "number") return undefined
  const named = id === undefined || id === "" ? {} : { id: String(id) }
  if (isObject(rest["fields"]) && Object.keys(rest).every((name) => name === "fields" || name === "header")) {
    return { ...named, ...(isObject(rest["header"]) ? { header: rest["header"] } : {}), fields: rest["fields"] }
  }
  return { ...named, fields: rest }
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

const readArray = (text: string): Read => {
  try {
    return gather((JSON.parse(text) as ReadonlyArray<unknown>).map((value, at) => [`Entry ${at + 1}`, value] as const))
  } catch (error) {
    return { problem: `It is no JSON: ${(error as Error).message}` }
  }
}

const readLines = (text: string): Read => {
  const values: Array<readonly [string, unknown]> = []
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue
    try {
      values.push([`Line ${at + 1}`, JSON.parse(line)])
    } catch (error) {
      return { problem: `Line ${at + 1} is no JSON: ${(error as Error).message}` }
    }
  }
  return gather(values)
}

/** Cells as they stand: numbers and truths by JSON, everything else as text; an empty one is no field. */
const cellOf = (cell: string): unknown => (/^(-?\d+(\.\d+)?|true|false|null)$/.test(cell) ? JSON.parse(cell) : cell)

const readCsv = (text: string): Read => {
  const rows = csvRows(text)
  const [head, ...body] = rows
  if (head === undefined) return { problem: "There is no line in it." }
  const values = body.map((cells, at) => {
    const fields = head.flatMap((name, column) => {
      const cell = cells[column] ?? ""
      return cell === "" ? [] : [[name, name === "id" ? cell : cellOf(cell)] as const]
    })
    return [`Row ${at + 2}`, Object.fromEntries(fields)] as const
  })
  return gather(values)
}

/** By RFC 4180: quoted cells hold commas, line ends and doubled quotes. */
const csvRows = (text: string): ReadonlyArray<ReadonlyArray<string>> => {
  const rows: Array<Array<string>> = []
  let row: Array<string> = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
    if (end === ",") continue
    if (row.length > 1 || row[0] !== "") rows.push(row)
    row = []
  }
  return rows
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
