/** Questions about peers, and the ways to them. */
import type { AdminPeers } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask, part } from "./ask.ts"
import { allOf } from "./pages.ts"

export type Peer = AdminPeers.Peer

export const peersQuery = queryOptions({
  queryKey: ["peers", "all"],
  queryFn: ({ signal }) => allOf<Peer>("/peers", signal)
})

export const peerQuery = (peer: string) =>
  queryOptions({
    queryKey: ["peers", "one", peer],
    queryFn: ({ signal }) => ask<Peer>("GET", `/peers/${part(peer)}`, { signal })
  })
