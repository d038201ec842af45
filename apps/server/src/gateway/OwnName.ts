/**
 * Whether a gateway's caller named the hub by a name that only the hub's own network or its operator gives. A page of any origin may have its
 * name lead to the hub's address, and its calls then look like those of the hub's own page; so other names get nothing. Who calls is not known here.
 */
import { isIP } from "node:net"

/** Names that nobody on the internet can own: those without a dot, and those below one of these. */
const nearby = /^[^.]+$|\.(local|localhost|lan|internal|home|home\.arpa)$/

/** True for a header `Host` with an address, a name of a network at home, or the public address's. Without one it is no browser's call. */
export const isOwn = (host: string | undefined, publicOrigin: string | undefined): boolean => {
  if (host === undefined || host === "") return true
  if (!URL.canParse(`http://${host}`)) return false
  const name = nameOf(`http://${host}`)
  return isIP(name) !== 0 || nearby.test(name) || (publicOrigin !== undefined && name === nameOf(publicOrigin))
}

const nameOf = (origin: string): string => new URL(origin).hostname.replace(/^\[|\]$|\.$/g, "")
