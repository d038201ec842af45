/**
 * Which addresses of the network are public: what a list from elsewhere names may lead nowhere else, else whoever writes the list
 * could have this device call into the network that it stands in. What is called, and what for, others decide.
 */
import { lookup, type LookupAddress, type LookupAllOptions, type LookupOptions } from "node:dns"
import { BlockList, isIP, type LookupFunction } from "node:net"

/** Ranges that are not public; source: the IANA special-purpose address registries for IPv4 and IPv6. */
const closedRanges: ReadonlyArray<readonly [network: string, prefix: number, family: "ipv4" | "ipv6"]> = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.0.2.0", 24, "ipv4"],
  ["192.88.99.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["198.51.100.0", 24, "ipv4"],
  ["203.0.113.0", 24, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 96, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["100::", 64, "ipv6"],
  ["2001::", 23, "ipv6"],
  ["2001:db8::", 32, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["5f00::", 16, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fec0::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"]
]

const closed = new BlockList()
for (const [network, prefix, family] of closedRanges) closed.addSubnet(network, prefix, family)

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** True for an IP address that anybody on the internet may be asked at. */
export const isPublic = (address: string): boolean => {
  const [, four] = mapped.exec(address) ?? []
  if (four !== undefined) return isPublic(four)
  const family = isIP(address)
  if (family === 0) return false
  // Of IPv6 only 2000::/3 is in use on the internet.
  return family === 4 ? !closed.check(address, "ipv4") : !closed.check(address, "ipv6") && /^[23]/.test(address)
}

/** Says why a name was not called. */
export class AddressClosed extends Error {
  constructor(hostname: string, address: string) {
    super(`${hostname} is at ${address}, which is no address of the internet`)
  }
}

/** Resolves a name to all of its addresses; in the way of Node's `dns.lookup`. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: ReadonlyArray<LookupAddress>) => void
) => void

/**
 * A lookup for a connection that fails where any address of the name is not one that may be called. The connection goes to what was
 * checked: a name that says something else a moment later changes nothing.
 */
export const lookupWhere =
  (isCalled: (address: string) => boolean, resolve: Resolve = lookup) =>
  (hostname: string, options: LookupOptions, callback: Parameters<LookupFunction>[2]): void => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "")
      const hidden = addresses.find(({ address }) => !isCalled(address))
      if (hidden !== undefined) return callback(new AddressClosed(hostname, hidden.address), "")
      if (options.all === true) return callback(null, [...addresses])
      const [first] = addresses
      return first === undefined
        ? callback(new Error(`${hostname} has no address`), "")
        : callback(null, first.address, first.family)
    })
  }

/** Only of the internet. */
export const lookupPublic: LookupFunction = lookupWhere(isPublic)
