/**
 * Watches the resident memory of a hub while something happens, by looking often. A peak between two looks is missed.
 */
import type { HubProcess } from "./HubProcess.ts"

const lookEveryMs = 25

/** Runs `body`; `grown` is the highest memory seen during it above that before it, in bytes. */
export const during = async <A>(
  hub: HubProcess,
  body: () => Promise<A>
): Promise<{ readonly result: A; readonly before: number; readonly grown: number }> => {
  const before = hub.memory()
  let peak = before
  const look = (): void => {
    peak = Math.max(peak, hub.memory())
  }
  const timer = setInterval(look, lookEveryMs)
  try {
    const result = await body()
    look()
    return { result, before, grown: peak - before }
  } finally {
    clearInterval(timer)
  }
}
