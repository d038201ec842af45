/** Which doors for other systems' clients the hub has open, and what they cannot protect. */
import { AdminGateways } from "@syncline/core/admin"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import { OpenGateways } from "./Gateways.ts"

export const gatewayEndpoints = [
  endpoint({
    id: "gateways.list",
    method: "GET",
    path: "/gateways",
    summary: "Gateways that the settings open, what each cannot protect, and why one stays closed.",
    tag: "gateways",
    access: { kind: "scope", scope: "status:read" },
    answer: AdminGateways.Gateways,
    problems: {},
    run: () =>
      Effect.map(OpenGateways, ({ current }) => ({
        gateways: current.map(({ because, ...one }) => ({
          ...one,
          isOpen: because === undefined,
          because: because ?? null
        }))
      }))
  })
]
