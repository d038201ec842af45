/**
 * The transport's failures, in core's words. No error of Socket.IO, ws or Node leaves this package.
 */
import { TransportError } from "@syncline/core"

/** The transport's name among a node's transports. */
export const transportName = "socketio"

export const fail = (reason: TransportError.TransportError["reason"]): TransportError.TransportError =>
  new TransportError.TransportError({ transport: transportName, reason })

export const linkClosed = (problem: string): TransportError.TransportError =>
  fail(new TransportError.LinkClosed({ problem }))

export const unreachable = (address: string, problem: string): TransportError.TransportError =>
  fail(new TransportError.Unreachable({ address, problem }))

/** A server's answer to an upgrade in the words of ws 8: too many of one address, or altogether. */
const busyAnswer = /^Unexpected server response: (429|503)$/

/** Why a dial came to nothing. */
export const notLinked = (address: string, problem: string): TransportError.TransportError =>
  busyAnswer.test(problem) ? fail(new TransportError.ListenerBusy({ address, problem })) : unreachable(address, problem)

/** The innermost message of an error that a library reported; only text crosses the boundary. */
export const problemOf = (error: unknown): string => {
  const inner = error instanceof Error && "description" in error ? error.description : undefined
  if (typeof inner === "string") return inner
  if (hasMessage(inner) && inner.message !== "") return inner.message
  return hasMessage(error) ? error.message : "unknown problem"
}

const hasMessage = (value: unknown): value is { readonly message: string } =>
  typeof value === "object" && value !== null && "message" in value && typeof value.message === "string"
