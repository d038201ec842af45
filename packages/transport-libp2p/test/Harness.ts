/**
 * What the tests of this package share: transports of devices that trust everybody, on loopback.
 */
import { PeerId, type Transport } from "@syncline/core"
import { Effect, Redacted } from "effect"
import { createPrivateKey, createPublicKey } from "node:crypto"
import type { Libp2pOptions } from "../src/Libp2pOptions.ts"
import { libp2p } from "../src/Libp2pTransport.ts"

export const quic = "/ip4/127.0.0.1/udp/0/quic-v1"
export const tcp = "/ip4/127.0.0.1/tcp/0"

export const seedOf = (number: number): Uint8Array => new Uint8Array(32).fill(number)

// PKCS#8 of an Ed25519 seed (RFC 8410).
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex")

export const peerOf = (number: number): PeerId.PeerId => {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Prefix, seedOf(number)]),
    format: "der",
    type: "pkcs8"
  })
  return PeerId.fromPublicKey(new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32)))
}

/** A device's transport. It admits everybody unless it is told whom. */
export const device = (
  number: number,
  options: Libp2pOptions = {},
  admits: Transport.TransportHost["admits"] = () => Effect.succeed(true)
): Transport.Transport => libp2p({ idleMs: 1_500, ...options })({ seed: Redacted.make(seedOf(number)), admits })
