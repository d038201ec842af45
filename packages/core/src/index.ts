/**
 * The engine's public door. Only re-exports; nobody inside the package imports it.
 */
export * as Author from "./identity/Author.ts"
export * as Bytes from "./identity/Bytes.ts"
export * as EntityId from "./identity/EntityId.ts"
export * as HybridTime from "./identity/HybridTime.ts"
export * as PeerId from "./identity/PeerId.ts"
export * as SpaceId from "./identity/SpaceId.ts"
export * as VectorClock from "./identity/VectorClock.ts"

export * as Compression from "./crypto/Compression.ts"
export * as Crypto from "./crypto/Crypto.ts"
export * as DeviceKey from "./crypto/DeviceKey.ts"

export * as Commit from "./model/Commit.ts"
export * as Entity from "./model/Entity.ts"
export * as EntityChange from "./model/EntityChange.ts"
export * as Event from "./model/Event.ts"
export * as FieldValue from "./model/FieldValue.ts"
export * as Limits from "./model/Limits.ts"
export * as Partition from "./model/Partition.ts"
export * as WriteError from "./model/WriteError.ts"

export * as EntityState from "./merge/EntityState.ts"

export * as FrameCodec from "./wire/FrameCodec.ts"
export * as WireError from "./wire/WireError.ts"
export * as WireMessage from "./wire/WireMessage.ts"

export * as EntityRead from "./journal/EntityRead.ts"
export * as Fingerprint from "./journal/Fingerprint.ts"
export * as Journal from "./journal/Journal.ts"
export * as JournalError from "./journal/JournalError.ts"
export * as JournalReads from "./journal/JournalReads.ts"
export * as JournalReceiver from "./journal/JournalReceiver.ts"
export * as JournalTables from "./journal/JournalTables.ts"
export * as JournalWriter from "./journal/JournalWriter.ts"
export * as MemoryJournal from "./journal/MemoryJournal.ts"
export * as OpenedCommits from "./journal/OpenedCommits.ts"
export * as StateHash from "./journal/StateHash.ts"

export * as Decision from "./gate/Decision.ts"
export * as Gate from "./gate/Gate.ts"

export * as Link from "./transport/Link.ts"
export * as MemoryTransport from "./transport/MemoryTransport.ts"
export * as Transport from "./transport/Transport.ts"
export * as TransportError from "./transport/TransportError.ts"
export * as TransportRegistry from "./transport/TransportRegistry.ts"

export * as EventChannel from "./orchestrator/EventChannel.ts"
export * as Orchestrator from "./orchestrator/Orchestrator.ts"
export * as OrchestratorError from "./orchestrator/OrchestratorError.ts"
export * as Records from "./orchestrator/Records.ts"
export * as Status from "./orchestrator/Status.ts"
export * as SyncCommand from "./orchestrator/SyncCommand.ts"
export * as SyncEvent from "./orchestrator/SyncEvent.ts"
export * as CoreMetrics from "./telemetry/CoreMetrics.ts"
