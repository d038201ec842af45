/** A time that moves every ten seconds for all who look at it, by one timer, and stands still while nobody does. */
import { hubNowMs } from "../api/hubClock.ts"

export const tickMs = 10_000

let shownMs = hubNowMs()
let timer: ReturnType<typeof setInterval> | undefined
const watchers = new Set<() => void>()

const tick = (): void => {
  shownMs = hubNowMs()
  for (const watcher of watchers) watcher()
}

/** Told at every tick, until what it answers is called. */
export const watchTime = (onTick: () => void): (() => void) => {
  watchers.add(onTick)
  timer ??= setInterval(tick, tickMs)
  return () => {
    watchers.delete(onTick)
    if (watchers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Unix milliseconds at the hub, true to ten seconds, also for the first who looks after a while. */
export const shownTime = (): number => {
  if (watchers.size === 0 && Math.abs(hubNowMs() - shownMs) >= tickMs) shownMs = hubNowMs()
  return shownMs
}
