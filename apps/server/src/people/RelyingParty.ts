/**
 * For which site the hub's passkeys are: the host of its public address, else `localhost`, under which browsers on the hub's machine
 * call it. Browsers take no IP address for this, so a hub that is called by one has no passkeys.
 */
import { isIP } from "node:net"

export interface RelyingParty {
  /** The host, which a passkey is bound to. */
  readonly id: string
  /** Where a page that asks for one must be from. */
  readonly origin: string
}

/**
 * Of a hub by its public address, or by one that it listens on. What a request says of its host counts for nothing, as another page's
 * server may say the same.
 */
export const of = (publicUrl: string | undefined, address: string | undefined): RelyingParty | undefined => {
  if (publicUrl !== undefined) {
    const { hostname, origin } = new URL(publicUrl)
    return isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? { id: hostname, origin } : undefined
  }
  if (address === undefined) return undefined
  const { port, protocol } = new URL(address)
  return { id: "localhost", origin: new URL(`${protocol}//localhost:${port}`).origin }
}
