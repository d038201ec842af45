/**
 * Where the hub calls at somebody's wish. Whoever may add a route must not make the hub call into the network that it stands in: an address is
 * looked at when it is named, and what a name leads to again at the socket itself, so that a name which says something else by then changes
 * nothing. Who may add a route is not asked here.
 */
import { type Transport, TransportError } from "@syncline/core"
import { PublicAddress } from "@syncline/node/hub"
import { Context, Effect } from "effect"
import { BlockList, isIP } from "node:net"
import { AddressRefused, because, type PeersError } from "./PeersError.ts"

export interface AddressGuardShape {
  /** Fails with `AddressRefused` for an address that the hub does not call. What a name leads to is not known yet. */
  readonly check: (address: string) => Effect.Effect<void, PeersError>
  /** The transport, which calls nothing else. */
  readonly over: (transport: Transport.Transport) => Transport.Transport
}

export class AddressGuard extends Context.Service<AddressGuard, AddressGuardShape>()(
  "@syncline/server/peers/AddressGuard"
) {}

export interface GuardOptions {
  /** The networks that the hub stands in may be called, too. */
  readonly isLanOpen: boolean
  /** How names are resolved; by default the platform's way. */
  readonly resolve?: PublicAddress.Resolve | undefined
}

export const make = ({ isLanOpen, resolve }: GuardOptions): AddressGuardShape => {
  const isCalled = (ip: string): boolean => isOfSomebody(ip) && (isLanOpen || PublicAddress.isPublic(ip))
  const lookup = PublicAddress.lookupWhere(isCalled, resolve)
  const problemOf = (address: string) => whyNot(address, isCalled, isLanOpen)
  return {
    check: (address) => {
      const problem = problemOf(address)
      return problem === undefined ? Effect.void : Effect.fail(because(new AddressRefused({ address, problem })))
    },
    over: (transport) => ({
      ...transport,
      dial: (address, how) => {
        const problem = problemOf(address)
        return problem === undefined
          ? transport.dial(address, { ...how, lookup: how?.lookup ?? lookup })
          : Effect.fail(refusedBy(transport.name, address, problem))
      }
    })
  }
}

const refusedBy = (transport: string, address: string, problem: string): TransportError.TransportError =>
  new TransportError.TransportError({ transport, reason: new TransportError.AddressInvalid({ address, problem }) })

/** Nobody's: unspecified, for many at once, or where machines of a cloud ask who they are. */
const nobodys = new BlockList()
nobodys.addSubnet("0.0.0.0", 8, "ipv4")
nobodys.addSubnet("169.254.0.0", 16, "ipv4")
nobodys.addSubnet("224.0.0.0", 3, "ipv4")
nobodys.addAddress("::", "ipv6")
nobodys.addAddress("fd00:ec2::254", "ipv6")
nobodys.addAddress("fd20:ce::254", "ipv6")
nobodys.addAddress("100.100.100.200", "ipv4")
nobodys.addAddress("192.0.0.192", "ipv4")
// It looks like one of the internet.
nobodys.addAddress("168.63.129.16", "ipv4")
nobodys.addSubnet("ff00::", 8, "ipv6")
// Ways to write addresses of the other family.
nobodys.addSubnet("64:ff9b::", 96, "ipv6")
nobodys.addSubnet("2002::", 16, "ipv6")

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

const isOfSomebody = (address: string): boolean => {
  const [, four] = mapped.exec(address) ?? []
  if (four !== undefined) return isOfSomebody(four)
  const family = isIP(address)
  return family !== 0 && !nobodys.check(address, family === 4 ? "ipv4" : "ipv6")
}

const schemes = new Set(["http:", "https:", "ws:", "wss:"])

const whyNot = (address: string, isCalled: (ip: string) => boolean, isLanOpen: boolean): string | undefined => {
  if (address.startsWith("/")) return whyNotMultiaddr(address, isCalled, isLanOpen)
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined) return "it is no address"
  if (!schemes.has(url.protocol)) return "it begins with none of ws, wss, http and https"
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return "it has more than scheme, host, port and path"
  }
  // The parser has made one form of every way to write an address in digits.
  const host = url.hostname.replace(/^\[|\]$/g, "")
  if (isIP(host) !== 0 && !isCalled(host)) return closed
  if (!isLanOpen && /(^|\.)localhost\.?$/.test(host)) return closed
  return whyNotPort(url.port === "" ? undefined : Number(url.port))
}

const closed = "it is no address of the internet"

/** Those that others use for something else are not called. */
const whyNotPort = (port: number | undefined): string | undefined =>
  port === undefined || port === 80 || port === 443 || port >= 1_024 ? undefined : `port ${port} is none for a hub`

/** What libp2p looks up by itself nobody can check at the socket. */
const whyNotMultiaddr = (
  address: string,
  isCalled: (ip: string) => boolean,
  isLanOpen: boolean
): string | undefined => {
  const [, kind = "", where = "", , port] = address.split("/")
  if (kind === "ip4" || kind === "ip6") {
    return isIP(where) !== 0 && isCalled(where) ? whyNotPort(Number(port)) : closed
  }
  return isLanOpen ? undefined : "where it leads is not known before it is called; name an IP address"
}
