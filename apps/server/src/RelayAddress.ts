/**
 * Multiaddrs of a hub that relays, as text: what to listen on, what others are told, and which of those can be dialled. It opens
 * and resolves nothing.
 */
import { isIP } from "node:net"

/** Addresses that the settings may give. */
export const givenMax = 8

/** Addresses that a hub announces; a device believes no more. */
export const announcedMax = 16

/** True for what the settings may give: a host name, an IP address, or a multiaddr over QUIC or TCP without a peer. */
export const isGiven = (given: unknown): given is string =>
  typeof given === "string" &&
  (isIP(given) !== 0 ||
    /^(?=.{1,253}$)[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*$/i.test(given) ||
    (/^\/(ip4|ip6|dns|dns4|dns6)\/[\w.:-]{1,253}\/(tcp\/[1-9]\d{0,4}|udp\/[1-9]\d{0,4}\/quic-v1)$/.test(given) &&
      isDialable(given)))

/** QUIC and TCP at a host; at every interface of IPv6 that of IPv4, too, as HTTP there. */
export const at = (host: string, port: number): ReadonlyArray<string> => {
  if (host === "::") return [...atOne(host, port), ...atOne("0.0.0.0", port)]
  return atOne(host, port)
}

const atOne = (host: string, port: number): ReadonlyArray<string> => {
  const family = isIP(host)
  const name = family === 0 ? "dns4" : `ip${family}`
  return [`/${name}/${host}/udp/${port}/quic-v1`, `/${name}/${host}/tcp/${port}`]
}

/** What others are told of what the settings give. */
export const told = (given: string, port: number): ReadonlyArray<string> =>
  given.startsWith("/") ? [given] : at(given, port)

/** True where somebody could be: no wildcard, no port 0, and no address that counts at one cable only. */
const isDialable = (address: string): boolean => {
  const [, , host = "", , port = ""] = address.split("/")
  return (
    host !== "0.0.0.0" &&
    !/^[0:]+$/.test(host) &&
    !/^fe[89ab].:/i.test(host) &&
    Number(port) > 0 &&
    Number(port) <= 65_535
  )
}

const isLoopback = (address: string): boolean => /^\/(ip4\/127\.|ip6\/::1\/)/.test(address)

/** Those of a node's addresses that others can dial, once each; those of this machine alone only where there are no others. */
export const dialable = (addresses: ReadonlyArray<string>): ReadonlyArray<string> => {
  const all = [...new Set(addresses)].filter((address) => address.startsWith("/") && isDialable(address))
  const wide = all.filter((address) => !isLoopback(address))
  return (wide.length > 0 ? wide : all).slice(0, announcedMax)
}
