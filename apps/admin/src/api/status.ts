/** Questions about how the hub stands. */
import type { AdminStatus } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask } from "./ask.ts"

export type Status = AdminStatus.Status
export type Stats = typeof AdminStatus.Stats.Type
export type StatsPoint = AdminStatus.StatsPoint

/** How often what nobody tells is asked again, in milliseconds: a point of the statistics is of ten seconds. */
const pointMs = 10_000

export const statusQuery = queryOptions({
  queryKey: ["status", "now"],
  queryFn: ({ signal }) => ask<Status>("GET", "/status", { signal }),
  refetchInterval: pointMs * 3
})

export const statsQuery = queryOptions({
  queryKey: ["stats", "hour"],
  queryFn: ({ signal }) => ask<Stats>("GET", "/stats", { signal }),
  refetchInterval: pointMs
})
