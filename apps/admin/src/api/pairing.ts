/** Questions about devices that want to come in by a code. */
import type { AdminPairing } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask } from "./ask.ts"

export type Pairing = typeof AdminPairing.Pairing.Type
export type PairingCode = typeof AdminPairing.Code.Type
export type PairingJoin = typeof AdminPairing.Join.Type

/** How often a code is looked after, in milliseconds. */
const codeMs = 3_000

/** A device that asked waits for two minutes; what became of one is told as it happens. */
export const pairingQuery = queryOptions({
  queryKey: ["joining", "pairing"],
  queryFn: ({ signal }) => ask<Pairing>("GET", "/pairing", { signal }),
  // Nobody tells that another code took the place of this one.
  refetchInterval: ({ state }) => ((state.data?.code ?? null) === null ? false : codeMs)
})

/** What became of a device that asked, as long as the hub remembers it. */
export const joinQuery = (id: string) =>
  queryOptions({
    queryKey: ["joining", "pairing", id],
    queryFn: ({ signal }) => ask<PairingJoin>("GET", `/pairing/requests/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: ({ state }) => (isUnderWay(state.data) ? 1_000 : false)
  })

const isUnderWay = (join: PairingJoin | undefined): boolean =>
  join?.answer !== "declined" && (join?.outcome === "waiting" || join?.outcome === "granted")
