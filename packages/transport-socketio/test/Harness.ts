/**
 * What the tests of this package share: a listening echo server, and reading its counters. Each test has its own
 * counters, because it runs `counted`.
 */
import type { Link, Transport, TransportError } from "@syncline/core"
import { Effect, Metric, type Scope } from "effect"
import type { Refusal } from "../src/Refusal.ts"
import * as SocketIoMetrics from "../src/SocketIoMetrics.ts"
import type { SocketIoOptions } from "../src/SocketIoOptions.ts"
import { socketIo } from "../src/SocketIoTransport.ts"

/** Runs a test with counters that start at zero. */
export const counted = <A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.provideService(body, Metric.MetricRegistry, new Map()))

export const echo = (link: Link.Link): Effect.Effect<void> =>
  Effect.ignore(Effect.forever(Effect.flatMap(link.receive, link.send)))

export const refused = (reason: Refusal): Effect.Effect<number> =>
  Effect.map(Metric.value(Metric.withAttributes(SocketIoMetrics.refusedTotal, { reason })), (state) => state.count)

export const listen = Effect.fnUntraced(function* (
  options: SocketIoOptions = {},
  onLink: (link: Link.Link) => Effect.Effect<void> = echo
): Effect.fn.Return<string, TransportError.TransportError, Scope.Scope> {
  const [address] = yield* socketIo({ server: { port: 0 }, ...options }).listen(onLink)
  return address ?? ""
})

/** An honest client's visit: connect, one frame there and back. */
export const visit = Effect.fnUntraced(function* (address: string, client: Transport.Transport = socketIo()) {
  const link = yield* client.dial(address)
  yield* link.send(Uint8Array.of(1, 2, 3))
  return [...(yield* link.receive)].join()
}, Effect.scoped)

/** Waits for something that callbacks bring about; the test's own time limit is the end of waiting. */
export const until = Effect.fnUntraced(function* (is: Effect.Effect<boolean>) {
  while (!(yield* is)) yield* Effect.sleep(10)
})
