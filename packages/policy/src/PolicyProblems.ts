/**
 * What is wrong with a policy document, told part by part and up to a bound: a text of 64 KiB can have a hundred thousand
 * faults, and nobody reads more than the first. What a fault is, is said elsewhere.
 */

/** Problems that are told; nothing is looked at behind them. */
export const problemsMax = 50

/** A type, rule or test, asked for its problems when it is its turn. */
export type Part = () => Iterable<string>

/** The first problems of the parts, in their order, and how many parts were not looked at to their end. */
export const tell = (parts: ReadonlyArray<Part>): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const [place, part] of parts.entries()) {
    for (const problem of part()) {
      if (found.length < problemsMax) {
        found.push(problem)
        continue
      }
      const left = parts.length - place
      const what = `${left} of ${parts.length} types, rules and tests were not looked at to their end`
      return [...found, `these are the first ${problemsMax} problems; ${what}`]
    }
  }
  return found
}
