/** The audit: its newest entries, and whether its chain holds. It changes nothing. */
import { AuditStore, Crypto, DeviceKey } from "@syncline/core"
import { AdminAudit } from "@syncline/core/admin"
import { AuditChain, AuditReport } from "@syncline/policy"
import { Effect, Schema } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import * as StoreProblems from "../rest/StoreProblems.ts"

const access = { kind: "scope", scope: "audit:read" } as const
const Query = Schema.Struct({
  ...AdminAudit.AuditQuery.fields,
  action: Schema.optionalKey(Schema.Literals(AuditChain.actions))
})

export const auditEndpoints = [
  endpoint({
    id: "audit.list",
    method: "GET",
    path: "/audit",
    summary: "The newest entries of the audit, the newest first.",
    tag: "audit",
    access,
    isTeams: true,
    query: Query,
    answer: AdminAudit.AuditEntries,
    problems: StoreProblems.journal,
    run: Effect.fnUntraced(function* ({ query: { denied, limit = AdminAudit.listedDefault, ...question } }) {
      const reads = yield* AuditStore.AuditStore
      return { entries: yield* AuditReport.list(reads, { ...question, limit, isDenied: denied === "true" }) }
    })
  }),
  endpoint({
    id: "audit.verify",
    method: "GET",
    path: "/audit/verify",
    summary: "Whether the chain of the audit holds, and where it does not.",
    tag: "audit",
    access,
    isTeams: true,
    answer: AdminAudit.AuditVerdict,
    problems: StoreProblems.journal,
    run: Effect.fnUntraced(function* () {
      const [reads, crypto] = [yield* AuditStore.AuditStore, yield* Crypto.Crypto]
      const { peer } = yield* DeviceKey.DeviceKey
      const { fault, ...verdict } = yield* AuditReport.verify(reads, crypto, peer)
      return { ...verdict, fault: fault ?? null }
    })
  })
]
