/**
 * Times as people type them after `--at`, and as they are printed. A time means everything of it: a date the whole day,
 * a minute all of its seconds. Without a zone it is universal time, in which times are printed. A stamp is exact.
 */
import { HybridTime } from "@syncline/core"
import * as Effect from "effect/Effect"
import { because, type CliError, TimeInvalid } from "./CliError.ts"

const [millisecondMs, secondMs, minuteMs, dayMs] = [1, 1_000, 60_000, 86_400_000]
const counterMax = 0xffff
const stampPattern = /^[0-9a-f]{16}$/
const isoPattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?$/i

/** The last stamp of a time. */
export const parse = (text: string): Effect.Effect<HybridTime.HybridTime, CliError> => {
  const stamp = text.toLowerCase()
  if (stampPattern.test(stamp)) return Effect.succeed(stamp as HybridTime.HybridTime)
  const last = lastMsOf(text)
  if (typeof last === "number") return Effect.succeed(HybridTime.make(last, counterMax))
  return Effect.fail(because(new TimeInvalid({ text, problem: last })))
}

/** A stamp's milliseconds, in universal time. */
export const print = (stamp: HybridTime.HybridTime): string => printMs(HybridTime.millis(stamp))

/** Milliseconds since 1970, in universal time. */
export const printMs = (ms: number): string => new Date(ms).toISOString()

/** The last millisecond, or why there is none. */
const lastMsOf = (text: string): number | string => {
  const found = isoPattern.exec(text.trim())
  if (found === null) return "it is not written as a time"
  const [, year, month, day, hour, minute, second, fraction, sign, zoneHour, zoneMinute] = found
  const parts = [year, month, day, hour, minute, second].map((part) => Number(part ?? 0))
  const beginMs = utcOf(parts, Number((fraction ?? "").slice(0, 3).padEnd(3, "0")))
  if (beginMs === undefined) return "there is no such day or hour in the calendar"
  if (Number(zoneHour ?? 0) > 23 || Number(zoneMinute ?? 0) > 59) return "there is no such zone"
  const zoneMs = (Number(zoneHour ?? 0) * 60 + Number(zoneMinute ?? 0)) * minuteMs * (sign === "-" ? -1 : 1)
  const unitMs =
    hour === undefined ? dayMs : second === undefined ? minuteMs : fraction === undefined ? secondMs : millisecondMs
  const lastMs = beginMs - zoneMs + unitMs - 1
  return lastMs < 0 ? "nothing was written before 1970" : lastMs
}

/** The calendar's milliseconds; `undefined` for what it does not have, such as February 30. */
const utcOf = (parts: ReadonlyArray<number>, milliseconds: number): number | undefined => {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds)
  const date = new Date(ms)
  const read = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds()
  ]
  return read.every((part, i) => part === parts[i]) ? ms : undefined
}
