/**
 * What the figures were measured on. Without it they mean nothing.
 */
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os"

export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly memoryGigabytes: number
  readonly system: string
  readonly node: string
  /** Mean number of runnable processes over the last minute, others' included. */
  readonly load: number
}

export const facts = (): Machine => ({
  cores: availableParallelism(),
  processor: cpus()[0]?.model.trim() ?? "unknown",
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${release()}`,
  node: process.version,
  load: Math.round((loadavg()[0] ?? 0) * 100) / 100
})
