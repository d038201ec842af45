/**
 * What a hook is and what it is told: code of the application that is called after a change became durable. A hook
 * cannot refuse a change; schema and policy do that before. `Hooks` calls it.
 */
import type { Effect } from "effect"
import type { Author } from "../identity/Author.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { EntityRef } from "../journal/Journal.ts"

/** Hooks that one node has at a time; a further one is refused with `HooksExhausted`. */
export const hooksMax = 64
/** How long one call may take when the hook names no limit of its own. */
export const hookCallMsDefault = 30_000
/** Largest limit that a hook may name. */
const hookCallMsMax = 24 * 60 * 60_000
/** Characters of a hook's name. */
const hookNameMax = 64
/** A call that names this many entities takes no further commit; what is left comes with the next call. */
export const entitiesPerCallMax = 8_192

/** A place in one journal, to go on from later. A program that keeps it keeps both parts. */
export interface HookPlace {
  /** Arrival number of the last commit that was told. */
  readonly head: number
  /** The journal that it counts in; 16 hexadecimal digits. */
  readonly incarnation: string
}

/** What both kinds of call are told. */
export interface HookChange extends HookPlace {
  /** Ids of the commits, in the order of their arrival. */
  readonly commits: ReadonlyArray<string>
  /**
   * Entities that they changed, in the order of first change, each once. `isDeleted` is as it stood when the change was
   * read for this call; whatever changed it later is told by a later call.
   */
  readonly entities: ReadonlyArray<EntityRef>
  /** Number of changes of single entities that were applied. */
  readonly events: number
}

/** A transaction of this device that became durable; also one that a peer brought back after a loss. */
export interface CommittedChange extends HookChange {
  readonly author: Author
  /** False when the transaction was too large for one call and goes on in the next one. */
  readonly isComplete: boolean
}

/** Commits of others that became durable. */
export interface AppliedChange extends HookChange {
  /** The peer that delivered them; `undefined` for what was released from quarantine. */
  readonly peer: PeerId | undefined
  /** Who made them, each once. */
  readonly authors: ReadonlyArray<Author>
}

export interface Hook {
  /** For logs, metrics and `HookFailed`: 1 to 64 characters. */
  readonly name: string
  /** After a local transaction became durable. */
  readonly onCommit?: ((change: CommittedChange) => Effect.Effect<unknown, unknown>) | undefined
  /** After commits of a peer became durable. */
  readonly onApplied?: ((change: AppliedChange) => Effect.Effect<unknown, unknown>) | undefined
  /**
   * Tell everything after this place; `{ head: 0 }` means from the beginning. Absent: only what becomes durable after
   * the registration.
   */
  readonly from?: (Pick<HookPlace, "head"> & Partial<HookPlace>) | undefined
  /** How long one call may take, 1 to 86,400,000 ms; default 30,000. */
  readonly callMsMax?: number | undefined
}

/** What is wrong with a hook's name or limit, if anything. */
export const problem = ({
  callMsMax = hookCallMsDefault,
  name
}: Pick<Hook, "name" | "callMsMax">): string | undefined => {
  if (name.length < 1 || name.length > hookNameMax) return `a hook's name has 1 to ${hookNameMax} characters`
  if (Number.isSafeInteger(callMsMax) && callMsMax >= 1 && callMsMax <= hookCallMsMax) return undefined
  return `callMsMax is ${callMsMax}, not a whole number from 1 to ${hookCallMsMax}`
}
