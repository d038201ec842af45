// Seeds 1 to 250; split over two files so that two cores share the work.
import { describe, expect, it } from "vitest"
import { surveyProcess } from "./surveyProcess.ts"

describe("a cluster under faults", () => {
  it(
    "[SI-1][SI-2][SI-3][SI-4][SI-6][SI-7][SI-8][SI-9][SI-10][SI-11][SI-12] seeds 1 to 250 converge in time, lose and leak nothing, and replay alike",
    { timeout: 600_000 },
    async () => {
      const { failures, seedsWith } = await surveyProcess(1, 250, 1)
      expect(failures).toEqual([])
      expect(Object.entries(seedsWith).filter(([, seeds]) => seeds < 25)).toEqual([])
    }
  )
})
