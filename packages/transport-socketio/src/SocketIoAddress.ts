/**
 * Addresses of this transport: `http://`, `https://`, `ws://`, `wss://` with host, optional port and optional path.
 * It does not resolve names and does not decide whether an address may be dialled.
 */
import { TransportError } from "@syncline/core"
import { Effect } from "effect"
import type { AddressInfo } from "node:net"
import { fail } from "./SocketIoFailure.ts"

export interface DialTarget {
  /** Scheme, host and port. */
  readonly origin: string
  readonly path: string
}

const form = /^(https?|wss?):\/\//i

export const accepts = (address: string): boolean => form.test(address)

/** The address taken apart, or `AddressInvalid`. An address without a path means the path `pathDefault`. */
export const parse = (
  address: string,
  pathDefault: string
): Effect.Effect<DialTarget, TransportError.TransportError> => {
  if (!accepts(address) || !URL.canParse(address)) return invalid(address, "it is not of the form wss://host:port/path")
  const url = new URL(address)
  // A name and password would be sent in the clear to whoever answers; query and fragment have no meaning here.
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return invalid(address, "it has more than scheme, host, port and path")
  }
  return Effect.succeed({
    origin: `${url.protocol}//${url.host}`,
    path: url.pathname === "/" ? pathDefault : url.pathname
  })
}

const invalid = (address: string, problem: string): Effect.Effect<never, TransportError.TransportError> =>
  Effect.fail(fail(new TransportError.AddressInvalid({ address, problem })))

/** The address to dial for a server that listens on `bound`. */
export const format = (bound: AddressInfo, isSecure: boolean, path: string): string => {
  const host = bound.family === "IPv6" ? `[${bound.address}]` : bound.address
  return `${isSecure ? "wss" : "ws"}://${host}:${bound.port}${path}`
}
