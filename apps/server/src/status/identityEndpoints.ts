/** Who this hub is, for a device that is about to join. A session proves the peer id later, and the answer grants nothing. */
import { AdminIdentity } from "@syncline/core/admin"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import { HubIdentity } from "./HubIdentity.ts"

export const identityEndpoints = [
  endpoint({
    id: "identity.get",
    method: "GET",
    path: "/identity",
    summary: "Who this hub is and where it is reached.",
    tag: "identity",
    access: { kind: "open" },
    answer: AdminIdentity,
    problems: {},
    run: () => Effect.map(HubIdentity, ({ current }) => current)
  })
]
