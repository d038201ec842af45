/** Routes that the hub dials, and the other roads by which it meets devices. */
import type { NodeServices } from "@syncline/node"
import { Orchestrator } from "@syncline/core"
import { AdminPeers } from "@syncline/core/admin"
import { Effect } from "effect"
import type { PeerServices } from "./PeerLayer.ts"
import { type AnyEndpoint, endpoint } from "../rest/Endpoint.ts"
import { AddressGuard } from "./AddressGuard.ts"
import * as PeerActs from "./PeerActs.ts"
import * as peerProblems from "./peerProblems.ts"
import { RouteTests } from "./RouteTests.ts"
import { SavedPeers } from "./SavedPeers.ts"

const common = { tag: "routes", problems: peerProblems.all } as const
const reading = { ...common, method: "GET", access: { kind: "scope", scope: "peers:read" } } as const
const writing = { ...common, access: { kind: "scope", scope: "peers:write" }, audit: "path" } as const

/** Longer than a dial may take. */
const testMsMax = 15_000

const status = Effect.flatMap(Orchestrator.Orchestrator, (orchestrator) => orchestrator.status)

const routes = Effect.gen(function* () {
  const saved = new Map((yield* (yield* SavedPeers).routes).map((route) => [route.address, route]))
  const shown = (yield* status).routes.map(({ lastError, peer, ...route }): AdminPeers.Route => {
    const kept = saved.get(route.address)
    return {
      ...route,
      peer: peer ?? null,
      lastError: lastError ?? null,
      note: kept?.note ?? "",
      isSaved: kept !== undefined
    }
  })
  const placeOf = ({ address }: AdminPeers.Route): number => saved.get(address)?.place ?? Infinity
  return { routes: shown.toSorted((one, other) => placeOf(one) - placeOf(other) || 0) }
})

export const routeEndpoints: ReadonlyArray<AnyEndpoint<NodeServices | PeerServices>> = [
  endpoint({
    ...reading,
    id: "routes.list",
    path: "/routes",
    summary: "Routes that the hub dials, in the order in which they are tried.",
    answer: AdminPeers.Routes,
    run: () => routes
  }),
  endpoint({
    ...writing,
    id: "routes.add",
    method: "POST",
    path: "/routes",
    summary: "A route to whoever answers there and is let in. It is dialled after a restart, too.",
    body: AdminPeers.NewRoute,
    status: 201,
    answer: AdminPeers.Routes,
    run: ({ body }) => Effect.andThen(PeerActs.addRoute(body), routes)
  }),
  endpoint({
    ...writing,
    id: "routes.remove",
    method: "DELETE",
    path: "/routes",
    summary: "Ends a route and its link.",
    query: AdminPeers.OfAddress,
    answer: "none",
    run: ({ query: { address } }) => PeerActs.removeRoute(address)
  }),
  endpoint({
    ...writing,
    id: "routes.order",
    method: "PUT",
    path: "/routes/order",
    summary: "Puts these routes in front, in this order. Links over routes that are kept are made anew.",
    body: AdminPeers.RouteOrder,
    answer: AdminPeers.Routes,
    run: ({ body: { addresses } }) => Effect.andThen(PeerActs.order(addresses), routes)
  }),
  endpoint({
    ...writing,
    id: "routes.test",
    method: "POST",
    path: "/routes/test",
    summary: "Whether somebody answers at an address: one dial, at most four at a time.",
    body: AdminPeers.OfAddress,
    answer: AdminPeers.RouteTest,
    answerMsMax: testMsMax,
    run: Effect.fnUntraced(function* ({ body: { address } }) {
      yield* (yield* AddressGuard).check(address)
      return yield* (yield* RouteTests).tryOut(address)
    })
  }),
  endpoint({
    ...reading,
    id: "mailboxes.list",
    path: "/mailboxes",
    summary: "Places that store and forward between the hub and devices that do not reach it.",
    answer: AdminPeers.Mailboxes,
    run: () =>
      Effect.map(status, ({ mailboxes }) => ({
        mailboxes: mailboxes.map(({ lastError, lookedAtMs, ...each }) => ({
          ...each,
          lookedAtMs: lookedAtMs ?? null,
          lastError: lastError ?? null
        }))
      }))
  }),
  endpoint({
    ...reading,
    id: "lists.list",
    path: "/lists",
    summary: "Lists of peers that the hub fetches.",
    answer: AdminPeers.Lists,
    run: () =>
      Effect.map(status, ({ lists }) => ({
        lists: lists.map(({ fetchedAtMs, lastError, ...each }) => ({
          ...each,
          fetchedAtMs: fetchedAtMs ?? null,
          lastError: lastError ?? null
        }))
      }))
  })
]
