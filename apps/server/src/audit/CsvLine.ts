/** Lines of a table that a spreadsheet opens: no cell of it is a formula, whoever wrote what stands there. */

/** What a spreadsheet would read as a formula. */
const formula = /^[=+\-@\t\r]/

const cellOf = (value: string | number | boolean): string => {
  if (typeof value !== "string") return String(value)
  const text = formula.test(value) ? `'${value}` : value
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** One line with its end, as RFC 4180 has it. A text that begins like a formula gets an apostrophe before it. */
export const of = (cells: ReadonlyArray<string | number | boolean>): string => `${cells.map(cellOf).join(",")}\r\n`
