// The guards of `npm run check`, cheapest first. docs/GUARDS.md says what each keeps and which fault it was seen to catch.
export const guards = [
  { name: "format", keeps: "one layout of the sources", command: "oxfmt", args: ["--check"] },
  {
    name: "lint",
    keeps: "lint rules, folder layers, single knowers",
    command: "oxlint",
    args: ["--type-aware", "--deny-warnings", "--report-unused-disable-directives"]
  },
  { name: "boundaries", keeps: "which package may import which", command: "turbo", args: ["boundaries"] },
  { name: "unused", keeps: "no unused file, export or dependency", command: "knip", args: [] },
  { name: "types", keeps: "strict types, closed doors", command: "turbo", args: ["run", "typecheck", "--continue"] },
  {
    name: "effects",
    keeps: "no floating or misused effect",
    command: "turbo",
    args: ["run", "diagnostics", "--continue"]
  },
  {
    name: "repository",
    keeps: "the rules of docs/test/repository.test.ts",
    command: "turbo",
    args: ["run", "test", "--filter=@syncline/docs"]
  }
]
