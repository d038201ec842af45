/**
 * The package's public door. Only re-exports; nobody inside the package imports it.
 */
export * as DataFolder from "./DataFolder.ts"
export * as DeviceKeyError from "./DeviceKeyError.ts"
export * as DeviceKeyFile from "./DeviceKeyFile.ts"
export * as NodeCompression from "./NodeCompression.ts"
export * as NodeCrypto from "./NodeCrypto.ts"
export * as SqliteJournal from "./SqliteJournal.ts"
export { nodeLayer, spaceOf, type NodeLayerOptions } from "./NodeLayer.ts"
export * as TrustFile from "./TrustFile.ts"
export * as TrustFileError from "./TrustFileError.ts"
