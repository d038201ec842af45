/**
 * What the main thread and the writing thread say to each other. Everything here survives a structured clone; long
 * lists travel as one text or one byte array, which costs a fraction of cloning each element.
 */
import type {
  DeleteWatch,
  EntityChange,
  Journal,
  KeyRing,
  Partition,
  PeerId,
  Purge,
  Quarantine,
  Receipt,
  Unlocking
} from "@syncline/core"
import type { StoreFailure } from "./SqliteFailure.ts"

/** What the thread is started with. */
export interface WriterSettings {
  readonly folder: string
  readonly file: string
  readonly space: Journal.JournalInfo["space"]
  /** The device's Ed25519 seed. */
  readonly seed: Uint8Array
  /** The keys to begin with. */
  readonly held: KeyRing.HeldKeys
}

/** Several byte arrays in one that shares no memory with them. */
export interface JoinedBytes {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly lengths: ReadonlyArray<number>
}

export interface WriteRequest {
  readonly kind: "write"
  /** `EntityChange`s as JSON, which is all they may hold. */
  readonly changes: string
  readonly group?: string | undefined
}

export interface ReceiveRequest {
  readonly kind: "receive"
  readonly batch: Omit<Journal.RemoteBatch, "commits">
  readonly commits: JoinedBytes
}

export interface ReleaseRequest {
  readonly kind: "release"
  readonly ids: ReadonlyArray<string>
  readonly deleteLimits: DeleteWatch.DeleteLimits | undefined
  readonly strangers: ReadonlyArray<string> | undefined
}

export interface RevertDeletesRequest {
  readonly kind: "revertDeletes"
  readonly ids: ReadonlyArray<string>
}

export interface DiscardRequest {
  readonly kind: "discard"
  readonly ids: ReadonlyArray<string>
  /** This device may not even have them: no byte of them may stay. */
  readonly isForbidden: boolean
}

export interface SettleRequest {
  readonly kind: "settle"
  readonly settlement: Receipt.Settlement
}

/** One step of a purge; see core's `Purge`. */
export interface PurgeRequest {
  readonly kind: "purge"
  readonly partition: Partition.Partition
  readonly why: Journal.Purging
}

export interface HoldRequest {
  readonly kind: "hold"
  readonly held: KeyRing.HeldKeys
}

/** One step; see core's `Unlocking`. */
export interface UnlockRequest {
  readonly kind: "unlock"
  readonly after: number
}

export interface RenewRequest {
  readonly kind: "renew"
}

export interface SetCursorRequest {
  readonly kind: "setCursor"
  readonly peer: PeerId.PeerId
  readonly incarnation: string
  readonly cursor: number
}

export interface DisownRequest {
  readonly kind: "disown"
  readonly peers: ReadonlyArray<PeerId.PeerId>
}

export type WriterRequest =
  | WriteRequest
  | ReceiveRequest
  | ReleaseRequest
  | RevertDeletesRequest
  | DiscardRequest
  | SettleRequest
  | PurgeRequest
  | HoldRequest
  | UnlockRequest
  | RenewRequest
  | SetCursorRequest
  | DisownRequest

interface WithHead {
  readonly head: number
}

/** What each kind of request resolves to. */
export interface WriterResults {
  readonly write: Journal.WriteOutcome
  readonly receive: Journal.RemoteOutcome
  readonly release: Journal.Released & WithHead
  readonly revertDeletes: Journal.Reverted & WithHead
  readonly discard: ReadonlyArray<Quarantine.QuarantineEntry>
  readonly settle: Journal.SettleOutcome & WithHead
  readonly purge: Purge.PurgeStep & WithHead
  readonly hold: undefined
  readonly unlock: Unlocking.UnlockStep & WithHead
  readonly renew: undefined
  readonly setCursor: undefined
  readonly disown: undefined
}

export interface Envelope {
  readonly id: number
  /** Wall clock of the caller in milliseconds since 1970. */
  readonly nowMs: number
  /** About how much memory the request takes. */
  readonly size: number
  readonly request: WriterRequest
}

/** The first message: what to open. */
export interface OpenMessage {
  readonly kind: "open"
  readonly settings: WriterSettings
}

export type ToWriter = OpenMessage | Envelope | "close"

/** Why a write was refused, as plain data. */
export type Refusal =
  | {
      readonly tag: "EntityInvalid"
      readonly type: string
      readonly id: string
      readonly field: string
      readonly problem: string
    }
  | { readonly tag: "EntityNotFound" | "EntityChanged"; readonly type: string; readonly id: string }
  | { readonly tag: "SpaceLocked" }

export type Answer =
  | { readonly kind: "done"; readonly result: WriterResults[WriterRequest["kind"]] }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "failed"; readonly failure: StoreFailure }
  /** A broken invariant: its stack. */
  | { readonly kind: "defect"; readonly stack: string }

/** Entries of the thread's caches; the main thread shows them beside its own. */
export interface WriterCaches {
  readonly authorBytes: number
  readonly commitAuthors: number
  readonly journalAuthors: number
  readonly watchedDeletes: number
  readonly notedDeletes: number
}

export type FromWriter =
  | { readonly kind: "ready"; readonly info: Journal.JournalInfo; readonly isCopy: boolean }
  | { readonly kind: "refused"; readonly failure: StoreFailure }
  /** The answers of one transaction, how many transactions there were so far, and what the thread keeps by now. */
  | {
      readonly kind: "answers"
      readonly answers: ReadonlyArray<readonly [id: number, answer: Answer]>
      readonly groups: number
      readonly caches: WriterCaches
    }
  | { readonly kind: "closed" }

/** One array of several. The result shares no memory with the parts, which may be views on larger buffers. */
export const join = (parts: ReadonlyArray<Uint8Array>): JoinedBytes => {
  let length = 0
  for (const part of parts) length += part.length
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return { bytes, lengths: parts.map((part) => part.length) }
}

/** The parts, as views on the whole. */
export const split = ({ bytes, lengths }: JoinedBytes): Array<Uint8Array> => {
  let offset = 0
  return lengths.map((length) => bytes.subarray(offset, (offset += length)))
}

/** The changes of a write request. */
export const parseChanges = (request: WriteRequest): ReadonlyArray<EntityChange.EntityChange> =>
  JSON.parse(request.changes) as ReadonlyArray<EntityChange.EntityChange>
