/**
 * Whether a page of this hub sent a request, and not one of another origin in whose name a browser sends cookies along. Browsers set
 * `Origin` and `Sec-Fetch-Site` themselves; a page cannot.
 */
import type { FastifyRequest } from "fastify"

/** True where the request's origin is the one that it came to. Without an origin it is not known, and so not own. */
export const isOwn = ({ headers, host, protocol }: FastifyRequest): boolean => {
  if (headers["sec-fetch-site"] !== undefined && headers["sec-fetch-site"] !== "same-origin") return false
  return headers.origin === `${protocol}://${host}`
}
