/** Numbers and times as people read them, each with its unit. */

const counts = new Intl.NumberFormat("en-GB")
const parts = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 })
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" })
const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto" })

/** 1234567 as 1,234,567. */
export const count = (value: number): string => counts.format(value)

/** One thing, several things: `countOf(2, "record")` is "2 records". */
export const countOf = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

const byteUnits = ["B", "kB", "MB", "GB", "TB"]

/** Decimal units, as disks and networks are sold: 1500 is 1.5 kB. */
export const bytes = (value: number): string => {
  const power = value < 1_000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), byteUnits.length - 1)
  return `${parts.format(value / 1_000 ** power)} ${byteUnits[power]}`
}

const durations: ReadonlyArray<readonly [ms: number, unit: Intl.RelativeTimeFormatUnit, sign: string]> = [
  [86_400_000, "day", "d"],
  [3_600_000, "hour", "h"],
  [60_000, "minute", "min"],
  [1_000, "second", "s"]
]

/** A length of time: 90000 is "1.5 min". */
export const duration = (ms: number): string => {
  const [unitMs, , sign] = durations.find(([unit]) => ms >= unit) ?? [1, "second", "ms"]
  return `${parts.format(ms / unitMs)} ${sign}`
}

/** How long ago, or until when: "3 minutes ago", "in 2 hours". */
export const ago = (atMs: number, nowMs: number): string => {
  const ms = atMs - nowMs
  const [unitMs, unit] = durations.find(([each]) => Math.abs(ms) >= each) ?? [1_000, "second"]
  return Math.abs(ms) < 1_000 ? "now" : relative.format(Math.trunc(ms / unitMs), unit as Intl.RelativeTimeFormatUnit)
}

/** The whole date and time, in the reader's own time zone. */
export const exactly = (atMs: number): string => exact.format(atMs)

/** 0.123 as "12.3 %". */
export const share = (value: number): string => `${parts.format(value * 100)} %`

/** A peer id, a hash: its first and last characters. The whole stands where it is shown alone. */
export const shortened = (id: string, around = 6): string =>
  id.length <= 2 * around + 1 ? id : `${id.slice(0, around)}…${id.slice(-around)}`
