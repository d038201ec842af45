/**
 * Addresses of this transport: multiaddrs over QUIC or TCP, with the peer at the end or without, through a relay or not; and
 * `/p2p/12D3…` alone for a peer wherever it is. It resolves nothing.
 */
import { type Link, PeerId, TransportError } from "@syncline/core"
import { isPrivate } from "@libp2p/utils"
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr"
import { Effect } from "effect"
import { lookup } from "node:dns/promises"
import { fail } from "./Libp2pFailure.ts"

/** Names that are looked up of what somebody says of a peer. */
const namesMax = 8

export interface DialTarget {
  readonly multiaddr: Multiaddr
  /** Who must answer there. */
  readonly peer: PeerId.PeerId | undefined
  /** It names the peer only; where that is has to be found. */
  readonly isPeerOnly: boolean
}

/** True for multiaddrs that this transport dials: whatever begins with `/` and has a QUIC, TCP, relay or peer part. */
export const accepts = (address: string): boolean => /^(\/.*)?\/(quic-v1|tcp|p2p)(\/|$)/.test(address)

/** The address taken apart, or `AddressInvalid`. */
export const parse = (address: string): Effect.Effect<DialTarget, TransportError.TransportError> =>
  Effect.suspend(() => {
    if (!accepts(address))
      return invalid(address, "it is no multiaddr like /ip4/192.0.2.1/udp/4001/quic-v1/p2p/12D3KooW…")
    try {
      const parsed = multiaddr(address)
      const parts = parsed.getComponents()
      const last = parts.at(-1)
      const named = last?.name === "p2p" ? last.value : undefined
      if (named !== undefined && !PeerId.is(named)) return invalid(address, `${named} is not the id of an Ed25519 key`)
      return Effect.succeed({ multiaddr: parsed, peer: named, isPeerOnly: parts.length === 1 })
    } catch (error) {
      return invalid(address, error instanceof Error ? error.message : "it cannot be read")
    }
  })

/** A multiaddr, or nothing where the text is none that is known here. */
export const read = (text: string): Multiaddr | undefined => {
  try {
    return multiaddr(text)
  } catch {
    return undefined
  }
}

const invalid = (address: string, problem: string): Effect.Effect<never, TransportError.TransportError> =>
  Effect.fail(fail(new TransportError.AddressInvalid({ address, problem })))

/** The address of a peer wherever it is. */
export const ofPeer = (peer: PeerId.PeerId): string => `/p2p/${peer}`

/** What lies between this node and the other end of a connection. */
export const pathOf = (remote: Multiaddr): Link.LinkPath => {
  if (remote.getComponents().some(({ name }) => name === "p2p-circuit")) return "relayed"
  return isPrivate(remote) ? "lan" : "direct"
}

/** The way to a peer through a relay. */
export const through = (relay: Multiaddr, peer: PeerId.PeerId): Multiaddr =>
  relay.encapsulate(`/p2p-circuit/p2p/${peer}`)

/** An address with the numbers of the host that it names; QUIC resolves no names. Gives nothing for a name that is not known. */
export const resolved = async (address: Multiaddr): Promise<ReadonlyArray<Multiaddr>> => {
  const [host, ...rest] = address.getComponents()
  const family = host?.name === "dns4" ? 4 : host?.name === "dns6" ? 6 : 0
  if (host === undefined || !isNamed(address)) return [address]
  const found = await lookup(host.value ?? "", { all: true, family }).catch(() => [])
  const after = multiaddr(rest)
  return found.map((one) => multiaddr(`/ip${one.family}/${one.address}`).encapsulate(after))
}

const isNamed = (address: Multiaddr): boolean =>
  ["dns", "dns4", "dns6"].includes(address.getComponents()[0]?.name ?? "")

/** What is said of a peer, as it can be dialled: numbers at once, and those of the first few names once they are looked up. */
export const dialled = (said: Promise<ReadonlyArray<Multiaddr>>): ReadonlyArray<Promise<ReadonlyArray<Multiaddr>>> => [
  said.then((addresses) => addresses.filter((address) => !isNamed(address))),
  said.then(async (addresses) => (await Promise.all(addresses.filter(isNamed).slice(0, namesMax).map(resolved))).flat())
]
