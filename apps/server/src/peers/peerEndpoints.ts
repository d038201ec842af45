/** Peers: who there is, how it stands with each, and what people do about one. */
import { AdminPage, AdminPeers } from "@syncline/core/admin"
import type { PeerId } from "@syncline/core"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import * as PeerActs from "./PeerActs.ts"
import * as peerProblems from "./peerProblems.ts"
import * as PeerView from "./PeerView.ts"

const common = { tag: "peers", problems: peerProblems.all } as const
const reading = { ...common, access: { kind: "scope", scope: "peers:read" } } as const
const writing = { ...common, access: { kind: "scope", scope: "peers:write" }, audit: "path" } as const
const acting = { ...writing, method: "POST", params: AdminPeers.OfPeer } as const

/** A page of all peers that there is something to say of. */
export const page = Effect.fnUntraced(function* (
  query: AdminPage.Query
): Effect.fn.Return<AdminPage.Page<AdminPeers.Peer>, PeerView.Failures, PeerView.Needs> {
  const known = yield* PeerView.known()
  const { items, next } = AdminPage.cut<PeerId.PeerId>(known.ids, (id) => id, query)
  return { items: yield* PeerView.some(items, known), next }
})

export const peerEndpoints = [
  endpoint({
    ...reading,
    id: "peers.list",
    method: "GET",
    path: "/peers",
    summary: "Peers that were met, are named by a route or are paused, by their ids.",
    query: AdminPage.Query,
    answer: AdminPeers.Peers,
    run: ({ query }) => page(query)
  }),
  endpoint({
    ...reading,
    id: "peers.get",
    method: "GET",
    path: "/peers/:peer",
    summary: "A peer.",
    params: AdminPeers.OfPeer,
    answer: AdminPeers.Peer,
    run: ({ params: { peer } }) => PeerView.one(peer)
  }),
  endpoint({
    ...writing,
    id: "peers.add",
    method: "POST",
    path: "/peers",
    summary: "A route to a peer, which nobody else may answer at. Whether the peer is let in is not decided here.",
    body: AdminPeers.NewPeer,
    status: 201,
    answer: AdminPeers.Peer,
    run: ({ body }) => Effect.andThen(PeerActs.addRoute(body), PeerView.one(body.peer))
  }),
  endpoint({
    ...writing,
    id: "peers.remove",
    method: "DELETE",
    path: "/peers/:peer",
    summary: "Ends the links with a peer and removes its routes. It may call again itself.",
    params: AdminPeers.OfPeer,
    answer: "none",
    run: ({ params: { peer } }) => PeerActs.removePeer(peer)
  }),
  endpoint({
    ...acting,
    id: "peers.connect",
    path: "/peers/:peer/connect",
    summary: "Dials the routes to a peer now.",
    answer: AdminPeers.Touched,
    run: ({ params: { peer } }) => PeerActs.sync(peer)
  }),
  endpoint({
    ...acting,
    id: "peers.sync",
    path: "/peers/:peer/sync",
    summary: "Compares with a peer now.",
    answer: AdminPeers.Touched,
    run: ({ params: { peer } }) => PeerActs.sync(peer)
  }),
  endpoint({
    ...acting,
    id: "peers.pause",
    path: "/peers/:peer/pause",
    summary: "Ends the links with a peer and makes no new one, also after a restart, until it is resumed.",
    answer: AdminPeers.Touched,
    run: ({ params: { peer } }) => PeerActs.pause(peer)
  }),
  endpoint({
    ...acting,
    id: "peers.resume",
    path: "/peers/:peer/resume",
    summary: "Lets a paused peer have links again.",
    answer: AdminPeers.Touched,
    run: ({ params: { peer } }) => PeerActs.resume(peer)
  }),
  endpoint({
    ...acting,
    id: "peers.kick",
    path: "/peers/:peer/kick",
    summary: "Ends the links with a peer now. One that is let in may come back at once; a pause keeps it out.",
    answer: AdminPeers.Kicked,
    run: ({ params: { peer } }) => PeerActs.kick(peer)
  })
]
