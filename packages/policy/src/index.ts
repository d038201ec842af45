/**
 * The package's public door. Only re-exports; nobody inside the package imports it.
 */
export { personal, type PersonalOptions } from "./PersonalPolicy.ts"
export * as PolicyMetrics from "./PolicyMetrics.ts"
export type { TrustedPeers } from "./TrustedPeers.ts"
export * as Audience from "./Audience.ts"
export * as AuditChain from "./AuditChain.ts"
export * as AuditKeeper from "./AuditKeeper.ts"
export * as AuditExportError from "./AuditExportError.ts"
export * as AuditReport from "./AuditReport.ts"
export { enterprise, type EnterpriseOptions } from "./EnterprisePolicy.ts"
export * as PolicyDesk from "./PolicyDesk.ts"
export * as PolicyDeskError from "./PolicyDeskError.ts"
export { EnterpriseDecisions } from "./EnterpriseDecisions.ts"
export * as PolicyDocument from "./PolicyDocument.ts"
export * as PolicyFile from "./PolicyFile.ts"
export * as TypePolicy from "./TypePolicy.ts"
export * as PolicyReview from "./PolicyReview.ts"
