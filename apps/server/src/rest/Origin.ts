/**
 * Whether a page of this hub sent a request, and not one of another origin in whose name a browser sends cookies along. Browsers set
 * `Origin` and `Sec-Fetch-Site` themselves; a page cannot.
 */
import type { IncomingHttpHeaders } from "node:http"

/** What a request says of itself, and what it was sent to. */
interface Sent {
  readonly headers: IncomingHttpHeaders
  readonly host: string
  readonly protocol: string
}

/**
 * True where the request's origin is the one that it came to, or that of the hub's public address. Without an origin it is not known,
 * and so not own.
 */
export const isOwn = ({ headers, host, protocol }: Sent, publicOrigin: string | undefined): boolean => {
  if (headers["sec-fetch-site"] !== undefined && headers["sec-fetch-site"] !== "same-origin") return false
  if (headers.origin === undefined) return false
  return headers.origin === publicOrigin || headers.origin === `${protocol}://${host}`
}
