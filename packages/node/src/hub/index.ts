/**
 * The door to what a hub keeps beside its journal, to backups of a data folder, and to what it may call. Only re-exports; nobody inside the package imports it.
 */
export * as BackupError from "./BackupError.ts"
export * as BackupProcess from "./BackupProcess.ts"
export * as ExchangeError from "./ExchangeError.ts"
export * as FolderBackup from "./FolderBackup.ts"
export * as FolderRestore from "./FolderRestore.ts"
export * as HubRow from "./HubRow.ts"
export * as HubStore from "./HubStore.ts"
export * as HubStoreError from "./HubStoreError.ts"
export * as PublicAddress from "../discovery/PublicAddress.ts"
export * as SpaceExchange from "./SpaceExchange.ts"
export * as SqliteHubStore from "./SqliteHubStore.ts"
