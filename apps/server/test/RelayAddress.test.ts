/** Where a hub relays, as text. */
import { expect, it } from "vitest"
import * as RelayAddress from "../src/RelayAddress.ts"

it("[HB-94] at every interface of IPv6 it relays at those of IPv4, too", () => {
  expect(RelayAddress.at("::", 1)).toEqual([
    "/ip6/::/udp/1/quic-v1",
    "/ip6/::/tcp/1",
    "/ip4/0.0.0.0/udp/1/quic-v1",
    "/ip4/0.0.0.0/tcp/1"
  ])
  expect(RelayAddress.at("fd00::2", 1)).toHaveLength(2)
})

it("[HB-94] nobody is told of an address that counts at one cable only", () => {
  const good = ["/ip6/fd00::2/tcp/1", "/ip4/192.0.2.2/tcp/1"]
  expect(RelayAddress.dialable(["/ip6/fe80::fc:ff:fe00:1/tcp/1", ...good, "/ip6/::/tcp/1"])).toEqual(good)
})
