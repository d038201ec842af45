import { describe, expect, it } from "@effect/vitest"
import { type PeerInfo, start, stop } from "@libp2p/interface"
import { multiaddr } from "@multiformats/multiaddr"
import { Effect, type Scope } from "effect"
import multicastDns from "multicast-dns"
import { networkInterfaces } from "node:os"
import { mdns } from "../src/LanDiscovery.ts"
import { peerOf, until } from "./Harness.ts"

const serviceTag = "_syncline-test._udp.local"
const address = `/ip4/192.168.71.11/tcp/4001/p2p/${peerOf(1)}`

type AddressManager = Parameters<ReturnType<typeof mdns>>[0]["addressManager"]

/** The part of a node that finds peers; what it found. */
const finding = Effect.fnUntraced(function* (
  addresses: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<PeerInfo>, never, Scope.Scope> {
  const addressManager = { getAddresses: () => addresses.map((one) => multiaddr(one)) } as unknown as AddressManager
  const part = mdns({ serviceTag, broadcast: true })({ addressManager })
  const found: Array<PeerInfo> = []
  part.addEventListener("peer", ({ detail }) => found.push(detail))
  yield* Effect.acquireRelease(
    Effect.promise(() => start(part)),
    () => Effect.promise(() => stop(part))
  )
  return found
})

/** Somebody else in the local network. */
const other = Effect.acquireRelease(
  Effect.sync(() => multicastDns()),
  (speaker) => Effect.promise(() => new Promise<void>((done) => speaker.destroy(done)))
)

describe("who is in the local networks", () => {
  it.live(
    "[LP-18] it is asked on every interface, not on that of the default route alone",
    () =>
      Effect.gen(function* () {
        const expected = Object.values(networkInterfaces()).flatMap(
          (addresses) => addresses?.find(({ family }) => family === "IPv4")?.address ?? []
        )
        const askedFrom = new Set<string>()
        const listening = yield* other
        listening.on("query", ({ questions }, { address: from }) => {
          if (questions?.some(({ name }) => name === serviceTag) === true) askedFrom.add(from)
        })
        yield* finding([])
        yield* until(Effect.sync(() => expected.every((one) => askedFrom.has(one))))
      }),
    20_000
  )

  it.live(
    "[LP-18] what cannot be read is passed over, and what comes after it is not",
    () =>
      Effect.gen(function* () {
        const found = yield* finding([])
        const speaker = yield* other
        const say = (texts: ReadonlyArray<string>): void =>
          speaker.respond([
            { name: serviceTag, type: "PTR", data: `x.${serviceTag}` },
            ...texts.map((data) => ({ name: `x.${serviceTag}`, type: "TXT", data }) as const)
          ])
        const wrong = [[], ["dnsaddr=/ip4/no"], ["dnsaddr=/ip4/10.0.0.1/tcp/1"], ["dnsaddr=/tcp/1/p2p/nobody"]]
        for (const texts of wrong) say(texts)
        const repeated = Effect.forever(
          Effect.andThen(
            Effect.sync(() => say([`dnsaddr=${address}`])),
            Effect.sleep(100)
          )
        )
        yield* Effect.forkScoped(repeated)
        yield* until(Effect.sync(() => found.length > 0))
        expect(found[0]?.id.toString()).toBe(peerOf(1))
        expect(found[0]?.multiaddrs.map(String)).toEqual(["/ip4/192.168.71.11/tcp/4001"])
      }),
    20_000
  )
})
