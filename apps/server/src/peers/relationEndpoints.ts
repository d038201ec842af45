/** What Eidetica's programs ask of a space: with whom it is synced, and a ticket by which others name it. In the words of this hub they are peers and pauses. */
import { type AdminIdentity, AdminPage, AdminPeers } from "@syncline/core/admin"
import { Journal } from "@syncline/core"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import { HubIdentity } from "../status/HubIdentity.ts"
import * as PeerActs from "./PeerActs.ts"
import { page } from "./peerEndpoints.ts"
import * as peerProblems from "./peerProblems.ts"
import * as PeerView from "./PeerView.ts"
import { because, NoneHere, type PeersError } from "./PeersError.ts"

const common = { tag: "relations", problems: peerProblems.all } as const
const reading = { ...common, access: { kind: "scope", scope: "peers:read" } } as const
const writing = { ...common, access: { kind: "scope", scope: "peers:write" }, audit: "path" } as const

interface OwnSpace extends Pick<AdminIdentity, "addresses" | "policy"> {
  readonly id: string
  readonly name: string
}

/** Fails with `NoneHere` for any but the hub's own space, named or by its id. */
export const own = Effect.fnUntraced(function* (
  asked: string
): Effect.fn.Return<OwnSpace, PeersError, HubIdentity | Journal.Journal> {
  const { current } = yield* HubIdentity
  const id = (yield* Journal.Journal).info.space
  if (asked !== current.space && asked !== id) {
    return yield* Effect.fail(because(new NoneHere({ kind: "space", id: asked })))
  }
  return { id, name: current.space, addresses: current.addresses, policy: current.policy }
})

const relationOf = ({ peer, provenAtMs, route, state }: AdminPeers.Peer) => ({
  peer,
  isSyncing: state !== "paused" && state !== "blocked",
  route,
  provenAtMs
})

/** As Eidetica writes it: the space, then each place where it is reached. */
export const ticketOf = (space: string, addresses: ReadonlyArray<string>): string =>
  `eidetica:?db=${encodeURIComponent(space)}${addresses.map((address) => `&pr=${encodeURIComponent(address)}`).join("")}`

export const relationEndpoints = [
  endpoint({
    ...reading,
    id: "relations.list",
    method: "GET",
    path: "/spaces/:space/relations",
    summary: "Peers with which the space is synced or was, by their ids.",
    params: AdminPeers.OfSpace,
    query: AdminPage.Query,
    answer: AdminPeers.Relations,
    run: Effect.fnUntraced(function* ({ params: { space }, query }) {
      yield* own(space)
      const { items, next } = yield* page(query)
      return { items: items.map(relationOf), next }
    })
  }),
  endpoint({
    ...reading,
    id: "relations.get",
    method: "GET",
    path: "/spaces/:space/relations/:peer",
    summary: "Whether the space is synced with a peer.",
    params: AdminPeers.OfRelation,
    answer: AdminPeers.Relation,
    run: Effect.fnUntraced(function* ({ params: { peer, space } }) {
      yield* own(space)
      return relationOf(yield* PeerView.one(peer))
    })
  }),
  endpoint({
    ...writing,
    id: "relations.add",
    method: "PUT",
    path: "/spaces/:space/relations/:peer",
    summary: "Syncs the space with a peer again that was paused.",
    params: AdminPeers.OfRelation,
    answer: "none",
    run: Effect.fnUntraced(function* ({ params: { peer, space } }) {
      yield* own(space)
      yield* PeerActs.resume(peer)
    })
  }),
  endpoint({
    ...writing,
    id: "relations.remove",
    method: "DELETE",
    path: "/spaces/:space/relations/:peer",
    summary: "Pauses a peer, so that the space is not synced with it.",
    params: AdminPeers.OfRelation,
    answer: "none",
    run: Effect.fnUntraced(function* ({ params: { peer, space } }) {
      yield* own(space)
      yield* PeerActs.pause(peer)
    })
  }),
  endpoint({
    ...reading,
    id: "tickets.make",
    method: "POST",
    path: "/spaces/:space/tickets",
    summary: "A text that names the space and where this hub is reached. It lets nobody in; an invitation does.",
    params: AdminPeers.OfSpace,
    answer: AdminPeers.Ticket,
    run: Effect.fnUntraced(function* ({ params: { space } }) {
      const { addresses, id } = yield* own(space)
      return { ticket: ticketOf(id, addresses), space: id, addresses }
    })
  })
]
