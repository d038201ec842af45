/**
 * How long something takes in this process: by the clock, and in processor time of all its threads. The second hardly
 * changes when other programs use the machine.
 */
import { performance } from "node:perf_hooks"

export interface Timing {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Runs `body` and times it. */
export const timed = async (body: () => unknown): Promise<Timing> => {
  const cpu = process.cpuUsage()
  const beganMs = performance.now()
  await body()
  const seconds = (performance.now() - beganMs) / 1000
  const { system, user } = process.cpuUsage(cpu)
  return { seconds, cpuSeconds: (system + user) / 1e6 }
}
