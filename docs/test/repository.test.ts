// The repository's own rules, those that no compiler or linter can see. docs/GUARDS.md lists them.
// Every check collects all its findings before it fails, and holds on a tree where a package does not stand yet.
import { basename } from "node:path"
import { describe, expect, it } from "vitest"
import { exists, files, manifests, matchesIn, packageFolders, read } from "./repositoryTree.ts"

const sources = files(["packages/*/src/**/*.{ts,tsx}", "apps/*/src/**/*.{ts,tsx}", "bench/src/**/*.ts"]).concat(
  files(["examples/*/src/**/*.ts"])
)
const tests = files(["packages/*/test/**/*.ts", "apps/*/test/**/*.ts", "examples/*/test/**/*.ts", "docs/test/**/*.ts"])
const suites = files(["packages/*/src/testing/**/*.ts"])
const tooling = files(["scripts/**/*.mjs", "*.ts", "*.yaml", ".ci/*"])

describe("files", () => {
  it("open with a paragraph that says what they are for", () => {
    const headless = sources.filter((path) => {
      const text = read(path).replace(/^#!.*\n/, "")
      const header = /^(?:\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[0] ?? ""
      return header.replaceAll(/[/*\s]/g, "").length < 30
    })
    expect(headless).toEqual([])
  })

  it("are not drawers", () => {
    const drawer = /^(utils?|helpers?|commons?|misc|shared|types?|constants?|managers?)$/i
    const drawers = [...sources, ...tests, ...tooling].filter((path) =>
      path.split("/").some((part) => drawer.test(part.replace(/(\.test)?\.\w+$/, "")))
    )
    expect(drawers).toEqual([])
  })

  it("leave no work marked for later", () => {
    const marks = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|")})\\b`)
    expect(matchesIn([...sources, ...tests, ...tooling], marks)).toEqual([])
  })

  it("import nothing at run time in core, where the import rules could not see it", () => {
    expect(matchesIn(files(["packages/core/src/**/*.ts"]), /\bimport\((?!\.)|\brequire\(/)).toEqual([])
  })
})

describe("tests", () => {
  it("are all run", () => {
    const skipped =
      /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:skip|only|todo|fails)\b|\b(?:xit|xdescribe|fit|fdescribe)\(/
    expect(matchesIn([...tests, ...suites], skipped)).toEqual([])
  })
})

// A rule is declared in a SPEC.md as **[XX-1]** and cited by a test whose title begins with [XX-1].
describe("rules", () => {
  const specs = packageFolders()
    .map((folder) => `${folder}/SPEC.md`)
    .filter(exists)
  const declared = specs.flatMap((path) => [...read(path).matchAll(/\*\*\[([A-Z]{2,}-\d+)\]\*\*/g)].map(([, id]) => id))
  const titles = [...tests, ...suites].flatMap((path) => read(path).match(/["'`](?:\[[A-Z]{2,}-\d+\][ ,]*)+/g) ?? [])
  const cited = new Set(titles.flatMap((title) => [...title.matchAll(/\[([A-Z]{2,}-\d+)\]/g)].map(([, id]) => id)))

  it("are numbered once", () => {
    expect(declared.filter((id, index) => declared.indexOf(id) !== index)).toEqual([])
  })

  it("are each cited by a test", () => {
    expect(declared.filter((id) => !cited.has(id))).toEqual([])
  })

  it("exist where the table of attacks names them", () => {
    const named = [...read("docs/THREATS.md").matchAll(/\b[A-Z]{2,3}-\d+\b/g)].map(([id]) => id)
    expect(named.length).toBeGreaterThan(40)
    expect(named.filter((id) => !declared.includes(id))).toEqual([])
  })

  it("exist when a test cites them", () => {
    expect([...cited].filter((id) => !declared.includes(id))).toEqual([])
  })
})

// Reasons are the tagged errors in *Error.ts; the class named like the file is the boundary's own error.
// A package's SPEC.md has a section "## Errors" with a row "| `Reason` | ..." for each.
describe("errors", () => {
  const declaration = /class (\w+) extends (?:Schema|Data)\.TaggedError(?:Class)?\b[^(]*\((?:\)\(\s*)?"([^"]*)"/g
  const errorFiles = sources.filter((path) => /Error\.tsx?$/.test(path))

  it("are declared in a file named *Error.ts, each under its own name, each saying whether to try again", () => {
    const elsewhere = matchesIn(
      sources.filter((path) => !errorFiles.includes(path)),
      /extends (?:Schema|Data)\.TaggedError/
    )
    const wrong = errorFiles.flatMap((path) =>
      read(path)
        .split(/(?=^(?:export )?class )/m)
        .slice(1)
        .flatMap((body) => {
          const [, name, tag] = [...body.matchAll(declaration)][0] ?? []
          if (name === undefined) return []
          const problems = name === tag ? [] : [`${path}: ${name} has the tag ${tag}`]
          return body.includes("isRetryable") ? problems : [...problems, `${path}: ${name} has no isRetryable`]
        })
    )
    expect([...elsewhere, ...wrong]).toEqual([])
  })

  for (const folder of packageFolders().filter((each) => each.startsWith("packages/") || exists(`${each}/SPEC.md`))) {
    const own = errorFiles.filter((path) => path.startsWith(`${folder}/`))
    const classes = own.flatMap((path) => [...read(path).matchAll(declaration)].map(([, name]) => ({ path, name })))
    const reasons = classes.filter(({ path, name }) => `${name}.ts` !== basename(path)).map(({ name }) => name)
    const section = exists(`${folder}/SPEC.md`) ? (read(`${folder}/SPEC.md`).split(/^## Errors$/m)[1] ?? "") : ""
    const rows = [...(section.split(/^## /m)[0] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)

    it(`of ${folder} have a row under "## Errors" of its SPEC.md, and every row an error`, () => {
      expect({
        reasonsWithoutRow: reasons.filter((name) => !rows.includes(name)),
        rowsWithoutReason: rows.filter((row) => !classes.some(({ name }) => name === row)),
        rowsTwice: rows.filter((row, index) => rows.indexOf(row) !== index)
      }).toEqual({ reasonsWithoutRow: [], rowsWithoutReason: [], rowsTwice: [] })
    })
  }
})

describe("documents", () => {
  it("name the guard of every invariant", () => {
    const text = exists("docs/ARCHITECTURE.md") ? read("docs/ARCHITECTURE.md") : ""
    const items = text.split(/^(?=- |#)|\n\n/m).map((item) => item.trim())
    expect(items.filter((item) => /^- (\*\*)?I-\d+/.test(item) && !/\[\w[^\]]+\]\.?$/.test(item))).toEqual([])
  })

  it("list every guard of npm run check, and no other", () => {
    const guards = [...read("scripts/guards.mjs").matchAll(/name: "(\w+)"/g)].map(([, name]) => name)
    const rows = [...read("docs/GUARDS.md").matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
    expect(new Set(rows)).toEqual(new Set(guards))
  })

  it("say why each third-party package is here, at the version in the catalog", () => {
    const catalog =
      read("pnpm-workspace.yaml")
        .split(/^catalog:\n/m)[1]
        ?.split(/^\S/m)[0] ?? ""
    const pinned = [...catalog.matchAll(/^ {2}"?([^":]+)"?: (\S+)$/gm)].map(([, name, version]) => `${name} ${version}`)
    const table = read("docs/decisions/0002-dependencies.md")
    const rows = [...table.matchAll(/^\| `([^`]+)` \| (\S+) \|/gm)].map(([, name, version]) => `${name} ${version}`)
    expect(rows.sort()).toEqual(pinned.sort())
  })
})

describe("set-up", () => {
  it("pins every third-party version exactly", () => {
    const loose = matchesIn(["pnpm-workspace.yaml"], /^ {2}\S+: [\^~><*]/)
    expect(loose).toEqual([])
  })

  it("keeps the plugin without which the effect diagnostics check no file and still pass", () => {
    expect(read("tsconfig.base.json")).toContain('"@effect/language-service"')
  })

  it("opens doors one by one", () => {
    const wide = manifests().flatMap(({ name, exports }) =>
      Object.keys(exports)
        .filter((door) => door.includes("*") && exports[door] !== null)
        .map((door) => `${name} ${door}`)
    )
    expect(wide).toEqual([])
  })
})
