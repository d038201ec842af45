/**
 * Which road is taken: pure answers from what links did and when. A road is left when it has failed for a while and not at the
 * first failure, and the first one is taken again when it has held for a while: nothing swings to and fro.
 */
export interface RoadTiming {
  /** How long a better road must be gone before the next one is taken, in milliseconds. */
  readonly failOverMs: number
  /** How long a better road must be back before the other one is left, in milliseconds. */
  readonly failBackMs: number
  /** How often a mailbox is looked into that is not in use, in milliseconds. */
  readonly heartbeatMs: number
}

export const defaultRoadTiming: RoadTiming = { failOverMs: 20_000, failBackMs: 2 * 60_000, heartbeatMs: 5 * 60_000 }

/** Whether a mailbox is in use, and since when without a pause the other is called for, in the milliseconds of one clock. */
export interface Turn {
  readonly isActive: boolean
  readonly turningSinceMs: number | undefined
}

/** The turn at a moment at which a mailbox is needed or not. */
export const turnOf = (turn: Turn, isNeeded: boolean, nowMs: number, timing: RoadTiming): Turn => {
  if (isNeeded === turn.isActive)
    return turn.turningSinceMs === undefined ? turn : { ...turn, turningSinceMs: undefined }
  const sinceMs = turn.turningSinceMs ?? nowMs
  const limitMs = isNeeded ? timing.failOverMs : timing.failBackMs
  return nowMs - sinceMs >= limitMs
    ? { isActive: isNeeded, turningSinceMs: undefined }
    : { ...turn, turningSinceMs: sinceMs }
}

/** One of several addresses of a peer, the best first. */
export interface Candidate {
  readonly isLive: boolean
  /** When it came to be live or ceased to be. */
  readonly changedMs: number
}

/**
 * In how many milliseconds the candidate at a place may be dialled; `Infinity` while a better one is live. A worse one that is
 * live is given its time, so that one that comes and goes costs little.
 */
export const dialInMs = (
  candidates: ReadonlyArray<Candidate>,
  place: number,
  nowMs: number,
  { failBackMs, failOverMs }: RoadTiming
): number => {
  const better = candidates.slice(0, place)
  if (better.some(({ isLive }) => isLive)) return Infinity
  const worse = candidates.slice(place + 1).filter(({ isLive }) => isLive)
  const dueMs = [
    ...better.map(({ changedMs }) => changedMs + failOverMs),
    ...worse.map(({ changedMs }) => changedMs + failBackMs)
  ]
  return Math.max(0, ...dueMs.map((atMs) => atMs - nowMs))
}

/** A route whose peer is linked by another road. */
export interface Look {
  /** In how many milliseconds it comes before that link; `Infinity` where it never does. */
  readonly turnMs: number
  /** The other link goes through a third machine; this road may be better. */
  readonly isRelayed: boolean
  /** It names its peer; otherwise somebody else may answer there by now. */
  readonly isNamed: boolean
  /** When it came to be live or ceased to be. */
  readonly changedMs: number
  /** When it was looked at last who or what is there; nothing where it has failed since. */
  readonly lookedMs: number | undefined
  /** Since when a finder tells of the peer, if one does. */
  readonly cameMs: number | undefined
}

/** How often it is looked who answers by a road that rests, in milliseconds, where that may be somebody else or a better path. */
export const lookEveryMs = 15 * 60_000

/**
 * In how many milliseconds such a route may be dialled. One that names nobody is looked at at once, and then seldom; a road that may be
 * better than a relayed link when the peer comes near, else once it was away for its time, and then seldom. No look follows another soon.
 */
export const lookInMs = (
  { cameMs = -Infinity, changedMs, isNamed, isRelayed, lookedMs = -Infinity, turnMs }: Look,
  nowMs: number,
  { failBackMs }: RoadTiming
): number => {
  if (isRelayed && cameMs > Math.max(changedMs, lookedMs)) return 0
  const againMs = lookedMs + lookEveryMs - nowMs
  const betterMs = lookedMs > changedMs ? againMs : changedMs + failBackMs - nowMs
  const wantedMs = Math.min(turnMs, isRelayed ? betterMs : Infinity, isNamed ? Infinity : againMs)
  return Math.max(0, lookedMs + failBackMs - nowMs, wantedMs)
}

/** Longest wait for somebody who may be gone for good, in milliseconds. */
const absentWaitMsMax = 15 * 60_000
/** Part of its absence that a wait for somebody may be. */
const absencePart = 0.01

/** The longest wait before somebody is dialled again who has not been there for so long, in milliseconds, or never: `Infinity`. */
export const longestWaitMs = (absentMs: number, retryMsMax: number): number =>
  Math.max(retryMsMax, Math.min(absentWaitMsMax, absentMs * absencePart))
