/** Batches of records in a space of many partitions: others are served meanwhile. */
import { expect, it } from "vitest"
import { openLiveHub } from "../live/liveHub.ts"

const partitions = 500
const stages = ["first", "second"] as const

it("[HE-13] a batch keeps nobody else waiting, however many partitions its records lie in", async () => {
  const hub = await openLiveHub({ policy: "enterprise" })
  const owner = await hub.owner()
  const put = (stage: string, field: string) =>
    owner.ask("POST", "/entities/task/batch", {
      items: Array.from({ length: partitions }, (_, at) => ({
        id: `${stage}-${at}`,
        header: { team: `${stage}-${at}` },
        fields: { [field]: "x" }
      }))
    })
  for (const stage of stages) expect((await put(stage, "title")).status).toBe(200)
  const longest = stretches()
  // Fields that no record has yet are looked for in others.
  for (const stage of stages) expect((await put(stage, "note")).status).toBe(200)
  // A third of what it was when each record was looked up without a pause.
  expect(longest()).toBeLessThan(150)
}, 60_000)

/** The longest that this thread worked between two turns, in milliseconds of its own: what else runs on the machine does not count. */
const stretches = (): (() => number) => {
  const workedMs = () => (process.threadCpuUsage().user + process.threadCpuUsage().system) / 1_000
  let [longestMs, lastMs, isOver] = [0, workedMs(), false]
  const turn = (): void => {
    const nowMs = workedMs()
    longestMs = Math.max(longestMs, nowMs - lastMs)
    lastMs = nowMs
    if (!isOver) setTimeout(turn, 1)
  }
  turn()
  return () => {
    isOver = true
    return longestMs
  }
}
