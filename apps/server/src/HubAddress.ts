/**
 * Where a hub can be reached: the addresses for people and devices that belong to what it listens on. A hub that
 * listens on every interface names each of them.
 */
import type { AddressInfo } from "node:net"
import { networkInterfaces } from "node:os"

/** Addresses such as `http://127.0.0.1:5342`, the best one first; `https` where the hub has a certificate. */
export const of = (bound: AddressInfo, isSecure: boolean): ReadonlyArray<string> => {
  const isWildcard = bound.address === "0.0.0.0" || bound.address === "::"
  const hosts = isWildcard ? [...external(), "127.0.0.1"] : [bound.address]
  const scheme = isSecure ? "https" : "http"
  return hosts.map((host) => `${scheme}://${host.includes(":") ? `[${host}]` : host}:${bound.port}`)
}

/** IPv4 addresses that others may reach; those of IPv6 change too often to be written down. */
const external = (): ReadonlyArray<string> =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address)
