/**
 * Values of fields: what JSON can hold. Bytes, dates and sets are not among them; a schema maps those to JSON.
 * Everything that arrives from outside passes `problem` before it is kept.
 */
import * as Limits from "./Limits.ts"

export type FieldValue =
  | null
  | boolean
  | number
  | string
  | ReadonlyArray<FieldValue>
  | { readonly [key: string]: FieldValue }

const forbiddenKeys = new Set(["__proto__", "constructor", "prototype"])

/** What is wrong with a field or type name, or `undefined` when it is fine. */
export const nameProblem = (name: unknown): string | undefined => {
  if (typeof name !== "string" || name.length === 0) return "a name must be a non-empty string"
  if (name.length > Limits.nameBytesMax) return `a name must have at most ${Limits.nameBytesMax} bytes`
  // Names that every object already answers to, such as `toString`, would be found where no field is.
  if (name.startsWith("$") || name in Object.prototype) return `"${name}" is a reserved name`
  return name.isWellFormed() ? undefined : "a name must be well-formed Unicode"
}

/** What is wrong with a value and where, or `undefined` when it may be kept. */
export const problem = (value: unknown): string | undefined => {
  const budget = { nodes: 0 }
  return check(value, "", 1, budget)
}

const check = (value: unknown, path: string, depth: number, budget: { nodes: number }): string | undefined => {
  switch (typeof value) {
    case "boolean":
      return undefined
    case "string":
      return value.isWellFormed() ? undefined : `${path || "the value"} is not well-formed Unicode`
    case "number":
      return Number.isFinite(value) ? undefined : `${path || "the value"} is not a finite number`
    case "object":
      return value === null ? undefined : checkNested(value, path, depth, budget)
    default:
      return `${path || "the value"} has type ${typeof value}, which JSON cannot hold`
  }
}

const checkNested = (value: object, path: string, depth: number, budget: { nodes: number }): string | undefined => {
  if (depth > Limits.valueDepthMax) return `${path || "the value"} is nested deeper than ${Limits.valueDepthMax}`
  const isArray = Array.isArray(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!isArray && prototype !== Object.prototype && prototype !== null) {
    return `${path || "the value"} is not a plain object`
  }
  for (const [key, element] of Object.entries(value)) {
    if (++budget.nodes > Limits.valueNodesMax) return `the value has more than ${Limits.valueNodesMax} parts`
    if (!isArray && forbiddenKeys.has(key)) return `the key "${key}" is not allowed`
    const found = check(element, isArray ? `${path}[${key}]` : `${path}.${key}`, depth + 1, budget)
    if (found !== undefined) return found
  }
  return undefined
}

/** JSON text with sorted keys: equal values have equal texts. */
export const canonicalText = (value: FieldValue): string => {
  if (value === null || typeof value !== "object") return JSON.stringify(value === 0 ? 0 : value)
  if (Array.isArray(value)) return `[${(value as ReadonlyArray<FieldValue>).map(canonicalText).join(",")}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, element]) => `${JSON.stringify(key)}:${canonicalText(element)}`).join(",")}}`
}

/** True when two values are the same JSON. */
export const same = (a: FieldValue, b: FieldValue): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && canonicalText(a) === canonicalText(b))
