/**
 * A transport with a switch: it remembers the links of the transport it wraps, cuts them and refuses new ones. It
 * adds no loss or delay within a link; the simulated network does that.
 */
import { Effect } from "effect"
import type { Link } from "../../src/transport/Link.ts"
import type { Transport } from "../../src/transport/Transport.ts"
import { TransportError, Unreachable } from "../../src/transport/TransportError.ts"

export interface FaultyTransport {
  readonly transport: Transport
  readonly dropLink: Effect.Effect<void>
  readonly goOffline: Effect.Effect<void>
  readonly goOnline: Effect.Effect<void>
}

export const make = (inner: Transport): FaultyTransport => {
  const links = new Set<Link>()
  let isOnline = true
  const dropLink = Effect.suspend(() => Effect.forEach([...links], (link) => link.close, { discard: true }))
  const dial: Transport["dial"] = (address) =>
    Effect.suspend(() => {
      if (isOnline) return Effect.tap(inner.dial(address), (link) => Effect.sync(() => links.add(link)))
      const reason = new Unreachable({ address, problem: "offline" })
      return Effect.fail(new TransportError({ transport: inner.name, reason }))
    })
  const turn = (online: boolean) => Effect.sync(() => void (isOnline = online))
  return {
    transport: { ...inner, dial },
    dropLink,
    goOffline: Effect.andThen(turn(false), dropLink),
    goOnline: turn(true)
  }
}
