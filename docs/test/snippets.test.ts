// Code in documents is a file that runs elsewhere; here it must be the same text.
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

describe("snippets", () => {
  it("the README shows docs/snippets/hello.ts as it is", () => {
    const [, shown] = /```ts\n([\s\S]*?)```/.exec(read("README.md")) ?? []
    expect(shown?.trim()).toBe(read("docs/snippets/hello.ts").trim())
  })
})
