/** Conditions on fields as somebody types them, one a line, and as the hub takes them. */

export type Parsed = { readonly where: string | undefined } | { readonly problem: string }

/** Conditions of one question. */
export const conditionsMax = 8

const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `title=Milk` and `done=true`; what JSON reads as a value is that, `"5"` is the text. Empty for all records. */
export const parseConditions = (text: string): Parsed => {
  const lines = text.split(/\n|;/).flatMap((line) => (line.trim() === "" ? [] : [line.trim()]))
  if (lines.length > conditionsMax) return { problem: `At most ${conditionsMax} conditions.` }
  const entries: Array<readonly [string, unknown]> = []
  for (const line of lines) {
    const at = line.indexOf("=")
    if (at < 1) return { problem: `"${line}" must be a field, = and a value.` }
    const value = valueOf(line.slice(at + 1).trim())
    if (typeof value === "object" && value !== null) return { problem: `The value of "${line}" must be a single one.` }
    entries.push([line.slice(0, at).trim(), value])
  }
  return { where: entries.length === 0 ? undefined : JSON.stringify(Object.fromEntries(entries)) }
}

/** The same back, for the field that it was typed into. */
export const conditionText = (where: string | undefined): string => {
  if (where === undefined) return ""
  try {
    const entries = Object.entries(JSON.parse(where) as Record<string, unknown>)
    return entries.map(([name, value]) => `${name}=${shown(value)}`).join("; ")
  } catch {
    return where
  }
}

const shown = (value: unknown): string =>
  typeof value === "string" && valueOf(value) === value ? value : JSON.stringify(value)
