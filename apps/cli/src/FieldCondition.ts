/**
 * A field with a value as people write it behind a flag: `field=value`. What it is compared with is the commands'.
 */
import { Effect } from "effect"
import { because, UsageInvalid } from "./CliError.ts"

export type Scalar = string | number | boolean | null

/** A value that reads as a JSON number, truth value, null or quoted text is that, else it is a text. */
export const parse = Effect.fnUntraced(function* (flag: string, condition: string) {
  const at = condition.indexOf("=")
  if (at < 1) {
    return yield* because(new UsageInvalid({ problem: `${flag} ${condition}: write it as ${flag} field=value` }))
  }
  return [condition.slice(0, at), scalarOf(condition.slice(at + 1))] as const
})

const scalarOf = (text: string): Scalar => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? text : (value as Scalar)
  } catch {
    return text
  }
}
