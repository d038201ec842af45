/**
 * A field with a value as people write it behind a flag: `field=value`. What it is compared with is the commands'.
 */
import { Partition } from "@syncline/core"
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

/** The header that a command names, by its values one by one or as JSON; nothing where it names none. */
export const header = Effect.fnUntraced(function* (conditions: ReadonlyArray<string>) {
  const [only] = conditions
  if (conditions.length === 1 && only!.startsWith("{")) return yield* wholeHeader(only!)
  const values = yield* Effect.forEach(conditions, (each) => parse("--header", each))
  return values.length === 0 ? undefined : Object.fromEntries(values)
})

/** As the message shows it that asks for it: `{}` is a record without header fields. */
const wholeHeader = Effect.fnUntraced(function* (text: string) {
  const named = yield* Effect.try({
    try: () => JSON.parse(text) as unknown,
    catch: () => because(new UsageInvalid({ problem: `--header ${text} is not JSON` }))
  })
  const problem = Partition.headerProblem(named)
  if (problem !== undefined) return yield* because(new UsageInvalid({ problem: `--header ${text}: ${problem}` }))
  return named as Partition.HeaderValues
})

const scalarOf = (text: string): Scalar => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? text : (value as Scalar)
  } catch {
    return text
  }
}
