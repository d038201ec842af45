/** Where in a document a problem is: the line that it names, the rule or the test that it speaks of, else its first line. */

export interface Place {
  /** From 1. */
  readonly line: number
  readonly message: string
}

/** The line of a rule's id or a test's name; `undefined` where it does not stand by itself. */
export const lineOf = (text: string, key: "id" | "name", value: string): number | undefined => {
  const wanted = new RegExp(
    `^\\s*(?:-\\s*)?(?:\\{\\s*)?"?${key}"?\\s*:\\s*["']?${value.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}["']?\\s*(?:[,}#]|$)`
  )
  const at = text.split("\n").findIndex((line) => wanted.test(line))
  return at < 0 ? undefined : at + 1
}

const lineNamed = (text: string, problem: string): number => {
  const [, line] = /\bline (\d+)/.exec(problem) ?? []
  if (line !== undefined) return Number(line)
  const [, rule] = /^rule ([^:\s]+):/.exec(problem) ?? []
  if (rule !== undefined) return lineOf(text, "id", rule) ?? 1
  const [, test] = /^test (.+?): it /.exec(problem) ?? []
  return test === undefined ? 1 : (lineOf(text, "name", test) ?? 1)
}

export const placesOf = (text: string, problems: ReadonlyArray<string>): ReadonlyArray<Place> =>
  problems.map((message) => ({ message, line: Math.max(1, lineNamed(text, message)) }))
