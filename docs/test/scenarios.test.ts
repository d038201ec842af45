// SCENARIOS.md says where each named scenario of the seed systems is shown, or why it is not. It may not promise a test
// that is not there, nor leave one out.
import { describe, expect, it } from "vitest"
import { exists, files, read } from "./repositoryTree.ts"

const table = "docs/SCENARIOS.md"
const folder = "packages/policy/test/scenarios"

interface Row {
  readonly system: string
  readonly name: string
  /** The file of its test, or nothing. */
  readonly file: string | undefined
  readonly words: string
}

/** Rows ``| `name` | [word](path) what differs |`` or ``| `name` | — why not |``, below the heading of a system. */
const rows: ReadonlyArray<Row> = read(table)
  .split(/^## /m)
  .slice(1)
  .flatMap((section) =>
    [...section.matchAll(/^\| `(\w+)` \| (?:\[\w+\]\(\.\.\/([^)]+)\)|—) ?(.*?) *\|$/gm)].map(
      ([, name, file, words]) => ({
        system: section.split(/\W/)[0]!.toLowerCase(),
        name: name!,
        file,
        words: words!
      })
    )
  )

/** `system name` of each test's title, with the file that it stands in. */
const shown = files([`${folder}/*.test.ts`]).flatMap((file) =>
  [...read(file).matchAll(/\bit(?:\.\w+)?\(\s*"(?:\[[A-Z]+-\d+\] )*([^"]*)"/g)].map(([, title]) => ({
    file,
    title: title!
  }))
)
const named = shown.flatMap(({ file, title }) => {
  const [, system, name] = /^(privstack|eidetica) (\w+): ./.exec(title) ?? []
  return system === undefined ? [] : [`${system} ${name} in ${file}`]
})

describe("the scenarios of the seed systems", () => {
  it("stand each in one row, and every line of the tables is one", () => {
    const names = rows.map(({ system, name }) => `${system} ${name}`)
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
    expect(new Set(rows.map(({ system }) => system))).toEqual(new Set(["privstack", "eidetica"]))
    const lines = [...read(table).matchAll(/^\| `/gm)]
    expect(lines.length).toBe(rows.length)
  })

  it("have the test that their row names, or a sentence that says why there is none", () => {
    const promised = rows.filter(({ file }) => file !== undefined)
    const missing = promised.filter(({ file, name, system }) => !named.includes(`${system} ${name} in ${file}`))
    expect(
      missing.map(({ name, file }) => `${name}: ${exists(file!) ? "no such test in" : "no file"} ${file}`)
    ).toEqual([])
    const silent = rows.filter(({ file, words }) => file === undefined && !/^.{30,}\.$/.test(words))
    expect(silent.map(({ name }) => name)).toEqual([])
  })

  it("are the only tests in their folder, each with a row", () => {
    expect(shown.length).toBeGreaterThan(rows.length / 2)
    const told = new Set(rows.flatMap(({ file, name, system }) => (file ? [`${system} ${name} in ${file}`] : [])))
    expect(named.filter((name) => !told.has(name))).toEqual([])
    expect(shown.filter(({ title }) => !/^(privstack|eidetica) \w+: ./.test(title))).toEqual([])
  })
})
