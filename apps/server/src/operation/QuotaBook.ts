/**
 * How much each device has brought: by how many live records its commits made the journal grow, and the bytes of its commits in each hour of
 * the last day. It counts and forgets; what is too much, and when it is written down, is for others.
 */
import { createHash } from "node:crypto"
import { type IntakeQuota, PeerId } from "@syncline/core"
import { Schema } from "effect"

/** Devices that are counted; beyond it the one that brought nothing for longest is forgotten, and counts from 0. */
export const devicesMax = 4_096
/** Rows in which the counts are kept, so that one change writes few of them down. */
export const rowsMax = 128
/** Hours that count as the last day, the present one among them. */
export const hoursMax = 24
const hourMs = 3_600_000

interface Count {
  readonly records: number
  /** The earliest first. */
  readonly hours: ReadonlyArray<readonly [hour: number, bytes: number]>
}

const none: Count = { records: 0, hours: [] }

const Row = Schema.fromJsonString(
  Schema.Array(Schema.Tuple([PeerId.PeerId, Schema.Int, Schema.Array(Schema.Tuple([Schema.Int, Schema.Int]))]))
)
const readRow = Schema.decodeUnknownOption(Row)

const rowOf = (device: PeerId.PeerId): number => createHash("sha256").update(device).digest()[0]! % rowsMax

const hourOf = (nowMs: number): number => Math.floor(nowMs / hourMs)

/** Hours that still count, each once. One from the future counts as the present one, as the clock was set back. */
const counting = (hours: Count["hours"], nowMs: number): Count["hours"] => {
  const now = hourOf(nowMs)
  const sums = new Map<number, number>()
  for (const [at, bytes] of hours) {
    const hour = Math.min(at, now)
    if (hour > now - hoursMax) sums.set(hour, (sums.get(hour) ?? 0) + bytes)
  }
  return [...sums]
}

const sumOf = (hours: Count["hours"]): number => hours.reduce((sum, [, bytes]) => sum + bytes, 0)

export class QuotaBook {
  /** Who brought nothing for longest stands first. */
  readonly #devices = new Map<PeerId.PeerId, Count>()
  readonly #changed = new Set<number>()

  get size(): number {
    return this.#devices.size
  }

  get isChanged(): boolean {
    return this.#changed.size > 0
  }

  add({ bytes, device, records }: IntakeQuota.Brought, nowMs: number): void {
    const before = this.#devices.get(device) ?? none
    const now = [hourOf(nowMs), bytes] as const
    this.#devices.delete(device)
    this.#devices.set(device, {
      records: Math.max(0, before.records + records),
      hours: counting(bytes === 0 ? before.hours : [...before.hours, now], nowMs)
    })
    this.#changed.add(rowOf(device))
    for (const longest of this.#devices.keys()) {
      if (this.#devices.size <= devicesMax) break
      this.#devices.delete(longest)
      this.#changed.add(rowOf(longest))
    }
  }

  /** By how many live records its commits made the journal grow, never less than 0. */
  records(device: PeerId.PeerId): number {
    return (this.#devices.get(device) ?? none).records
  }

  /** Bytes of its commits within the last day. */
  dayBytes(device: PeerId.PeerId, nowMs: number): number {
    return sumOf(counting((this.#devices.get(device) ?? none).hours, nowMs))
  }

  /** When so much of them is a day old that they are less than `bytesMax`, in Unix milliseconds. */
  roomAtMs(device: PeerId.PeerId, bytesMax: number, nowMs: number): number {
    const hours = counting((this.#devices.get(device) ?? none).hours, nowMs)
    let left = sumOf(hours)
    for (const [hour, bytes] of hours) {
      left -= bytes
      if (left < bytesMax) return (hour + hoursMax) * hourMs
    }
    return nowMs
  }

  /** Devices that are beyond it. */
  countOver(isOver: (device: PeerId.PeerId) => boolean): number {
    let over = 0
    for (const device of this.#devices.keys()) if (isOver(device)) over++
    return over
  }

  /** Takes up what earlier runs have counted, beside what this one has. What cannot be read is left out. */
  take(texts: ReadonlyArray<string>): void {
    const read = texts.flatMap((text) => {
      const row = readRow(text)
      return row._tag === "Some" ? row.value : []
    })
    const lastOf = (hours: Count["hours"]): number => hours.at(-1)?.[0] ?? 0
    const sorted = read.toSorted(([, , one], [, , other]) => lastOf(one) - lastOf(other))
    const present = [...this.#devices]
    this.#devices.clear()
    for (const [device, records, hours] of sorted.slice(-devicesMax)) {
      this.#devices.set(device, { records, hours: hours.slice(-hoursMax) })
    }
    for (const [device, { hours, records }] of present) {
      if (hours.length === 0) this.add({ device, records, bytes: 0, commits: 0 }, 0)
      for (const [place, [hour, bytes]] of hours.entries()) {
        this.add({ device, records: place === 0 ? records : 0, bytes, commits: 0 }, hour * hourMs)
      }
    }
  }

  /** What has changed since the last time, as text by row; an empty one is to be removed. */
  changes(): ReadonlyArray<readonly [row: number, text: string]> {
    const changed = new Map(
      [...this.#changed].map((row) => [row, [] as Array<readonly [string, number, Count["hours"]]>])
    )
    for (const [device, { hours, records }] of this.#devices) changed.get(rowOf(device))?.push([device, records, hours])
    this.#changed.clear()
    return [...changed].map(([row, devices]) => [row, devices.length === 0 ? "" : JSON.stringify(devices)])
  }

  /** These could not be written down. */
  keep(changes: ReadonlyArray<readonly [row: number, text: string]>): void {
    for (const [row] of changes) this.#changed.add(row)
  }
}
