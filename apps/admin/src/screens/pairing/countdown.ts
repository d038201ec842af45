/** How long a code is still good: in words, and as a share of what it was when it was shown. */

export interface Left {
  readonly text: string
  /** 0 to 1. */
  readonly share: number
}

export const leftOf = (beganMs: number, nowMs: number, untilMs: number): Left => {
  const leftS = Math.max(0, Math.ceil((untilMs - nowMs) / 1_000))
  const [minutes, seconds] = [Math.floor(leftS / 60), leftS % 60]
  const text = leftS === 0 ? "It is over." : `${minutes}:${String(seconds).padStart(2, "0")} left.`
  return { text, share: untilMs <= beganMs ? 0 : Math.min(1, Math.max(0, (untilMs - nowMs) / (untilMs - beganMs))) }
}
