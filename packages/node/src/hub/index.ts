/**
 * The door to what a hub keeps beside its journal. Only re-exports; nobody inside the package imports it.
 */
export * as HubRow from "./HubRow.ts"
export * as HubStore from "./HubStore.ts"
export * as HubStoreError from "./HubStoreError.ts"
export * as SqliteHubStore from "./SqliteHubStore.ts"
