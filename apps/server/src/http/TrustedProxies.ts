/**
 * Who called, where proxies stand in between: the last address that no trusted proxy has. What others write into the header counts for
 * nothing, since everybody may send it.
 */
import type { IncomingMessage } from "node:http"
import { TLSSocket } from "node:tls"
import * as Networks from "./Networks.ts"

export interface TrustedProxies {
  /** True for an address of a proxy whose word counts. */
  readonly trusts: (address: string) => boolean
  /** Who sent a request, as far as trusted proxies say it; at most 64 characters. */
  readonly remoteOf: (request: IncomingMessage) => string
  /** What a request was sent to, as far as a trusted proxy says it, e.g. `https` and `hub.example.com`. */
  readonly targetOf: (request: IncomingMessage) => { readonly protocol: string; readonly host: string }
}

const addressCharsMax = 64

/** No network: nobody is trusted. */
export const make = (networks: ReadonlyArray<string>): TrustedProxies => {
  const trusts = Networks.containing(networks)
  const remoteOf = ({ headers, socket }: IncomingMessage): string => {
    const named = String(headers["x-forwarded-for"] ?? "").split(",")
    let remote = socket.remoteAddress ?? "unknown"
    while (named.length > 0 && trusts(remote)) remote = named.pop()!.trim() || remote
    return remote.slice(0, addressCharsMax)
  }
  const targetOf = ({ headers, socket }: IncomingMessage) => {
    const told = (name: string): string | undefined =>
      trusts(socket.remoteAddress ?? "") ? headers[name]?.toString().split(",").at(-1)?.trim() : undefined
    return {
      protocol: told("x-forwarded-proto") ?? (socket instanceof TLSSocket ? "https" : "http"),
      host: told("x-forwarded-host") ?? headers.host ?? ""
    }
  }
  return { trusts, remoteOf, targetOf }
}
