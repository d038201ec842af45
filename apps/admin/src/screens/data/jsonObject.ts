/** JSON objects as people type them into a field. */

interface JsonObject {
  readonly [name: string]: unknown
}

/** Nothing where it is empty or none. */
export const objectOf = (text: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

/** Why it is no object; an empty text is well enough. */
export const objectProblem = (text: string): string | null =>
  text.trim() === "" || objectOf(text) !== undefined ? null : 'This must be a JSON object, such as {"title":"Milk"}.'
