import { describe, expect, it } from "@effect/vitest"
import type { Connection } from "@libp2p/interface"
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr"
import { cut } from "../src/Libp2pFailure.ts"
import { addressesMax, race } from "../src/RacingDial.ts"
import { peerOf } from "./Harness.ts"

const silent = multiaddr("/ip4/10.255.255.1/tcp/1")
const good = multiaddr("/ip4/127.0.0.1/tcp/2")
const relayed = multiaddr(`/ip4/127.0.0.1/tcp/3/p2p/${peerOf(9)}/p2p-circuit/p2p/${peerOf(1)}`)

/** A network in which some addresses answer after so many milliseconds, and the others never. QUIC is deaf: it hears of no abort. */
const network = (answers: ReadonlyMap<Multiaddr, number>, isDeaf = false) => {
  const made: Array<{ readonly address: Multiaddr; readonly signal: AbortSignal; isAborted: boolean }> = []
  const tried: Array<Multiaddr> = []
  const dial = (address: Multiaddr, options: { readonly signal?: AbortSignal } = {}): Promise<Connection> => {
    tried.push(address)
    return new Promise((resolve, reject) => {
      const { signal } = options
      if (!isDeaf) signal?.addEventListener("abort", () => reject(new Error("aborted")))
      const afterMs = answers.get(address)
      if (afterMs === undefined) return
      setTimeout(() => {
        const one = { address, signal: signal!, isAborted: false }
        made.push(one)
        resolve({ remoteAddr: address, abort: () => (one.isAborted = true) } as unknown as Connection)
      }, afterMs)
    })
  }
  return { dial, made, tried }
}

const seconds = (count: number): AbortSignal => AbortSignal.timeout(count * 1_000)

describe("a race of addresses", () => {
  it("[LP-8] the first that answers is taken, and silent ones are given up", async () => {
    const { dial, made, tried } = network(new Map([[good, 10]]))
    const won = await race(dial, [Promise.resolve([silent, good])], seconds(5))
    expect(won.remoteAddr).toBe(good)
    expect(tried).toEqual([silent, good])
    // A socket goes with the signal that it was dialled with: that one must stay quiet.
    expect(made[0]!.signal.aborted).toBe(false)
  })

  it("[LP-8] a relay that answers sooner than a direct way does not win within its delay", async () => {
    const { dial, tried } = network(
      new Map([
        [relayed, 0],
        [good, 100]
      ])
    )
    expect((await race(dial, [Promise.resolve([relayed, good])], seconds(5))).remoteAddr).toBe(good)
    expect(tried).toEqual([good])
  })

  it("[LP-8] a relay is taken where nothing direct answers", async () => {
    const { dial } = network(new Map([[relayed, 0]]))
    expect((await race(dial, [Promise.resolve([silent, relayed])], seconds(5))).remoteAddr).toBe(relayed)
  })

  it("[LP-8] addresses that become known later are tried as well, each once", async () => {
    const { dial, tried } = network(new Map([[good, 0]]))
    const later = new Promise<ReadonlyArray<Multiaddr>>((resolve) => setTimeout(() => resolve([silent, good]), 50))
    expect((await race(dial, [Promise.resolve([silent]), later], seconds(5))).remoteAddr).toBe(good)
    expect(tried).toEqual([silent, good])
  })

  it("[LP-9] one that loses the race late is ended", async () => {
    const other = multiaddr("/ip4/127.0.0.1/tcp/4")
    const { dial, made } = network(
      new Map([
        [good, 0],
        [other, 0]
      ]),
      true
    )
    await race(dial, [Promise.resolve([good, other])], seconds(5))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(made.map(({ isAborted }) => isAborted)).toEqual([false, true])
  })

  it("[LP-8] without an address, and once the time is over, it fails and says why", async () => {
    const { dial } = network(new Map())
    await expect(race(dial, [Promise.resolve([])], seconds(5))).rejects.toThrow("no address of it is known")
    await expect(race(dial, [Promise.resolve([silent])], AbortSignal.timeout(50))).rejects.toBeInstanceOf(Error)
  })

  it("[LP-8] what somebody says about a peer does not become a flood", async () => {
    const many = Array.from({ length: 100 }, (_, index) => multiaddr(`/ip4/10.0.0.${index}/tcp/1`))
    const { dial, tried } = network(new Map())
    await expect(race(dial, [Promise.resolve(many)], AbortSignal.timeout(50))).rejects.toBeInstanceOf(Error)
    expect(tried).toHaveLength(addressesMax)
  })
})

it("[LP-9] ending what is just closing is no error", () => {
  const closing = {
    abort: () => {
      throw new Error("Cannot write to a stream that is closing")
    }
  }
  expect(() => cut(closing, "nobody uses it any more")).not.toThrow()
})
