/**
 * How many records each device has deleted here within a window of time, so that a mass delete is noticed before it is
 * applied. It counts only; what happens to a mass delete is the receiver's business. Lost at a restart: an attacker
 * cannot restart this node, and a person who can needs no firewall.
 */
import type { PeerId } from "../identity/PeerId.ts"

/** When deletes of one device wait for a person. */
export interface DeleteLimits {
  /** Records of all types within the window: a whole number from 1 to 1,000,000; default 1,000. */
  readonly recordsMax: number
  /** Share of a type's live records within the window, from 0 to 1; default 0.2. At 1 only `recordsMax` counts. */
  readonly shareMax: number
  /**
   * The share counts only from this many deletes of the type, so that small lists can be tidied up: a whole number from
   * 1 to 1,000,000; default 20.
   */
  readonly shareFrom: number
  /** Length of the window in whole milliseconds, from 1,000 to 86,400,000 (a day); default 60,000. */
  readonly windowMs: number
}

/** Bounds of `recordsMax` and `shareFrom`. */
export const limitRecordsMax = 1_000_000
/** Bounds of `windowMs`. */
export const windowMsMin = 1_000
export const windowMsMax = 86_400_000

export const defaultDeleteLimits: DeleteLimits = {
  recordsMax: 1_000,
  shareMax: 0.2,
  shareFrom: 20,
  windowMs: 60_000
}

/** Fills up what is not given with the defaults; throws a `RangeError` for a number out of bounds. */
export const deleteLimitsOf = (given: Partial<DeleteLimits>): DeleteLimits => {
  const limits = { ...defaultDeleteLimits, ...given }
  checkWhole("recordsMax", limits.recordsMax, 1, limitRecordsMax)
  checkWhole("shareFrom", limits.shareFrom, 1, limitRecordsMax)
  checkWhole("windowMs", limits.windowMs, windowMsMin, windowMsMax)
  if (!(limits.shareMax >= 0 && limits.shareMax <= 1)) {
    throw new RangeError(`deleteLimits.shareMax is ${limits.shareMax}, not a number from 0 to 1`)
  }
  return limits
}

const checkWhole = (name: keyof DeleteLimits, value: number, min: number, max: number): void => {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new RangeError(`deleteLimits.${name} is ${value}, not a whole number from ${min} to ${max}`)
}

/** Devices and types watched at once; the one that deleted longest ago is forgotten first. */
export const watchedMax = 4_096
/** Parts of the window that are counted apart, so that a long one holds no more than a short one: twice as many at most. */
export const windowPartsMax = 60

/** Commits whose deletes are remembered, so that they count once; the one noted longest ago is forgotten first. */
export const notedCommitsMax = 10_000

interface Noted {
  readonly atMs: number
  /** A bit for each event of the commit. */
  readonly places: bigint
}

interface Deletes {
  /** When the first of them came. */
  readonly atMs: number
  readonly records: number
}

export class DeleteWatch {
  readonly #byKey = new Map<string, ReadonlyArray<Deletes>>()
  readonly #noted = new Map<string, Noted>()

  /** Devices and types watched now. */
  get size(): number {
    return this.#byKey.size
  }

  /** Counts that are kept for a device and a type; those of all types when none is named. */
  partsOf(peer: PeerId, type: string | undefined): number {
    return this.#byKey.get(keyOf(peer, type))?.length ?? 0
  }

  /**
   * Records of a type that the device deleted within the window, to a sixtieth of it; of all types when none is named.
   * What was noted while the clock was further ahead than the window counts no longer once that was put right.
   */
  recent(peer: PeerId, type: string | undefined, nowMs: number, windowMs: number): number {
    let sum = 0
    for (const { atMs, records } of this.#byKey.get(keyOf(peer, type)) ?? []) {
      if (Math.abs(nowMs - atMs) < windowMs) sum += records
    }
    return sum
  }

  /**
   * Those of a commit's deletes that were not remembered for this device within the window; from now on they are. What
   * waits comes again with every comparison and once more when it leaves, and is still deleted only once.
   */
  remember(
    peer: PeerId,
    commit: string,
    places: ReadonlyArray<number>,
    nowMs: number,
    windowMs: number
  ): ReadonlyArray<number> {
    const key = keyOf(peer, commit)
    const kept = this.#noted.get(key)
    // What was noted first ends first, so that a part that comes later keeps nothing from counting again in its time.
    const noted = kept !== undefined && Math.abs(nowMs - kept.atMs) < windowMs ? kept : { atMs: nowMs, places: 0n }
    const fresh = places.filter((place) => ((noted.places >> BigInt(place)) & 1n) === 0n)
    if (fresh.length === 0) return fresh
    this.#noted.delete(key)
    this.#noted.set(key, {
      atMs: noted.atMs,
      places: fresh.reduce((all, place) => all | (1n << BigInt(place)), noted.places)
    })
    if (this.#noted.size > notedCommitsMax) this.#noted.delete(this.#noted.keys().next().value!)
    return fresh
  }

  /** Commits whose deletes are remembered now. */
  get notedCommits(): number {
    return this.#noted.size
  }

  /** Notes deletes, applied or waiting. */
  note(peer: PeerId, type: string, records: number, nowMs: number, windowMs: number): void {
    for (const key of [keyOf(peer, type), keyOf(peer, undefined)]) {
      const kept = (this.#byKey.get(key) ?? []).filter(({ atMs }) => Math.abs(nowMs - atMs) < windowMs)
      const partMs = windowMs / windowPartsMax
      const part = kept.findIndex(({ atMs }) => Math.abs(nowMs - atMs) < partMs)
      if (part < 0) kept.push({ atMs: nowMs, records })
      else kept[part] = { atMs: kept[part]!.atMs, records: kept[part]!.records + records }
      this.#byKey.delete(key)
      this.#byKey.set(key, kept)
      if (this.#byKey.size > watchedMax) this.#byKey.delete(this.#byKey.keys().next().value!)
    }
  }
}

const keyOf = (peer: PeerId, type: string | undefined): string => `${peer}/${type ?? ""}`
