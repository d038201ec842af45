/** All that was asked of the hub, and when it is asked anew: after what happens there, and now and then where nothing tells. */
import { QueryClient } from "@tanstack/react-query"
import { hearIfOver, Refused } from "./api/ask.ts"
import { LiveLine } from "./live/LiveLine.ts"
import { gathering } from "./live/staleness.ts"

/** How often a question is asked again by itself that failed because the hub is away or busy. */
const retriesMax = 2
/** An answer is good for so long where nothing says otherwise, in milliseconds. */
const freshMs = 30_000

const isWorthAnother = (failures: number, error: Error): boolean =>
  failures < retriesMax && error instanceof Refused && (error.status === 0 || error.status === 503)

export const queries = new QueryClient({
  defaultOptions: {
    queries: { staleTime: freshMs, retry: isWorthAnother, refetchOnWindowFocus: true },
    mutations: { retry: false }
  }
})

const refresh = gathering((areas) => {
  if (areas === "all") return void queries.invalidateQueries()
  for (const area of areas) void queries.invalidateQueries({ queryKey: [area] })
})

export const line = new LiveLine(refresh, () => void hearIfOver())
