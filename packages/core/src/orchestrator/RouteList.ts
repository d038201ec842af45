/**
 * A list of peers from elsewhere, and what is known of it. It says where one may dial and nothing else; how it is fetched, and what
 * of it may be called, whoever gives it knows.
 */
import type { Effect } from "effect"
import type { DialOptions } from "../transport/Transport.ts"

/** Why a list could not be had. */
export interface RouteListFailure {
  /** Name of the reason, as in SPEC "Errors". */
  readonly code: string
  readonly message: string
}

/** Where a list comes from. */
export interface RouteList {
  /** For people, and to tell one from another. */
  readonly name: string
  /** Addresses in the order in which they are to be dialled. */
  readonly fetch: Effect.Effect<ReadonlyArray<string>, RouteListFailure>
  /** How what it names is dialled, by transports that honour it. */
  readonly dial: DialOptions
}

/** A list with what its fiber knows. */
export interface RouteListEntry {
  readonly list: RouteList
  fetchedAtMs: number | undefined
  attempts: number
  lastError: string | undefined
  /** Addresses that it named last, at most `listedRoutesMax`. */
  addresses: ReadonlyArray<string>
}

/** Lists of one node. */
export const routeListsMax = 8

/** A list that nobody has fetched yet. */
export const entryOf = (list: RouteList): RouteListEntry => ({
  list,
  fetchedAtMs: undefined,
  attempts: 0,
  lastError: undefined,
  addresses: []
})
