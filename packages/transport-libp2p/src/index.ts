/**
 * The package's public door. Only re-exports.
 */
export type { Libp2pOptions } from "./Libp2pOptions.ts"
export * as Libp2pMetrics from "./Libp2pMetrics.ts"
export { libp2p, type Libp2pPlugin } from "./Libp2pTransport.ts"
