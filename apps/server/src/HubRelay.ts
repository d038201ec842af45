/**
 * The hub as a relay: the libp2p transport beside Socket.IO, for the devices that its policy lets in. What that takes is loaded only
 * where the settings want it. Who gets a place is the transport's door's business, which asks the policy.
 */
import { lookup } from "node:dns/promises"
import { isIP } from "node:net"
import type { Transport } from "@syncline/core"
import type { HubConfig } from "./HubConfig.ts"
import { HostUnavailable, HubError } from "./HubError.ts"
import * as RelayAddress from "./RelayAddress.ts"

/** Connections altogether: of devices with a place, of their links, and of those that ask where others are. */
const connectionsMax = 4_096
/** Connections that have not proven whose they are. */
const pendingMax = 64
/** Connections of one host in a second; a whole office may be one host. */
const perSecondMax = 50

/** The transport; nothing where the hub does not relay. Rejects with `HubError` where its host is none. */
export const transports = async ({
  host,
  relay,
  relayAddresses,
  relayPort
}: HubConfig): Promise<ReadonlyArray<Transport.TransportPlugin>> => {
  if (relay === "off") return []
  const { libp2p } = await import("@syncline/transport-libp2p")
  return [
    libp2p({
      serves: true,
      lan: false,
      // It is one itself, and devices come to it.
      relays: "disabled",
      listen: RelayAddress.at(await numberOf(host), relayPort),
      announce: relayAddresses.flatMap((given) => RelayAddress.told(given, relayPort)),
      maxConnections: connectionsMax,
      maxPendingConnections: pendingMax,
      maxConnectionsPerSecond: perSecondMax
    })
  ]
}

const numberOf = async (host: string): Promise<string> => {
  if (isIP(host) !== 0) return host
  try {
    return (await lookup(host)).address
  } catch (error) {
    const problem = (error as { readonly code?: string }).code ?? String(error)
    throw new HubError({ reason: new HostUnavailable({ host, problem }) })
  }
}
