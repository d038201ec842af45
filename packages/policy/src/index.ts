/**
 * The package's public door. Only re-exports; nobody inside the package imports it.
 */
export { personal, type PersonalOptions } from "./PersonalPolicy.ts"
export * as PolicyMetrics from "./PolicyMetrics.ts"
export type { TrustedPeers } from "./TrustedPeers.ts"
