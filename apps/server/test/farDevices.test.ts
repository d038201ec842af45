/**
 * Whole devices over libp2p, directly and with a relay between them: records go over, teams stay apart, and relays and devices that
 * go away do no harm.
 */
import { randomBytes } from "node:crypto"
import { TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { describe, expect, it, type TestContext } from "vitest"
import { addressOf, areEqual, FarSite, has, linkedTo, meet, pathTo, writes } from "./farDevices.ts"
import { runHub, until } from "./hubProcess.ts"
// @boundaries-ignore which ports are nobody's is one knowledge of all tests
import { freePort } from "../../../scripts/freePort.ts"

const limit = { timeout: 60_000 }
const patienceMs = 20_000

/** A text of so many characters that does not become smaller on its way, or it would tell nothing of the window. */
const dense = (length: number): string => randomBytes(length).toString("base64").slice(0, length)

/** What a test of its own opens, and closes. */
const siteOf = ({ onTestFinished }: TestContext): FarSite => new FarSite((end) => onTestFinished(end))

/** Two devices that trust each other, the second of which dials the first. */
const directPair = async (context: TestContext) => {
  const site = siteOf(context)
  const [one, other] = [site.device(), site.device()]
  const listen = ["/ip4/127.0.0.1/udp/0/quic-v1"]
  const first = await site.open(one, { trusts: [other.peer], listen })
  const second = await site.open(other, { trusts: [one.peer], listen: [], routes: [addressOf(first)] })
  return { site, one, other, first, second }
}

/** Two devices of which neither is told where the other is; both know a relay. */
const farPair = async (site: FarSite, relays: ReadonlyArray<string>, space?: string) => {
  const [one, other] = [site.device(), site.device()]
  const of = { relays, ...(space !== undefined && { space }) }
  const first = await site.open(one, { trusts: [other.peer], ...of })
  const second = await site.open(other, { trusts: [one.peer], ...of })
  return { one, other, first, second }
}

describe.concurrent("two devices with nothing in between", () => {
  it("[LP-30] what one writes the other one gets", limit, async (context) => {
    const { first, second } = await directPair(context)
    await writes(first, "a")
    await until(() => has(second, "a"), patienceMs)
    expect(await areEqual(first, second)).toBe(true)
  })

  it("[LP-30] what both write, before they meet and after, both have", limit, async (context) => {
    const site = siteOf(context)
    const [one, other] = [site.device(), site.device()]
    const first = await site.open(one, { trusts: [other.peer] })
    const second = await site.open(other, { trusts: [one.peer], listen: [] })
    await writes(first, "of one")
    await writes(second, "of the other")
    await second.send({ _tag: "AddRoute", address: addressOf(first) })
    await meet(first, second, 2)
    await Promise.all([writes(first, "later of one"), writes(second, "later of the other")])
    await meet(first, second, 4)
    expect(await has(first, "later of the other")).toBe(true)
  })

  it(
    "[LP-31] fifty records written without a pause all arrive, once and in their last state",
    limit,
    async (context) => {
      const { first, second } = await directPair(context)
      await Promise.all(Array.from({ length: 50 }, (_, i) => writes(first, `r${i}`)))
      await Promise.all(Array.from({ length: 50 }, (_, i) => writes(first, `r${i}`, `changed ${i}`)))
      await meet(first, second, 50)
      const titles = await Promise.all(Array.from({ length: 50 }, (_, i) => second.task.get(`r${i}`)))
      expect(titles.map((task) => task?.title)).toEqual(Array.from({ length: 50 }, (_, i) => `changed ${i}`))
    }
  )

  it(
    "[LP-31] the largest record goes over, more is refused where it is written, and the link stays",
    limit,
    async (context) => {
      const { first, one, second } = await directPair(context)
      const large = dense(60_000)
      await writes(first, "large", large)
      await first.task.putAll(Array.from({ length: 100 }, (_, i) => ({ id: `l${i}`, title: dense(60_000), votes: 0 })))
      await expect(writes(first, "too large", "x".repeat(70_000))).rejects.toBeInstanceOf(Error)
      await meet(first, second, 101, 30_000)
      expect(await has(second, "large", large)).toBe(true)
      expect(await linkedTo(second)).toEqual([one.peer])
    }
  )

  it(
    "[LP-31] a record that is deleted and made again is there again on both sides, as it was made last",
    limit,
    async (context) => {
      const { first, second } = await directPair(context)
      await writes(first, "a", "one")
      await until(() => has(second, "a", "one"), patienceMs)
      await second.task.delete("a")
      await until(async () => (await first.task.get("a")) === undefined, patienceMs)
      await writes(first, "a", "two")
      await until(() => has(second, "a", "two"), patienceMs)
      await until(() => areEqual(first, second), patienceMs)
      expect(await has(first, "a", "two")).toBe(true)
    }
  )

  it(
    "[LP-32] both close in the middle of a sync, and go on where they were when they are opened again",
    limit,
    async (context) => {
      const site = siteOf(context)
      const [one, other] = [site.device(), site.device()]
      const count = 2_000
      const first = await site.open(one, { trusts: [other.peer] })
      // More than what may be under way at a time.
      for (let at = 0; at < count; at += 100) {
        await first.task.putAll(
          Array.from({ length: 100 }, (_, i) => ({ id: `r${at + i}`, title: dense(10_000), votes: 0 }))
        )
      }
      const second = await site.open(other, { trusts: [one.peer], listen: [], routes: [addressOf(first)] })
      let arrived = 0
      await new Promise<void>((resolve) =>
        second.on("EntitiesUpdated", (event) => {
          arrived += event.count
          resolve()
        })
      )
      await Promise.all([second.close(), first.close()])
      expect(arrived).toBeGreaterThan(0)
      expect(arrived).toBeLessThan(count)
      const again = await site.open(one, { trusts: [other.peer] })
      const back = await site.open(other, { trusts: [one.peer], listen: [], routes: [addressOf(again)] })
      await meet(again, back, count)
    }
  )
})

describe.concurrent("devices that know a relay", () => {
  it(
    "[LP-33] [LP-13] two that know no address of each other find each other, and sync both ways",
    limit,
    async (context) => {
      const site = siteOf(context)
      const { first, second } = await farPair(site, await site.relay(91))
      await writes(first, "of one")
      await writes(second, "of the other")
      await meet(first, second, 2, patienceMs)
      expect(await linkedTo(first)).toHaveLength(1)
    }
  )

  it("[LP-34] devices of two teams at one relay meet those of their own and nobody else", limit, async (context) => {
    const site = siteOf(context)
    const relays = await site.relay(92)
    const [red, blue] = [await farPair(site, relays), await farPair(site, relays)]
    // One of the others knows them, and where they are, and is not let in all the same.
    const spy = await site.open(site.device(), {
      trusts: [red.one.peer, red.other.peer],
      relays,
      routes: [addressOf(red.first), `${relays[0]}/p2p-circuit/p2p/${red.one.peer}`]
    })
    await writes(red.first, "red")
    await writes(blue.first, "blue")
    await Promise.all([meet(red.first, red.second, 1, patienceMs), meet(blue.first, blue.second, 1, patienceMs)])
    await until(async () => (await spy.status()).routes.every(({ attempts }) => attempts > 1), patienceMs)
    expect(await has(red.second, "red")).toBe(true)
    expect(await has(blue.second, "blue")).toBe(true)
    expect((await spy.hash()).count).toBe(0)
    expect(await linkedTo(spy)).toEqual([])
    // A link through the relay may just have made way for a direct one.
    for (const { first, other } of [red, blue]) {
      await until(async () => (await linkedTo(first)).length > 0, patienceMs)
      expect(await linkedTo(first)).toEqual([other.peer])
    }
  })

  it("[LP-33] who comes late finds the others and gets what was written before", limit, async (context) => {
    const site = siteOf(context)
    const relays = await site.relay(93)
    const [one, other, late] = [site.device(), site.device(), site.device()]
    const peers = [one.peer, other.peer, late.peer]
    const first = await site.open(one, { trusts: peers, relays })
    const second = await site.open(other, { trusts: peers, relays })
    await writes(first, "a")
    await writes(second, "b")
    await meet(first, second, 2, patienceMs)
    const third = await site.open(late, { trusts: peers, relays })
    await meet(first, third, 2, patienceMs)
    await writes(third, "c")
    await meet(second, third, 3, patienceMs)
    expect(await has(second, "c")).toBe(true)
  })

  it("[LP-35] a peer that is nowhere costs nothing: it is told of, and the others sync", limit, async (context) => {
    const site = siteOf(context)
    const relays = await site.relay(94)
    const nobody = site.device()
    const { first, one, second } = await farPair(site, relays)
    for (const address of [`/p2p/${nobody.peer}`, `/ip4/127.0.0.1/tcp/1/p2p/${nobody.peer}`]) {
      await first.send({ _tag: "AddRoute", address })
    }
    const failed = async () => (await first.status()).routes.filter(({ address }) => address.includes(nobody.peer))
    await until(async () => (await failed()).every(({ lastError }) => lastError !== undefined), patienceMs)
    for (const { lastError } of await failed()) expect(lastError).toContain("cannot reach")
    await writes(first, "a")
    await meet(first, second, 1, patienceMs)
    // A link that becomes a direct one is another for a moment.
    await until(async () => (await linkedTo(second)).length > 0, patienceMs)
    expect(await linkedTo(second)).toEqual([one.peer])
  })

  it(
    "[LP-36] [LP-12] a hub that relays is killed: what is written meanwhile goes over once it is back",
    limit,
    async (context) => {
      const site = siteOf(context)
      const [one, other] = [site.device(), site.device()]
      const data = site.folder()
      for (const { peer } of [one, other]) await Effect.runPromise(TrustFile.add(data, peer))
      const env = { SYNCLINE_RELAY: "on", SYNCLINE_RELAY_PORT: String(await freePort()) }
      const start = () => runHub({ data, env }, (end) => context.onTestFinished(end))
      const hub = await start()
      const identity = (await (await fetch(`${hub.url}/api/v1/identity`)).json()) as { relays: ReadonlyArray<string> }
      const relay = identity.relays.find((address) => address.includes("/tcp/"))!
      const first = await site.open(one, { trusts: [other.peer], relays: [relay] })
      // It goes by the relay or not at all.
      const routes = [`${relay}/p2p-circuit/p2p/${one.peer}`]
      const second = await site.open(other, { trusts: [one.peer, hub.peer], listen: [], routes })
      await writes(first, "before")
      await meet(first, second, 1, patienceMs)
      expect(await pathTo(second, one.peer)).toBe("relayed")
      hub.child.kill("SIGKILL")
      await hub.ended()
      await until(async () => (await linkedTo(second)).length === 0, patienceMs)
      await writes(first, "of one, meanwhile")
      await writes(second, "of the other, meanwhile")
      await start()
      await meet(first, second, 3, 30_000)
      expect(await pathTo(second, one.peer)).toBe("relayed")
    }
  )
})
