/**
 * What people read of a hub's answers, whatever these are: an entry a line, its fields side by side, times as times. Programs read the
 * answers themselves.
 */
import * as PlainText from "./PlainText.ts"
import * as PointInTime from "./PointInTime.ts"

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** One value beside its name. */
const wordOf = (name: string, value: unknown): string => {
  if (value === null) return "-"
  if (typeof value === "number" && name.endsWith("Ms") && value > 1e11) return PointInTime.printMs(value)
  if (typeof value === "string") return PlainText.part(value)
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return PlainText.part(value.join(", "))
  return PlainText.part(JSON.stringify(value))
}

/** An entry of a list. */
export const line = (entry: unknown): string => {
  if (!isObject(entry)) return wordOf("", entry)
  return Object.entries(entry)
    .map(([name, value]) => (name === "id" ? wordOf(name, value) : `${name} ${wordOf(name, value)}`))
    .join("  ")
}

/** The list that an answer is, in pages or as a whole; what stands beside it is told behind it. */
export const listIn = (
  answer: unknown
): { readonly items: ReadonlyArray<unknown>; readonly rest: object } | undefined => {
  if (!isObject(answer)) return undefined
  const names = Object.keys(answer)
  const name = names.includes("items") ? "items" : names.length === 1 ? names[0]! : ""
  const items = answer[name]
  if (!Array.isArray(items)) return undefined
  const { [name]: _, next: __, ...rest } = answer
  return { items, rest }
}

/** An answer that is no list. */
export const text = (answer: unknown): string => {
  if (answer === undefined) return "Done."
  if (!isObject(answer)) return wordOf("", answer)
  return Object.entries(answer)
    .flatMap(([name, value]) => {
      const isList = Array.isArray(value) && value.some(isObject)
      if (!isList) return [`${name}: ${isObject(value) ? line(value) : wordOf(name, value)}`]
      return [`${name}:`, ...(value as ReadonlyArray<unknown>).map((each) => `  ${line(each)}`)]
    })
    .join("\n")
}
