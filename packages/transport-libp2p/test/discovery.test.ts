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

type Components = Parameters<ReturnType<typeof mdns>>[0]

/** The part of a node that finds peers, which wants nobody but the first device; what it found, and whom it noted how often. */
const finding = Effect.fnUntraced(function* (
  addresses: ReadonlyArray<string>,
  noted: Array<ReadonlyArray<string>> = []
): Effect.fn.Return<ReadonlyArray<PeerInfo>, never, Scope.Scope> {
  const addressManager = { getAddresses: () => addresses.map((one) => multiaddr(one)) }
  const certified = { isCertified: true, multiaddr: multiaddr("/ip4/192.0.2.1/tcp/1") }
  const told = { isCertified: false, multiaddr: multiaddr("/ip4/192.0.2.2/tcp/1") }
  const peerStore = {
    get: async () => ({ addresses: [certified, told] }),
    patch: async (_id: unknown, { addresses: all }: { readonly addresses: ReadonlyArray<typeof told> }) =>
      noted.push(all.map((one) => one.multiaddr.toString()))
  }
  const wants = async (peer: { readonly toString: () => string }) => peer.toString() === peerOf(1)
  const part = mdns({ serviceTag, wants, broadcast: true })({ addressManager, peerStore } as unknown as Components)
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

  it.live(
    "[LP-47] of a peer the last answer counts, with what it has signed itself; nobody else is noted, and not more than so many in a second",
    () =>
      Effect.gen(function* () {
        const noted: Array<ReadonlyArray<string>> = []
        const found = yield* finding([], noted)
        const speaker = yield* other
        const say = (peer: number, from: number, count: number): void =>
          speaker.respond([
            { name: serviceTag, type: "PTR", data: `x.${serviceTag}` },
            ...Array.from(
              { length: count },
              (_, at) =>
                ({ name: "x", type: "TXT", data: `dnsaddr=/ip4/10.0.${from}.${at}/tcp/1/p2p/${peerOf(peer)}` }) as const
            )
          ])
        for (let times = 0; found.length === 0; times++) {
          say(2, 0, 1)
          say(1, times % 250, 9)
          yield* Effect.sleep(50)
        }
        expect(noted[0]).toHaveLength(10)
        expect(noted[0]).toContain("/ip4/192.0.2.1/tcp/1")
        expect(found.every(({ id }) => id.toString() === peerOf(1))).toBe(true)
        for (let times = 0; times < 1_000; times++) {
          say(1, times % 250, 1)
          if (times % 20 === 0) yield* Effect.sleep(1)
        }
        yield* Effect.sleep(500)
        // In two seconds, or three.
        expect(found.length).toBeLessThan(900)
      }),
    20_000
  )
})
