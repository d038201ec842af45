import { SessionConformance, TransportConformance } from "@syncline/core/testing"
import { Effect } from "effect"
import { device, peerOf, quic, tcp } from "./Harness.ts"
import * as MultiaddrProxy from "./MultiaddrProxy.ts"

const setup = (listen: string) =>
  Effect.map(MultiaddrProxy.make, (proxy) => ({
    server: device(1, { listen: [listen], maxConnectionsPerSecond: 100 }),
    client: device(2, { listen: [] }),
    nobody: `${listen.replace("/0", "/1")}/p2p/${peerOf(1)}`,
    invalid: "/ip4/127.0.0.1/tcp/1/p2p/nobody",
    ...proxy
  }))

TransportConformance.transportConformance("libp2p over TCP", setup(tcp))
TransportConformance.transportConformance("libp2p over QUIC", setup(quic))
SessionConformance.sessionConformance("libp2p over TCP", setup(tcp))
SessionConformance.sessionConformance("libp2p over QUIC", setup(quic))
