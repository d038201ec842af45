// The story of a hub that dies, in shortened time.
import { expect, it } from "vitest"
import { play } from "../src/story.ts"

it(
  "[OR-67] devices go on through a folder when the hub is killed, and go back to it",
  { timeout: 120_000 },
  async () => {
    const lines: Array<string> = []
    const report = await play({ failOverMs: 2_000, failBackMs: 5_000, log: (line) => void lines.push(line) })
    expect(report.unequal).toBe(0)
    expect(report.records).toBe(4)
    expect(report.backMs).toBeGreaterThan(5_000)
    expect(lines.filter((line) => line.includes("goes by /")).length).toBe(2)
    expect(lines.filter((line) => line.includes("goes by the hub")).length).toBe(2)
  }
)
