// A device that others find in the local network, and far away by the relays that its hub announces.
import { libp2p } from "@syncline/transport-libp2p"

export const everywhere = libp2p()
export const atHome = libp2p({ relays: "disabled" })
export const fixed = libp2p({ listen: ["/ip4/0.0.0.0/udp/4001/quic-v1"], lan: false })
