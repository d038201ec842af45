/** Whether a token needs somebody's eye. */

/** Before its end somebody should make another, in milliseconds: a week. */
const soonMs = 7 * 86_400_000

export const standingOf = (expiresMs: number, nowMs: number): "good" | "soon" | "over" => {
  if (expiresMs <= nowMs) return "over"
  return expiresMs - nowMs < soonMs ? "soon" : "good"
}
