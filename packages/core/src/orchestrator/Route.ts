/**
 * A way to a peer that is dialled, and what its dialling fiber knows of it. When it is dialled others say.
 */
import type { PeerId } from "../identity/PeerId.ts"
import type { DialOptions } from "../transport/Transport.ts"
import type { RouteStatus } from "./Status.ts"

/** A configured way to a peer. */
export interface Route {
  readonly address: string
  /** The only peer that may answer there; any that the policy admits when absent. */
  readonly peer?: PeerId | undefined
  /** Of one that a list of peers named, or that was found: how it is dialled. It comes behind all others. */
  readonly listed?: DialOptions | undefined
  /** A transport found it; see `Finding`. */
  readonly isFound?: boolean | undefined
}

/** Who answered at an address. */
export interface Met {
  readonly peer: PeerId
  /** Of its journal; not known where it has said no more than that it is linked already. */
  readonly incarnation: string | undefined
}

/** A route with what its dialling fiber knows. */
export interface RouteEntry {
  readonly route: Route
  /** When it came to be connected or ceased to be, in the milliseconds of `monotonicMs`. */
  changedMs: number
  state: RouteStatus["state"]
  attempts: number
  lastError: string | undefined
  /** Who answered there last. */
  met: Met | undefined
  /** When it was looked last who or what is there, while its peer was linked by another road, in the milliseconds of `monotonicMs`. */
  lookedMs: number | undefined
  /** Since when its finder tells of its peer, and when it did last, in the milliseconds of `monotonicMs`. */
  told: { sinceMs: number; lastMs: number } | undefined
  /** When its link gave way to another route, in the milliseconds of `monotonicMs`; nothing since a dial has failed. */
  gaveWayMs: number | undefined
  /** A round wants it dialled, where the node does not sync all the time; and how often that was tried. */
  isDue: boolean
  tries: number
}

/** Whom a route leads to, as far as is known. */
export const peerOf = ({ met, route }: RouteEntry): PeerId | undefined => route.peer ?? met?.peer
