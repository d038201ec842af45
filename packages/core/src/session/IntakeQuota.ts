/**
 * The port through which the engine asks how much devices may bring: once for each batch, before the journal takes it. What is put
 * off is left out, its deliverer is told why, and it comes again by comparing. Without a quota nothing is asked and nothing is
 * counted. How much is too much, and where counts are kept, is for whoever provides it.
 */
import { Context, type Effect } from "effect"
import type { PeerId } from "../identity/PeerId.ts"

/** What commits of one device come to. */
export interface Brought {
  /** The device that they count to; see `QuotaJudging`. */
  readonly device: PeerId
  readonly commits: number
  /** Bytes of the commits as they came. */
  readonly bytes: number
  /** By how many live records they made the journal grow: negative where they deleted more than they made. 0 before they are taken in. */
  readonly records: number
}

/** Why something has to wait, in words for whoever sent it. */
export interface PutOff {
  /** Name of the quota, e.g. `quota/day`. */
  readonly rule: string
  /** What is used up, and when or by what there is room again; at most 256 characters. */
  readonly because: string
  /** Only commits that begin records wait. What changes or deletes records that are there is taken in, so that there can be room again. */
  readonly isOfBeginnings?: boolean
}

export interface IntakeQuotaShape {
  /**
   * Which devices' commits of a batch must wait; each device is named once. Those that are not in the answer are taken in as a
   * whole, so a quota is exceeded by what is under way at the time and by no more. Never fails and waits for no disk.
   */
  readonly ask: (brought: ReadonlyArray<Brought>) => Effect.Effect<ReadonlyMap<PeerId, PutOff>>
  /** What became durable and was not here before, also by leaving the quarantine. Never fails and never waits. */
  readonly took: (brought: ReadonlyArray<Brought>) => Effect.Effect<void>
  /** Why this device itself may write nothing now, if so. */
  readonly whyFull: Effect.Effect<PutOff | undefined>
}

/** The code under which a deliverer hears of what was put off. */
export const code = "QuotaExceeded"

/** `undefined`, the default, is no limit. */
export const IntakeQuota = Context.Reference<IntakeQuotaShape | undefined>("@syncline/core/session/IntakeQuota", {
  defaultValue: () => undefined
})
