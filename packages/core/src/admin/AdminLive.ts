/** What a hub tells its listeners as it happens: what the node tells, and some words of the hub's own. One event at a time, numbered for each listener. */
import { Schema } from "effect"
import * as SyncEvent from "../orchestrator/SyncEvent.ts"
import { Light } from "./AdminStatus.ts"

/** Where the stream is served, and its one namespace of Socket.IO. */
export const path = "/api/v1/events"
export const namespace = "/admin"
/** The name of the one event of Socket.IO. */
export const eventName = "event"

/** The team has changed. */
export const CharterChanged = Schema.TaggedStruct("CharterChanged", { version: Schema.Int })
/** Somebody asks to join the team, or a request was settled. */
export const RequestsChanged = Schema.TaggedStruct("RequestsChanged", { pending: Schema.Int })
/** A device knows a code of the hub and waits for a yes, or one was told. */
export const PairingAsks = Schema.TaggedStruct("PairingAsks", { pending: Schema.Int })
/** A backup is made or verified, or that came to its end. */
export const BackupChanged = Schema.TaggedStruct("BackupChanged", { isUnderWay: Schema.Boolean })
/** Something was decided and written down. */
export const AuditGrew = Schema.TaggedStruct("AuditGrew", { upto: Schema.Int })
/** How the hub stands is another thing now than it was. */
export const StatusNow = Schema.TaggedStruct("StatusNow", { light: Light, sentence: Schema.String })
/** This listener was too slow and lost events: what it shows is to be asked for anew. */
export const Missed = Schema.TaggedStruct("Missed", { count: Schema.Int })

export const LiveEvent = Schema.Union([
  SyncEvent.SyncEvent,
  CharterChanged,
  RequestsChanged,
  PairingAsks,
  BackupChanged,
  AuditGrew,
  StatusNow,
  Missed
])
export type LiveEvent = typeof LiveEvent.Type

/** As it is sent. */
export const Told = Schema.Struct({
  /** From 1, for each listener anew; without gaps. */
  seq: Schema.Int,
  atMs: Schema.Finite,
  event: LiveEvent
})
export type Told = typeof Told.Type
