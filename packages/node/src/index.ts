/**
 * The package's public door. Only re-exports; nobody inside the package imports it.
 */
export * as DataFolder from "./DataFolder.ts"
export * as DeviceKeyError from "./DeviceKeyError.ts"
export * as DeviceKeyFile from "./DeviceKeyFile.ts"
export * as NodeCompression from "./NodeCompression.ts"
export * as NodeCrypto from "./NodeCrypto.ts"
export * as NodeTransports from "./NodeTransports.ts"
export * as SpacePassphrase from "./SpacePassphrase.ts"
export * as GuardedState from "./GuardedState.ts"
export * as OnboardingFile from "./onboarding/OnboardingFile.ts"
export * as PeerList from "./discovery/PeerList.ts"
export * as PeerListError from "./discovery/PeerListError.ts"
export * as RoadMemory from "./RoadMemory.ts"
export * as SqliteAudit from "./SqliteAudit.ts"
export * as SqliteCharter from "./SqliteCharter.ts"
export * as SqliteJournal from "./SqliteJournal.ts"
export * as SqliteMailbox from "./SqliteMailbox.ts"
export { type CharteredPolicy, nodeLayer, type NodeLayerOptions, type NodeServices, spaceOf } from "./NodeLayer.ts"
export {
  createNode,
  type Entities,
  type EventOf,
  type NodeControl,
  type NodeOptions,
  type NodeRoute,
  type Policy,
  type SynclineNode
} from "./createNode.ts"
export type { Handler, NodeHook } from "./NodeHook.ts"
export type { NodeCloud } from "./NodeCloud.ts"
export type { NodeQuarantine } from "./NodeQuarantine.ts"
export type { Undoable } from "./NodeUndo.ts"
export type { Change, EntityHandle, HistoryPage, PastQuestion, Question, RowOf, Written } from "./EntityHandle.ts"
export type { PointInTime } from "./PointInTime.ts"
// With these a program that defines entity types and hooks, or looks after quarantine, needs no import from core or effect.
export { Entity, type Hook, type Quarantine, type QuarantineDesk, type Receipt } from "@syncline/core"
export { Schema } from "effect"
export * as TrustFile from "./TrustFile.ts"
export * as TrustFileError from "./TrustFileError.ts"
