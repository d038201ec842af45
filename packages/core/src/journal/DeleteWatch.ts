/**
 * How many records each device has deleted here within the last minute, so that a mass delete is noticed before it is
 * applied. It counts only; what happens to a mass delete is the receiver's business. Lost at a restart: an attacker
 * cannot restart this node, and a person who can needs no firewall.
 */
import type { PeerId } from "../identity/PeerId.ts"

/** When deletes of one device wait for a person. */
export interface DeleteLimits {
  /** Records of all types within the window. */
  readonly recordsMax: number
  /** Share of a type's live records within the window, 0 to 1. */
  readonly shareMax: number
  /** The share counts only from this many deletes of the type, so that small lists can be tidied up. */
  readonly shareFrom: number
  /** Length of the window in milliseconds. */
  readonly windowMs: number
}

export const defaultDeleteLimits: DeleteLimits = {
  recordsMax: 1_000,
  shareMax: 0.2,
  shareFrom: 20,
  windowMs: 60_000
}

/** Devices and types watched at once; the one that deleted longest ago is forgotten first. */
export const watchedMax = 4_096

interface Deletes {
  readonly atMs: number
  readonly records: number
}

export class DeleteWatch {
  readonly #byKey = new Map<string, ReadonlyArray<Deletes>>()

  /** Devices and types watched now. */
  get size(): number {
    return this.#byKey.size
  }

  /** Records of a type that the device deleted within the window; of all types when none is named. */
  recent(peer: PeerId, type: string | undefined, nowMs: number, windowMs: number): number {
    let sum = 0
    for (const { atMs, records } of this.#byKey.get(keyOf(peer, type)) ?? []) {
      if (nowMs - atMs < windowMs) sum += records
    }
    return sum
  }

  /** Notes deletes that were applied. */
  note(peer: PeerId, type: string, records: number, nowMs: number, windowMs: number): void {
    for (const key of [keyOf(peer, type), keyOf(peer, undefined)]) {
      const kept = (this.#byKey.get(key) ?? []).filter(({ atMs }) => nowMs - atMs < windowMs)
      this.#byKey.delete(key)
      this.#byKey.set(key, [...kept, { atMs: nowMs, records }])
      if (this.#byKey.size > watchedMax) this.#byKey.delete(this.#byKey.keys().next().value!)
    }
  }
}

const keyOf = (peer: PeerId, type: string | undefined): string => `${peer}/${type ?? ""}`
