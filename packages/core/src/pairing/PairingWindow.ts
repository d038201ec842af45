/**
 * What an inviting device remembers of its pairings, and every step of it as a pure function: a window of codes with the
 * attempts that were begun, which codes are burnt, and who asks to join. A code counts as burnt from the first run that is
 * begun with it until it brings a pairing, so that neither a crash nor a caller who hangs up gives an attempt back. Where
 * this is kept is `PairingStore`'s business, and who is asked `PairingDesk`'s.
 */
import { Schema } from "effect"
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import type * as PairingCode from "./PairingCode.ts"

/** How long a code may be used, in milliseconds from when it was made. */
export const windowMs = 5 * 60_000
/** Runs that may be begun with one code of each kind; `short` is the one of six digits. */
export const attemptsMax = { digits: 3, link: 3, short: 1 } as const
/** Codes that may be burnt within `burntWithinMs`; then no new one is made until the oldest is that old. */
export const burntMax = 10
export const burntWithinMs = 60 * 60_000
/** Requests to join that are remembered; the oldest make room. */
export const joinsMax = 16
/** The role of who joins, unless the person at the inviting device says another. */
export const roleDefault = "member"

export type CodeKind = keyof typeof attemptsMax

const Code = Schema.Struct({
  kind: Schema.Literals(["digits", "link", "short"]),
  /** Hexadecimal digits; empty once the window is over. */
  secret: Schema.String,
  /** Runs that were begun with it. */
  begun: Schema.Int
})

const Window = Schema.Struct({
  id: Schema.String,
  /** Where the two sides meet. */
  slot: Schema.Int,
  openedMs: Schema.Int,
  expiresMs: Schema.Int,
  codes: Schema.Array(Code),
  /** What the person means to grant; `null` where there are no roles. */
  role: Schema.NullOr(Schema.String),
  state: Schema.Literals(["open", "paired", "closed"])
})
/** The codes of one invitation; only the newest of a device is in use. */
export type Window = typeof Window.Type

const Join = Schema.Struct({
  id: Schema.String,
  window: Schema.String,
  /** The joining device, whose key the run has proven. */
  peer: PeerId.PeerId,
  name: Schema.String,
  platform: Schema.String,
  checkNumber: Schema.String,
  role: Schema.NullOr(Schema.String),
  askedMs: Schema.Int,
  /** When nobody waits for an answer any more. */
  untilMs: Schema.Int,
  answer: Schema.Literals(["waiting", "accepted", "declined"]),
  /** `granted`: let in, and the other device has not confirmed; `unkept`: let in, and it says that it cannot keep what it was granted. */
  outcome: Schema.Literals(["waiting", "granted", "paired", "unkept", "failed"])
})
/** A device that knows the code and asks to join. */
export type Join = typeof Join.Type

export const PairingState = Schema.Struct({
  version: Schema.Literal(1),
  window: Schema.NullOr(Window),
  /** When each burnt code had its first run, the oldest first. */
  burntMs: Schema.Array(Schema.Int),
  joins: Schema.Array(Join)
})
export type PairingState = typeof PairingState.Type

/** What a step answers, and what is to be remembered: the same object where nothing changed. */
export interface Step<A> {
  readonly answer: A
  readonly state: PairingState
}

export const empty: PairingState = { version: 1, window: null, burntMs: [], joins: [] }

export interface Opening {
  readonly id: string
  readonly slot: number
  readonly codes: ReadonlyArray<{ readonly kind: CodeKind; readonly secret: Uint8Array }>
  readonly role: string | null
}

/** Opens a window in place of the one before, or says until when too many codes are burnt. */
export const open = (
  state: PairingState,
  nowMs: number,
  { codes, id, role, slot }: Opening
): Step<Window | { readonly pausedUntilMs: number }> => {
  const burntMs = burntOf(state, nowMs)
  const last = burntMs.at(-burntMax)
  if (last !== undefined) return { answer: { pausedUntilMs: last + burntWithinMs }, state: { ...state, burntMs } }
  const window: Window = {
    id,
    slot,
    openedMs: nowMs,
    expiresMs: nowMs + windowMs,
    codes: codes.map(({ kind, secret }) => ({ kind, secret: Bytes.toHex(secret), begun: 0 })),
    role,
    state: "open"
  }
  return { answer: window, state: { ...state, burntMs, window } }
}

/** Those that still count. A clock that was ahead when one was burnt must not shut the door for longer than an hour. */
const burntOf = ({ burntMs }: PairingState, nowMs: number): ReadonlyArray<number> =>
  burntMs.map((atMs) => Math.min(atMs, nowMs)).filter((atMs) => nowMs - atMs < burntWithinMs)

/** True while a code of the window may be used; also a clock that went back ends it. */
export const isOpen = (window: Window | null, nowMs: number): window is Window =>
  window !== null &&
  window.state === "open" &&
  nowMs >= window.openedMs &&
  nowMs < window.expiresMs &&
  window.codes.some(hasAttempt)

const hasAttempt = ({ begun, kind }: Window["codes"][number]): boolean => begun < attemptsMax[kind]

/** Counts a run before it is begun. False: the code is used up, and nothing may be said to the caller. */
export const begin = (state: PairingState, nowMs: number, id: string, kind: CodeKind): Step<boolean> => {
  const { window } = state
  const code = window?.codes.find((each) => each.kind === kind)
  if (!isOpen(window, nowMs) || window.id !== id || code === undefined || !hasAttempt(code)) {
    return { answer: false, state }
  }
  const codes = window.codes.map((each) => (each === code ? { ...code, begun: code.begun + 1 } : each))
  const isFirst = window.codes.every(({ begun }) => begun === 0)
  const burntMs = isFirst ? [...burntOf(state, nowMs), nowMs] : state.burntMs
  return { answer: true, state: { ...state, burntMs, window: { ...window, codes } } }
}

/** Runs that may still be begun with a code. */
export const attemptsLeft = (window: Window, kind: CodeKind): number => {
  const code = window.codes.find((each) => each.kind === kind)
  return code === undefined ? 0 : attemptsMax[kind] - code.begun
}

/** The codes of a window as the two sides use them: of its slot, or without one. */
export const codesOf = ({ codes, slot }: Window, isDirect: boolean): ReadonlyArray<PairingCode.PairingCode> =>
  codes
    .filter(({ kind, secret }) => (kind === "short") === isDirect && secret !== "")
    .map(({ kind, secret }) => ({
      slot: isDirect ? undefined : slot,
      kind: kind === "link" ? "link" : "digits",
      secret: Bytes.fromHex(secret)!
    }))

/** Ends a window unpaired; its secrets are forgotten. */
export const close = (state: PairingState, id: string): Step<void> => end(state, id, "closed")

const end = (state: PairingState, id: string, to: "paired" | "closed"): Step<void> => {
  const { window } = state
  if (window?.id !== id || window.state !== "open") return { answer: undefined, state }
  const codes = window.codes.map((code) => ({ ...code, secret: "" }))
  // The newest entry is this window's: none was burnt after it.
  const isForgiven = to === "paired" && window.codes.some(({ begun }) => begun > 0)
  const burntMs = isForgiven ? state.burntMs.slice(0, -1) : state.burntMs
  return { answer: undefined, state: { ...state, burntMs, window: { ...window, codes, state: to } } }
}

export type Asking = Omit<Join, "answer" | "outcome" | "role">

/** Remembers a device that asks to join, with the role of its window. */
export const ask = (state: PairingState, asking: Asking): Step<Join> => {
  const role = state.window?.id === asking.window ? state.window.role : null
  const join: Join = { ...asking, role, answer: "waiting", outcome: "waiting" }
  return { answer: join, state: { ...state, joins: [...state.joins, join].slice(-joinsMax) } }
}

/** Those that wait for a person now. */
export const waiting = ({ joins }: PairingState, nowMs: number): ReadonlyArray<Join> =>
  joins.filter(({ answer, outcome, untilMs }) => answer === "waiting" && outcome === "waiting" && nowMs < untilMs)

/** A person's answer; `undefined` when nobody waits for it under that id. `role` takes the place of the window's. */
export const answer = (
  state: PairingState,
  nowMs: number,
  id: string,
  said: "accepted" | "declined",
  role?: string
): Step<Join | undefined> => {
  const join = waiting(state, nowMs).find((each) => each.id === id)
  if (join === undefined) return { answer: undefined, state }
  const answered: Join = { ...join, answer: said, role: role ?? join.role }
  return { answer: answered, state: withJoin(state, answered) }
}

/** What came of a request. A device that was let in has used the code up, whether it confirmed or not. */
export const finish = (state: PairingState, id: string, outcome: Exclude<Join["outcome"], "waiting">): Step<void> => {
  const join = state.joins.find((each) => each.id === id)
  if (join === undefined) return { answer: undefined, state }
  const finished = withJoin(state, { ...join, outcome })
  return outcome === "failed" ? { answer: undefined, state: finished } : end(finished, join.window, "paired")
}

const withJoin = (state: PairingState, join: Join): PairingState => ({
  ...state,
  joins: state.joins.map((each) => (each.id === join.id ? join : each))
})
