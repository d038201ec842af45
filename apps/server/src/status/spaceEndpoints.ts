/** The hub's one space, as far as the caller sees it. */
import type { NodeServices } from "@syncline/node"
import { Journal, SpaceKeys, StateHash } from "@syncline/core"
import { AdminPeers, AdminStatus } from "@syncline/core/admin"
import { Effect } from "effect"
import * as HttpServer from "../http/HttpServer.ts"
import * as peerProblems from "../peers/peerProblems.ts"
import { own } from "../peers/relationEndpoints.ts"
import * as Reader from "../records/Reader.ts"
import { type AnyEndpoint, endpoint } from "../rest/Endpoint.ts"
import type { Principal } from "../rest/Principal.ts"
import * as teamProblems from "../team/teamProblems.ts"
import { HubIdentity } from "./HubIdentity.ts"

const reading = {
  method: "GET",
  tag: "spaces",
  access: { kind: "scope", scope: "status:read" },
  problems: { ...peerProblems.all, ...teamProblems.team }
} as const

const shown = Effect.fnUntraced(function* (space: string, principal: Principal | undefined, isHashed: boolean) {
  const { id, name, policy } = yield* own(space)
  const { isAll, sees } = yield* Reader.of(principal)
  const seen = (yield* (yield* Journal.Journal).liveCounts).filter(({ partition }) => sees(partition))
  const { state: seal } = yield* (yield* SpaceKeys.SpaceKeys).status
  const records = seen.reduce((sum, { count }) => sum + count, 0)
  const hash = isHashed && isAll ? { stateHash: (yield* StateHash.compute()).hash } : {}
  return { id, name, policy, seal, records, partitions: seen.length, ...hash }
})

export const spaceEndpoints: ReadonlyArray<AnyEndpoint<NodeServices | HubIdentity>> = [
  endpoint({
    ...reading,
    id: "spaces.list",
    path: "/spaces",
    summary: "The spaces of this hub: there is one.",
    answer: AdminStatus.Spaces,
    run: Effect.fnUntraced(function* ({ principal }) {
      const { current } = yield* HubIdentity
      return { spaces: [yield* shown(current.space, principal, false)] }
    })
  }),
  endpoint({
    ...reading,
    id: "spaces.get",
    path: "/spaces/:space",
    summary: "A space by its name or its id; its state hash, where it is asked for by who sees all of it.",
    params: AdminPeers.OfSpace,
    query: AdminStatus.SpaceQuery,
    answer: AdminStatus.Space,
    answerMsMax: HttpServer.reviewMsMax,
    run: ({ params: { space }, principal, query: { hash } }) => shown(space, principal, hash === "true")
  })
]
