/**
 * Who may call the gateways and for how much: addresses of the networks that the settings name, so many calls a minute of each, and few large
 * bodies at a time. All gateways of a hub share one. How a refusal is worded is the gateway's business.
 */
import { CallRate, Occupancy } from "@syncline/core"
import { Clock, Effect, type Scope } from "effect"
import type { IncomingMessage } from "node:http"
import * as Networks from "../http/Networks.ts"
import { networkOf } from "../people/SignInThrottle.ts"

/** Calls of one address within a minute; a client that polls makes a few each second. */
const callsPerMinuteMax = 1_200
/** Addresses whose calls of the last minute are counted. */
export const addressesMax = 4_096
/** Bodies of note that are read at a time. */
export const largeBodiesMax = 4
/** Of these, bodies of one address. */
export const largeBodiesPerAddressMax = 2
/** Bodies up to here are not counted as large, in bytes. */
export const smallBodyBytesMax = 256 * 1024

export type Denial = "foreign" | "too-often" | "busy"

export class GatewayBudget {
  readonly #isAllowed: (address: string) => boolean
  readonly #nowMs: () => number
  readonly #calls = new CallRate.CallRate({
    callsPerMinuteMax,
    failuresPerMinuteMax: callsPerMinuteMax,
    addressesMax
  })
  readonly #large = new Map<string, number>()

  constructor(networks: ReadonlyArray<string>, nowMs: () => number) {
    this.#isAllowed = networks.length === 0 ? () => true : Networks.containing(networks)
    this.#nowMs = nowMs
  }

  get addresses(): number {
    return this.#calls.addresses
  }

  get largeBodies(): number {
    let all = 0
    for (const count of this.#large.values()) all += count
    return all
  }

  /** Counts a call; why it is turned away, or nothing. */
  call(address: string): Denial | undefined {
    if (!this.#isAllowed(address)) return "foreign"
    return this.#calls.call(networkOf(address), this.#nowMs()) === undefined ? "too-often" : undefined
  }

  /** Takes a place for a request's body where that may be large; gives what gives the place back, once or more often. */
  body(address: string, { headers }: Pick<IncomingMessage, "headers">): (() => void) | Denial {
    const isSized = headers["transfer-encoding"] === undefined
    if (isSized && Number(headers["content-length"] ?? 0) <= smallBodyBytesMax) return () => undefined
    const network = networkOf(address)
    const own = this.#large.get(network) ?? 0
    if (own >= largeBodiesPerAddressMax || this.largeBodies >= largeBodiesMax) return "busy"
    this.#large.set(network, own + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const left = (this.#large.get(network) ?? 1) - 1
      if (left === 0) this.#large.delete(network)
      else this.#large.set(network, left)
    }
  }
}

/** One for a hub, shown in metrics until the scope closes. */
export const make = Effect.fnUntraced(function* (
  networks: ReadonlyArray<string>
): Effect.fn.Return<GatewayBudget, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const budget = new GatewayBudget(networks, () => clock.currentTimeMillisUnsafe())
  yield* Occupancy.watch([
    { kind: "queue", name: "gateway_addresses", limit: addressesMax, length: () => budget.addresses },
    { kind: "queue", name: "gateway_large_bodies", limit: largeBodiesMax, length: () => budget.largeBodies }
  ])
  return budget
})
