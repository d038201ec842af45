/**
 * The package's public door. Only re-exports.
 */
export type { ListenAddress, SocketIoOptions } from "./SocketIoOptions.ts"
export { reasons, type Refusal } from "./Refusal.ts"
export * as SocketIoMetrics from "./SocketIoMetrics.ts"
export { socketIo } from "./SocketIoTransport.ts"
