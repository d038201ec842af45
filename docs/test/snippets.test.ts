// Code in documents is a file that compiles and runs elsewhere; here it must be the same text.
import { readFileSync } from "node:fs"
import { Effect, Redacted } from "effect"
import { describe, expect, it } from "vitest"
import { atHome, everywhere, fixed } from "../snippets/direct.ts"
import { address, choices } from "../snippets/folder.ts"
import { canListen } from "../snippets/transports.ts"

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

/** The code of a document, the first unless another place is given. */
const shownIn = (document: string, language = "ts", place = 0): string | undefined =>
  [...read(document).matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))][place]?.[1]?.trim()

describe("snippets", () => {
  it("the README shows docs/snippets/hello.ts as it is", () => {
    expect(shownIn("README.md")).toBe(read("docs/snippets/hello.ts").trim())
  })

  it("HOOKS.md shows docs/snippets/hooks.ts as it is", () => {
    expect(shownIn("docs/HOOKS.md")).toBe(read("docs/snippets/hooks.ts").trim())
  })

  it("HISTORY.md shows docs/snippets/history.ts as it is", () => {
    expect(shownIn("docs/HISTORY.md")).toBe(read("docs/snippets/history.ts").trim())
  })

  it("OPERATIONS.md shows docs/snippets/quarantine.ts as it is", () => {
    expect(shownIn("docs/OPERATIONS.md")).toBe(read("docs/snippets/quarantine.ts").trim())
  })

  it("SEALED.md shows docs/snippets/sealed.ts as it is", () => {
    expect(shownIn("docs/SEALED.md")).toBe(read("docs/snippets/sealed.ts").trim())
  })

  it("ROADS.md shows docs/snippets/roads.ts as it is", () => {
    expect(shownIn("docs/ROADS.md")).toBe(read("docs/snippets/roads.ts").trim())
  })

  it("ROADS.md shows docs/snippets/cloud.ts as it is", () => {
    expect(shownIn("docs/ROADS.md", "ts", 1)).toBe(read("docs/snippets/cloud.ts").trim())
  })

  it("PAIRING.md shows docs/snippets/pairing.ts as it is", () => {
    expect(shownIn("docs/PAIRING.md")).toBe(read("docs/snippets/pairing.ts").trim())
  })

  it("OPERATIONS.md shows docs/snippets/policy.yaml as it is", () => {
    expect(shownIn("docs/OPERATIONS.md", "yaml")).toBe(read("docs/snippets/policy.yaml").trim())
  })

  it("the transport's README shows docs/snippets/transports.ts as it is, and it runs", () => {
    expect(shownIn("packages/transport-socketio/README.md")).toBe(read("docs/snippets/transports.ts").trim())
    expect(canListen).toEqual([false, true, true])
  })

  it("the folder's README shows docs/snippets/folder.ts as it is, and it runs", () => {
    expect(shownIn("packages/transport-fsfolder/README.md")).toBe(read("docs/snippets/folder.ts").trim())
    expect(address).toBe("/home/eva/Dropbox/Syncline")
    expect(choices.every((line) => line.includes(": "))).toBe(true)
  })

  it("libp2p's README shows docs/snippets/direct.ts as it is, and it runs", () => {
    expect(shownIn("packages/transport-libp2p/README.md")).toBe(read("docs/snippets/direct.ts").trim())
    const host = { seed: Redacted.make(new Uint8Array(32)), admits: () => Effect.succeed(true) }
    const transports = [everywhere, atHome, fixed].map((plugin) => plugin(host))
    expect(transports.map(({ finder }) => finder?.looksFar)).toEqual([true, false, true])
  })
})
