/**
 * Times as programs have them, and as the engine stamps events. A date or a number means everything of that
 * millisecond; only a stamp, as a history shows it, tells events of one millisecond apart.
 */
import { HybridTime } from "@syncline/core"

/** A date, milliseconds since 1970, or the 16 hexadecimal digits of a stamp. */
export type PointInTime = Date | number | string

/** Years beyond 10889 do not fit into a stamp. */
const millisMax = 2 ** 48 - 1
const counterMax = 0xffff

/** The stamp; a `RangeError` for what is no time. */
export const toStamp = (time: PointInTime): HybridTime.HybridTime => {
  if (typeof time === "string") {
    if (/^[0-9a-f]{16}$/.test(time)) return time as HybridTime.HybridTime
    throw new RangeError(`${JSON.stringify(time)} is no stamp; it has 16 hexadecimal digits, as a history shows it`)
  }
  const millis = Math.floor(Number(time))
  if (millis >= 0 && millis <= millisMax) return HybridTime.make(millis, counterMax)
  throw new RangeError(`${String(time)} is no time between 1970 and 10889`)
}
