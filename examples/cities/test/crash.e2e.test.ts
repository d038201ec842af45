import { expect, it } from "vitest"
import { crashRun } from "./CrashRun.ts"

it("hub, writer and reader survive kill -9 with everything that was confirmed", { timeout: 180_000 }, async () => {
  const report = await crashRun({ records: 4000, patches: 100, kills: 6, everyMsMax: 1500, log: () => undefined })
  expect(report.missing).toEqual([])
  expect(new Set(report.states).size).toBe(1)
  expect(report.states[0]).toMatch(/ 4000$/)
  expect(report.victims).toEqual({ hub: 2, writer: 2, reader: 2 })
})
