// The story of a hub that dies, in shortened time, by each road.
import { expect, it } from "vitest"
import { play } from "../src/story.ts"

const failOverMs = 1_000
const failBackMs = 2_500
/** A dead hub is dialled every 24 s at the latest; with the real two minutes that makes two and a half. */
const backMsMax = failBackMs + 30_000
/** What is written waits 2 s for more, then devices look; the rest is for a busy machine. */
const overMsMax = failOverMs + 10_000

it.concurrent.each([
  { road: "folder", place: "/" },
  { road: "drive", place: "Google Drive of mia@example.com: Syncline" }
] as const)(
  "[OR-67] [RM-1] [CL-147] devices go on through a $road when the hub is killed, and go back to it; status tells it",
  { timeout: 120_000 },
  async ({ place, road }) => {
    const lines: Array<string> = []
    const drivePace = { pollEveryMs: 300, freshForMs: 0 }
    const report = await play({ road, drivePace, failOverMs, failBackMs, log: (line) => void lines.push(line) })
    expect(report.unequal).toBe(0)
    expect(report.records).toBe(4)
    expect(report.overMs).toBeLessThan(overMsMax)
    expect(report.backMs).toBeGreaterThan(failBackMs)
    expect(report.backMs).toBeLessThan(backMsMax)
    expect(lines.filter((line) => line.includes(`goes by ${place}`)).length).toBe(2)
    expect(lines.filter((line) => line.includes("goes by the hub")).length).toBe(2)
    const { back, gone } = report.told
    expect(gone).toEqual([
      expect.stringMatching(/^Link: +http:.* not there at .*; in step at /),
      expect.stringMatching(
        new RegExp(`^Road: +${place}.*, in use because there is no link by .*; 1 of 1 device there has the same$`)
      ),
      expect.stringMatching(new RegExp(`^Changed: .*: By ${place}.* from now on: there is no link by `))
    ])
    expect(back).toEqual([
      expect.stringMatching(/^Link: +http:.* in step at /),
      expect.stringMatching(new RegExp(`^Road: +${place}.*, looked into at `)),
      gone[2],
      expect.stringMatching(new RegExp(`^Changed: .*: Links again, not ${place}`))
    ])
  }
)
