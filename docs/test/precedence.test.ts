// The one sentence that says which rule of a policy counts stands wherever people read about policies.
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"

const sentence = "forbid beats allow, then peer grant, then highest team role, then default, then deny"

it("[EP-1] the order of rules is told word for word in the README, for who operates a hub, and in the rules", () => {
  for (const file of ["README.md", "docs/OPERATIONS.md", "packages/policy/SPEC.md"]) {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8").replaceAll(/\s+/g, " ")
    expect([file, text.includes(sentence)]).toEqual([file, true])
  }
})
