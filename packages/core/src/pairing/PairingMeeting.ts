/**
 * The seam between a pairing and the roads that carry it: a place where an inviter holds a slot and a joiner visits it. A
 * road moves frames between two sides and turns a third away. It asks nobody who they are, and what the frames say is none
 * of its business: whoever runs a road is taken for an enemy.
 */
import type { Effect, Scope } from "effect"
import type { MeetingError } from "./MeetingError.ts"

/** One frame in bytes; the longest message of a pairing fits. */
export const frameBytesMax = 68 * 1024
/** Frames that one side may send in one visit. An honest one sends six. */
export const pathFramesMax = 32
/** Bytes that one side may send in one visit. */
export const pathBytesMax = 256 * 1024
/** How long a visit may last, in milliseconds: a person must look at both screens meanwhile. */
export const pathMsMax = 4 * 60_000

/** A two-way path between the sides of one visit. */
export interface MeetingPath {
  /** Frames arrive whole, once and in order. Fails with `MeetingFrameRefused` beyond a bound, and with `MeetingEnded`. */
  readonly send: (frame: Uint8Array) => Effect.Effect<void, MeetingError>
  /** The next frame; who gives up waiting loses none. Fails with `MeetingEnded` once all that came before the end are taken. */
  readonly receive: Effect.Effect<Uint8Array, MeetingError>
  /** Ends the visit for both sides, behind the frames that were sent. Doing it twice is fine. */
  readonly close: Effect.Effect<void>
}

/** A slot of this inviter, until the scope closes in which it was taken. */
export interface HeldSlot {
  readonly slot: number
  /** Waits for the next visit; one after another. A visit that is not over ends with the scope of this effect. */
  readonly visit: Effect.Effect<MeetingPath, MeetingError, Scope.Scope>
}

export interface PairingMeeting {
  /** For people and logs, e.g. the hub's address. */
  readonly name: string
  /** True where the two sides reach each other without a slot; then codes of six digits are used. */
  readonly isDirect: boolean
  /**
   * Takes a slot until the scope closes: the given one, which may fail with `SlotTaken`, or any free one. Also fails with
   * `MeetingUnreachable` and `MeetingBusy`.
   */
  readonly hold: (slot: number | undefined) => Effect.Effect<HeldSlot, MeetingError, Scope.Scope>
  /**
   * Goes to a slot. Fails with `SlotEmpty` where nobody holds it and with `SlotCrowded` where somebody else visits; also
   * with `MeetingUnreachable` and `MeetingBusy`. The path closes with the scope.
   */
  readonly visit: (slot: number | undefined) => Effect.Effect<MeetingPath, MeetingError, Scope.Scope>
}
