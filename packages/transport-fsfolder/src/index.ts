/**
 * The package's public door. Only re-exports.
 */
export type { FolderOptions } from "./FolderOptions.ts"
export * as FolderMetrics from "./FolderMetrics.ts"
export { folder } from "./FsFolder.ts"
export { nodeView, type Provider, type SystemView, type WellKnownFolder, wellKnownFolders } from "./WellKnownFolders.ts"
