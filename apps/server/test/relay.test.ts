/**
 * The hub as a relay: what it says of itself, whom it lets in, and devices that meet through it.
 */
import { createServer } from "node:net"
import { createNode, TrustFile } from "@syncline/node"
import { personal } from "@syncline/policy"
import { libp2p } from "@syncline/transport-libp2p"
import { Effect } from "effect"
import { expect, it, onTestFinished } from "vitest"
import {
  device,
  failHub,
  type HubProcess,
  metric,
  openDevice,
  startHub,
  Task,
  temporaryFolder,
  until
} from "./hubProcess.ts"

const limit = { timeout: 60_000 }
const relaying = { SYNCLINE_RELAY: "on", SYNCLINE_RELAY_PORT: "0" }

interface Identity {
  readonly peer: string
  readonly addresses: ReadonlyArray<string>
  readonly relays: ReadonlyArray<string>
}

const identityOf = async ({ url }: Pick<HubProcess, "url">): Promise<Identity> =>
  (await (await fetch(`${url}/api/v1/identity`)).json()) as Identity

const nowhere = ["/ip4/10.255.255.1/tcp/1"]

interface Far {
  readonly store: string
  readonly trusts: ReadonlyArray<string>
  readonly relays: "disabled" | ReadonlyArray<string>
  readonly routes: ReadonlyArray<string>
}

/** A device that speaks libp2p alone, and has nobody told where it listens: two of them find no direct way. */
const openFar = async ({ relays, routes, store, trusts }: Far) => {
  const node = await createNode({
    space: "home",
    store,
    entities: { task: Task },
    policy: personal({ trusted: trusts }),
    transports: [libp2p({ listen: ["/ip4/127.0.0.1/tcp/0"], announce: nowhere, lan: false, idleMs: 1_500, relays })],
    routes: routes.map((address) => ({ address })),
    retryMsMin: 200,
    retryMsMax: 500
  })
  onTestFinished(() => node.close())
  return node
}

const tcpOf = ({ relays }: Identity): string => relays.find((address) => address.includes("/tcp/"))!

it("[HB-94] a hub names no relay unless it is one", limit, async () => {
  const hub = await startHub({ data: temporaryFolder() })
  expect(await identityOf(hub)).toMatchObject({ addresses: [hub.url], relays: [] })
})

it("[HB-94] a hub on all interfaces tells their addresses, by QUIC and TCP, with its peer", limit, async () => {
  const hub = await startHub({ data: temporaryFolder(), env: { ...relaying, SYNCLINE_HOST: "0.0.0.0" } })
  const { addresses, peer, relays } = await identityOf(hub)
  expect(relays.length).toBeGreaterThan(0)
  expect(relays.length).toBeLessThanOrEqual(16)
  expect(addresses.slice(-relays.length)).toEqual(relays)
  for (const address of relays) {
    expect(address).toMatch(new RegExp(`^/ip4/[\\d.]+/(tcp/[1-9]\\d*|udp/[1-9]\\d*/quic-v1)/p2p/${peer}$`))
  }
  expect(addresses.filter((address) => /0\.0\.0\.0|\/::\/|\[::\]|[:/]0(\/|$)/.test(address))).toEqual([])
})

it("[HB-94] a hub behind a proxy tells what its settings say", limit, async () => {
  const SYNCLINE_RELAY_ADDRESSES = "/dns4/hub.example.com/tcp/443,/ip4/203.0.113.9/udp/4001/quic-v1"
  const hub = await startHub({ data: temporaryFolder(), env: { ...relaying, SYNCLINE_RELAY_ADDRESSES } })
  const { peer, relays } = await identityOf(hub)
  expect(relays).toEqual(SYNCLINE_RELAY_ADDRESSES.split(",").map((address) => `${address}/p2p/${peer}`))
})

it("[HB-93] a relay's port that is taken ends the start with a sentence", limit, async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const bound = server.address()
  const port = typeof bound === "object" && bound !== null ? bound.port : 0
  const { code, log } = await failHub({
    data: temporaryFolder(),
    env: { ...relaying, SYNCLINE_RELAY_PORT: String(port), SYNCLINE_LOG_LEVEL: "silent" }
  })
  expect({ code, log }).toEqual({ code: 1, log: expect.stringContaining(`port ${port} of 127.0.0.1`) })
  expect(log).toContain("SYNCLINE_RELAY_PORT")
})

it(
  "[HB-93] [HB-95] members meet through the relay and a stranger does not; who is taken out loses its place",
  limit,
  async () => {
    const data = temporaryFolder()
    const [near, one, other, stranger] = [device(), device(), device(), device()]
    for (const { peer } of [near, one, other]) await Effect.runPromise(TrustFile.add(data, peer))
    const hub = await startHub({ data, env: relaying })
    const relay = tcpOf(await identityOf(hub))
    const relays = [relay]
    const trusts = [one.peer, other.peer, stranger.peer]
    const nodeNear = await openDevice(near.store, hub)
    // It has a link to the hub by libp2p, too.
    const nodeOne = await openFar({ store: one.store, trusts: [...trusts, hub.peer], relays, routes: [relay] })
    const circuit = (peer: string): string => `${relay}/p2p-circuit/p2p/${peer}`
    // It goes by the relay or not at all.
    const nodeOther = await openFar({
      store: other.store,
      trusts: [...trusts, hub.peer],
      relays: "disabled",
      routes: [circuit(one.peer)]
    })
    const nodeStranger = await openFar({
      store: stranger.store,
      trusts: [...trusts, hub.peer],
      relays,
      routes: [relay, circuit(one.peer)]
    })
    await nodeNear.task.put({ id: "a", title: "by the hub", votes: 0 })
    await until(async () => (await nodeOne.task.get("a")) !== undefined, 15_000)
    await until(async () => (await nodeOther.task.get("a")) !== undefined, 20_000)
    const pathsOf = async (node: typeof nodeOther, to: string) =>
      (await node.status()).peers.flatMap(({ path, peer }) => (peer === to && path !== undefined ? [path] : []))
    await until(async () => (await pathsOf(nodeOther, one.peer)).join() === "relayed", 20_000)
    expect(await nodeStranger.task.get("a")).toBeUndefined()
    expect((await nodeStranger.status()).peers.filter(({ path }) => path !== undefined)).toEqual([])
    await until(async () => (await metric(hub, 'syncline_libp2p_refused_total{reason="not-admitted"}')) > 0, 10_000)
    await Effect.runPromise(TrustFile.remove(data, one.peer))
    const isOut = async () =>
      (await pathsOf(nodeOne, hub.peer)).length === 0 && !(await pathsOf(nodeOther, one.peer)).includes("relayed")
    await until(isOut, 10_000)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    expect(await isOut()).toBe(true)
  }
)
