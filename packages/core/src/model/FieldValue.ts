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
  const found = check(value, 1, { nodes: 0 })
  if (found === undefined) return undefined
  return found.path === undefined ? found.says : `${found.path || "the value"} ${found.says}`
}

/** What is wrong, and where below the value that was looked at; `undefined` for the value as a whole. */
interface Problem {
  readonly path: string | undefined
  readonly says: string
}

const here = (says: string): Problem => ({ path: "", says })
const anywhere = (says: string): Problem => ({ path: undefined, says })

const check = (value: unknown, depth: number, budget: { nodes: number }): Problem | undefined => {
  switch (typeof value) {
    case "boolean":
      return undefined
    case "string":
      return value.isWellFormed() ? undefined : here("is not well-formed Unicode")
    case "number":
      return Number.isFinite(value) ? undefined : here("is not a finite number")
    case "object":
      return value === null ? undefined : checkNested(value, depth, budget)
    default:
      return here(`has type ${typeof value}, which JSON cannot hold`)
  }
}

const checkNested = (value: object, depth: number, budget: { nodes: number }): Problem | undefined => {
  if (depth > Limits.valueDepthMax) return here(`is nested deeper than ${Limits.valueDepthMax}`)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = checkPart(value[i], depth, budget)
      if (found !== undefined) return below(`[${i}]`, found)
    }
    return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return here("is not a plain object")
  for (const [key, element] of Object.entries(value)) {
    if (forbiddenKeys.has(key)) return anywhere(`the key "${key}" is not allowed`)
    const found = checkPart(element, depth, budget)
    if (found !== undefined) return below(`.${key}`, found)
  }
  return undefined
}

const checkPart = (part: unknown, depth: number, budget: { nodes: number }): Problem | undefined =>
  ++budget.nodes > Limits.valueNodesMax
    ? anywhere(`the value has more than ${Limits.valueNodesMax} parts`)
    : check(part, depth + 1, budget)

const below = (step: string, { path, says }: Problem): Problem => ({
  path: path === undefined ? undefined : step + path,
  says
})

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
