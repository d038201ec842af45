/** The audit: its newest entries, whether its chain holds, and all of it as a file. It changes nothing. */
import { AuditStore, Crypto, DeviceKey } from "@syncline/core"
import { AdminAudit } from "@syncline/core/admin"
import { AuditChain, AuditReport } from "@syncline/policy"
import { Effect, Schema } from "effect"
import * as AuditFile from "./AuditFile.ts"
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
    run: Effect.fnUntraced(function* ({ query: { denied, from, limit = AdminAudit.listedDefault, to, ...question } }) {
      const reads = yield* AuditStore.AuditStore
      const meant = { ...question, limit, isDenied: denied === "true", fromMs: from, toMs: to }
      return { entries: yield* AuditReport.list(reads, meant) }
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
  }),
  endpoint({
    id: "audit.export",
    method: "GET",
    path: "/audit/export",
    summary: "The whole audit as a file: its chain in lines of JSON, signed at the end, or a table for people.",
    tag: "audit",
    access,
    isTeams: true,
    query: AdminAudit.ExportQuery,
    answer: "file",
    problems: StoreProblems.journal,
    run: Effect.fnUntraced(function* ({ query: { format = "ndjson" } }) {
      const [reads, signer] = [yield* AuditStore.AuditStore, yield* DeviceKey.DeviceKey]
      // A store that cannot be read is told before anything is sent.
      yield* reads.ends
      return format === "csv" ? AuditFile.table(reads) : AuditFile.lines(reads, signer)
    })
  })
]
