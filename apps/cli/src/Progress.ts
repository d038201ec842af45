/**
 * How far something is, on standard error: one line drawn over and over on a terminal, otherwise a plain line at most
 * every two seconds. Silent with `--json`. It measures nothing itself.
 */
import { Clock, Effect } from "effect"
import { Output, writeError } from "./Output.ts"
import { StandardStreams } from "./StandardStreams.ts"

/** Between two drawings on a terminal, and between two plain lines. */
const drawMsMin = 100
const lineMsMin = 2_000
const barWidth = 24

export interface Progress {
  /** Says how far it is; drops what comes too soon. `share` is from 0 to 1. */
  readonly show: (share: number | undefined, text: () => string) => Effect.Effect<void>
  /** Removes the drawn line. */
  readonly clear: Effect.Effect<void>
}

export const make = Effect.gen(function* () {
  const { isJson } = yield* Output
  const startedMs = yield* Clock.currentTimeMillis
  const isTerminal = (yield* StandardStreams).stderr.isTTY === true
  const periodMs = isTerminal ? drawMsMin : lineMsMin
  // A short job needs no lines: the first one comes after a period.
  let shownMs = isTerminal ? 0 : startedMs
  const show = Effect.fnUntraced(function* (share: number | undefined, text: () => string) {
    const nowMs = yield* Clock.currentTimeMillis
    if (isJson || nowMs - shownMs < periodMs) return
    shownMs = nowMs
    const line = share === undefined ? text() : `${percent(share)} ${text()}`
    yield* writeError(isTerminal ? `\r\u001B[2K${bar(share)}${line}` : `${line}\n`)
  })
  const progress: Progress = {
    show,
    clear: isJson || !isTerminal ? Effect.void : writeError("\r\u001B[2K")
  }
  return progress
})

const percent = (share: number): string => `${String(Math.floor(share * 100)).padStart(3)} %`

const bar = (share: number | undefined): string => {
  if (share === undefined) return ""
  const full = Math.round(Math.min(1, share) * barWidth)
  return `[${"#".repeat(full)}${"-".repeat(barWidth - full)}] `
}

/** A number as people read it: 135,233. */
export const count = (value: number): string => value.toLocaleString("en-US")

/** A number of things: 1 record, 2 records. */
export const counted = (value: number, noun: string, plural = `${noun}s`): string =>
  `${count(value)} ${value === 1 ? noun : plural}`
