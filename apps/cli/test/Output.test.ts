import { Writable } from "node:stream"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import * as Output from "../src/Output.ts"
import { StandardStreams } from "../src/StandardStreams.ts"

/** What comes out where a text is shown as it was written, on a terminal or elsewhere. */
const shown = async (text: string, isTTY: boolean, isJson = false): Promise<string> => {
  let said = ""
  const stdout = new Writable({ write: (chunk, _, done) => ((said += String(chunk)), done()) })
  const streams = { stdin: process.stdin, stderr: process.stderr, stdout: Object.assign(stdout, { isTTY }) }
  const output = Output.make(isJson)
  await Effect.runPromise(Effect.provideService(output.verbatim({ text }, text), StandardStreams, streams))
  return said
}

describe("a text as it was written", () => {
  const text = "# \u001b[2J\r\nversion: 1\n\n"

  it("[CL-80] is byte for byte what was written where no terminal shows it", async () => {
    expect(await shown(text, false)).toBe(text)
    expect(await shown("without an end", false)).toBe("without an end")
  })

  it("[CL-7] [CL-80] has no power over a terminal", async () => {
    expect(await shown(text, true)).toBe(String.raw`# \u{1b}[2J\u{d}` + "\nversion: 1\n\n")
    expect(await shown("without an end", true)).toBe("without an end\n")
    expect(await shown(text, true, true)).toBe(`${JSON.stringify({ text })}\n`)
  })
})
