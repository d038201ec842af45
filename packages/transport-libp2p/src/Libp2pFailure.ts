/**
 * The transport's failures, in core's words. No error of libp2p, of QUIC or of Node leaves this package.
 */
import { TransportError } from "@syncline/core"

/** The transport's name among a node's transports. */
export const transportName = "libp2p"

export const fail = (reason: TransportError.TransportError["reason"]): TransportError.TransportError =>
  new TransportError.TransportError({ transport: transportName, reason })

export const linkClosed = (problem: string): TransportError.TransportError =>
  fail(new TransportError.LinkClosed({ problem }))

export const unreachable = (address: string, problem: string): TransportError.TransportError =>
  fail(new TransportError.Unreachable({ address, problem }))

/** What a library's error says, the errors that it gathers included; only text crosses the boundary. */
export const problemOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(problemOf))].join("; ")
  }
  if (error instanceof Error && error.message !== "") return error.message
  // libp2p also rejects with the event that ended a stream.
  return error instanceof Event ? "the connection ended" : "unknown problem"
}

/** Ends a connection or stream at once. libp2p throws where one is just closing; then it is over anyway. */
export const cut = (one: { readonly abort: (error: Error) => void }, why: string): void => {
  try {
    one.abort(new Error(why))
  } catch {
    // It ends by itself.
  }
}
