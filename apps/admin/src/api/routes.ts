/** Questions about the ways to peers: routes that are dialled, mailboxes that store and forward, lists of peers. */
import type { AdminPeers } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask } from "./ask.ts"

export type Route = AdminPeers.Route
export type RouteTest = typeof AdminPeers.RouteTest.Type
type Mailboxes = typeof AdminPeers.Mailboxes.Type
export type Mailbox = Mailboxes["mailboxes"][number]
type Lists = typeof AdminPeers.Lists.Type

/** In the order in which they are tried. */
export const routesQuery = queryOptions({
  queryKey: ["routes", "dialled"],
  queryFn: async ({ signal }) => (await ask<typeof AdminPeers.Routes.Type>("GET", "/routes", { signal })).routes
})

export const mailboxesQuery = queryOptions({
  queryKey: ["routes", "mailboxes"],
  queryFn: async ({ signal }) => (await ask<Mailboxes>("GET", "/mailboxes", { signal })).mailboxes
})

export const listsQuery = queryOptions({
  queryKey: ["routes", "lists"],
  queryFn: async ({ signal }) => (await ask<Lists>("GET", "/lists", { signal })).lists
})
