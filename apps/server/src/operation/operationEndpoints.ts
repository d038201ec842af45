/** How the hub runs: what it found when it looked at itself, of what it is made, and a file for whoever helps. */
import type { NodeServices } from "@syncline/node"
import { AdminOperation } from "@syncline/core/admin"
import { Effect } from "effect"
import type { Backups } from "../backup/Backups.ts"
import type { Imports } from "../exchange/Imports.ts"
import type { OpenGateways } from "../gateway/Gateways.ts"
import type { Accounts } from "../people/Accounts.ts"
import type { Quotas } from "./Quotas.ts"
import type { RunningHub } from "./RunningHub.ts"
import { type AnyEndpoint, endpoint } from "../rest/Endpoint.ts"
import * as StoreProblems from "../rest/StoreProblems.ts"
import { HubIdentity } from "../status/HubIdentity.ts"
import * as Diagnostics from "./Diagnostics.ts"
import * as Doctor from "./Doctor.ts"

const tag = "operation"
const version = Effect.map(HubIdentity, ({ current }) => current.version)

export const operationEndpoints: ReadonlyArray<
  AnyEndpoint<NodeServices | HubIdentity | Accounts | Backups | Imports | OpenGateways | Quotas | RunningHub>
> = [
  endpoint({
    id: "doctor.examine",
    method: "GET",
    path: "/doctor",
    summary:
      "What the hub finds when it looks at itself: disk, store, team, backups, certificate and more, with what to do.",
    tag,
    access: { kind: "scope", scope: "operate:read" },
    answer: AdminOperation.Doctor,
    problems: {},
    run: () => Doctor.examine
  }),
  endpoint({
    id: "about.get",
    method: "GET",
    path: "/about",
    summary: "Version of the hub and of what it runs on.",
    tag,
    access: { kind: "scope", scope: "status:read" },
    answer: AdminOperation.About,
    problems: {},
    run: () => Effect.flatMap(version, Diagnostics.about)
  }),
  endpoint({
    id: "diagnostics.collect",
    method: "GET",
    path: "/diagnostics",
    summary:
      "Versions, settings, checks, states and counts for whoever helps. No name, id, address, record or secret is in it.",
    tag,
    access: { kind: "scope", scope: "operate:read", isFresh: true },
    answer: AdminOperation.Diagnostics,
    problems: StoreProblems.journal,
    run: () => Effect.flatMap(version, Diagnostics.collect)
  })
]
