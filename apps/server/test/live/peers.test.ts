/** Peers and routes of a hub over its REST interface, between two hubs that know each other. */
import { TrustFile } from "@syncline/node"
import { HubStore } from "@syncline/node/hub"
import { Effect, Layer, Stream } from "effect"
import { Orchestrator, PeerId } from "@syncline/core"
import { expect, it } from "vitest"
import { PeerTotals, totalledPeersMax } from "../../src/peers/PeerTotals.ts"
import { SavedPeers, savedPausesMax, savedRoutesMax } from "../../src/peers/SavedPeers.ts"
import { eideticaOf } from "../../src/peers/PeerView.ts"
import { temporaryFolder, until } from "../hubProcess.ts"
import { type LiveHub, openLiveHub } from "./liveHub.ts"

/** Two hubs that trust each other, linked by a route of the first. */
const pair = async () => {
  const near = await openLiveHub({ lanPeers: "on" })
  const folder = temporaryFolder()
  await Effect.runPromise(TrustFile.add(folder, near.peer as PeerId.PeerId))
  const far = await openLiveHub({ dataFolder: folder })
  await Effect.runPromise(TrustFile.add(near.data, far.peer as PeerId.PeerId))
  const added = await near.door.ask("POST", "/peers", { peer: far.peer, address: far.url, note: "the other office" })
  return { near, far, added }
}

const stateOf = async ({ door }: LiveHub, peer: string) => (await door.ask("GET", `/peers/${peer}`)).body["state"]
const isIn = (hub: LiveHub, peer: string, state: string) =>
  until(async () => (await stateOf(hub, peer)) === state, 10_000)

it("[HP-1] peers are added, compared with, kicked, paused and resumed", async () => {
  const { added, far, near } = await pair()
  const { ask } = near.door
  expect([added.status, added.body["peer"]]).toEqual([201, far.peer])
  await isIn(near, far.peer, "synced")
  expect((await ask("GET", "/peers")).body).toMatchObject({ items: [{ peer: far.peer, device: null }], next: null })
  const of = `/peers/${far.peer}`
  for (const act of ["connect", "sync"]) expect((await ask("POST", `${of}/${act}`)).body).toEqual({ touched: 1 })
  expect((await ask("POST", "/sync", { peer: far.peer })).body).toEqual({ touched: 1 })
  expect((await ask("POST", `${of}/kick`)).body).toEqual({ touched: 1, mayComeBack: true })
  // The link that was may still stand among the states.
  const kickedMs = Date.now()
  await until(async () => (await ask("GET", of)).body["provenAtMs"]! >= kickedMs, 10_000)
  await isIn(near, far.peer, "synced")

  expect((await ask("POST", `${of}/pause`)).body).toEqual({ touched: 1 })
  expect(await stateOf(near, far.peer)).toBe("paused")
  // A link counts until it has ended.
  const kickedWhilePaused = async () => (await ask("POST", `${of}/kick`)).body
  await until(async () => (await kickedWhilePaused())["touched"] === 0, 5_000)
  expect(await kickedWhilePaused()).toEqual({ touched: 0, mayComeBack: false })
  expect(await stateOf(near, far.peer)).toBe("paused")
  expect((await ask("POST", `${of}/resume`)).status).toBe(200)
  await isIn(near, far.peer, "synced")
  expect((await ask("DELETE", of)).status).toBe(204)
  expect((await ask("GET", "/routes")).body).toEqual({ routes: [] })
  await until(async () => (await stateOf(near, far.peer)) === "offline", 5_000)
})

it("[HP-1] what nobody knows is 404, and what is no peer or address 400", async () => {
  const hub = await openLiveHub()
  const { ask } = hub.door
  const nobody = "12D3KooWBh5amhvmYAUZQ7p64HdyLsp72TnFeeauDBHSNGzjy38a"
  for (const [method, path, body, code] of [
    ["GET", `/peers/${nobody}`, undefined, "NoneHere"],
    ["DELETE", `/peers/${nobody}`, undefined, "RouteUnknown"],
    ["POST", `/peers/${nobody}/kick`, {}, "NoneHere"],
    ["POST", `/peers/${nobody}/sync`, {}, "NoneHere"],
    ["POST", "/sync", { peer: nobody }, "NoneHere"],
    ["DELETE", "/routes?address=wss%3A%2F%2Fhub.example.com", undefined, "RouteUnknown"]
  ] as const) {
    expect([path, await ask(method, path, body)]).toMatchObject([path, { status: 404, body: { code } }])
  }
  for (const [method, path, body] of [
    ["GET", "/peers/nobody", undefined],
    ["POST", "/peers", { peer: "x", address: "wss://hub.example.com" }],
    ["POST", "/routes", { address: "" }],
    ["POST", "/routes", { address: "wss://hub.example.com", also: 1 }],
    ["PUT", "/routes/order", { addresses: "a" }],
    ["PUT", "/autosync", { mode: { everyMs: 1 } }],
    ["GET", "/peers?limit=0", undefined]
  ] as const) {
    expect([path, (await ask(method, path, body)).status]).toEqual([path, 400])
  }
})

it("[HP-2] [HP-1] routes, their order, pauses and auto-sync hold after a restart, and a removed one does not come back", async () => {
  const { far, near } = await pair()
  const { ask } = near.door
  await isIn(near, far.peer, "synced")
  const others = ["wss://a.example.com", "wss://b.example.com", "wss://c.example.com"]
  for (const address of others) expect((await ask("POST", "/routes", { address })).status).toBe(201)
  const addresses = async (hub: LiveHub) =>
    ((await hub.door.ask("GET", "/routes")).body["routes"] as unknown as ReadonlyArray<{ address: string }>).map(
      ({ address }) => address
    )
  await ask("PUT", "/routes/order", { addresses: [others[1], others[0]] })
  const ordered = [others[1], others[0], far.url, others[2]]
  expect(await addresses(near)).toEqual(ordered)
  expect((await ask("DELETE", `/routes?address=${encodeURIComponent(others[2]!)}`)).status).toBe(204)
  await ask("PUT", "/autosync", { mode: { everyMs: 60_000 } })
  await ask("POST", `/peers/${far.peer}/pause`)
  await near.stop()

  const again = await openLiveHub({ dataFolder: near.data, lanPeers: "on" })
  expect(await addresses(again)).toEqual(ordered.slice(0, 3))
  expect((await again.door.ask("GET", "/routes")).body["routes"]).toMatchObject([
    { note: "", peer: null, isSaved: true },
    { note: "" },
    { note: "the other office", peer: far.peer }
  ])
  expect((await again.door.ask("GET", "/autosync")).body).toMatchObject({ mode: { everyMs: 60_000 } })
  expect(await stateOf(again, far.peer)).toBe("paused")
  // It calls by itself, and gets no link.
  await far.door.ask("POST", "/peers", { peer: again.peer, address: again.url })
  expect(await stateOf(again, far.peer)).toBe("paused")
  expect((await again.door.ask("POST", `/peers/${far.peer}/resume`)).status).toBe(200)
  await again.stop()
  const third = await openLiveHub({ dataFolder: near.data, lanPeers: "on" })
  expect(await stateOf(third, far.peer)).not.toBe("paused")
})

it("[HP-2] more routes and pauses than are kept are refused, and nothing is done", async () => {
  const saved = Effect.gen(function* () {
    const desk = yield* SavedPeers
    for (let i = 0; i < savedRoutesMax; i++) yield* desk.addRoute({ address: `wss://a/${i}`, peer: null, note: "" })
    expect((yield* Effect.flip(desk.addRoute({ address: "wss://b", peer: null, note: "" }))).reason._tag).toBe(
      "SavedExhausted"
    )
    yield* desk.addRoute({ address: "wss://a/0", peer: null, note: "again" })
    const routes = yield* desk.routes
    expect([routes.length, routes[0]]).toMatchObject([savedRoutesMax, { address: "wss://a/0", note: "again" }])
    for (let i = 0; i < savedPausesMax; i++) yield* desk.pause(peerOf(i))
    expect((yield* Effect.flip(desk.pause(peerOf(savedPausesMax)))).reason._tag).toBe("SavedExhausted")
    yield* desk.pause(peerOf(0))
  })
  await Effect.runPromise(Effect.provide(saved, SavedPeers.layer.pipe(Layer.provide(HubStore.HubStore.layerMemory))))
})

it("[HP-7] Eidetica's questions: relations of the space, status, cursor, success rate and tickets", async () => {
  const { far, near } = await pair()
  const { ask } = near.door
  await isIn(near, far.peer, "synced")
  expect((await ask("POST", "/entities/task", { fields: { title: "a" } })).status).toBe(201)
  await isIn(near, far.peer, "synced")
  await until(async () => {
    const { cursor } = (await ask("GET", `/peers/${far.peer}`)).body as unknown as { cursor: { acknowledged: number } }
    return cursor.acknowledged > 0
  }, 5_000)
  const { body } = await ask("GET", `/peers/${far.peer}`)
  expect(body).toMatchObject({
    eidetica: { status: "Active", connection: "Connected" },
    totals: { failures: 0, successRate: 1, successRateOfDay: 1 }
  })
  const space = (await ask("GET", "/spaces")).body["spaces"] as unknown as ReadonlyArray<{ readonly id: string }>
  const { id } = space[0]!
  for (const named of ["home", id]) {
    const of = `/spaces/${named}/relations`
    expect((await ask("GET", of)).body["items"]).toMatchObject([{ peer: far.peer, isSyncing: true }])
  }
  const relation = `/spaces/home/relations/${far.peer}`
  expect((await ask("DELETE", relation)).status).toBe(204)
  expect((await ask("GET", relation)).body).toMatchObject({ isSyncing: false })
  expect((await ask("GET", `/peers/${far.peer}`)).body["eidetica"]).toEqual({
    status: "Blocked",
    connection: "Disconnected"
  })
  expect((await ask("PUT", relation)).status).toBe(204)
  await isIn(near, far.peer, "synced")
  for (const path of ["/spaces/other/relations", `/spaces/other/relations/${far.peer}`, "/spaces/other"]) {
    expect((await ask("GET", path)).body["code"]).toBe("NoneHere")
  }
  const { ticket } = (await ask("POST", "/spaces/home/tickets")).body as unknown as { readonly ticket: string }
  const asked = new URL(ticket).searchParams
  expect([asked.get("db"), asked.getAll("pr")]).toEqual([id, [near.url]])
  expect(eideticaOf("offline", "gone")).toEqual({ status: "Inactive", connection: "Failed" })
  expect(eideticaOf("connecting", undefined)).toEqual({ status: "Active", connection: "Connecting" })

  const successes = async (hub: LiveHub) =>
    ((await hub.door.ask("GET", `/peers/${far.peer}`)).body["totals"] as unknown as { readonly successes: number })
      .successes
  const before = await successes(near)
  expect(before).toBeGreaterThan(0)
  await near.stop()
  await far.stop()
  expect(await successes(await openLiveHub({ dataFolder: near.data }))).toBe(before)
})

const peerOf = (number: number): PeerId.PeerId => {
  const key = new Uint8Array(32)
  new DataView(key.buffer).setUint32(0, number)
  return PeerId.fromPublicKey(key)
}

it("[HP-7] sums of peers are bounded: who was not seen for longest is forgotten", async () => {
  const events = Array.from({ length: totalledPeersMax + 5 }, (_, i) => ({
    _tag: "PeerConnected" as const,
    peer: peerOf(i),
    route: "x"
  }))
  const orchestrator = { events: Stream.fromIterable(events) } as unknown as Orchestrator.Orchestrator["Service"]
  const layer = PeerTotals.layer.pipe(
    Layer.provide(Layer.merge(HubStore.HubStore.layerMemory, Layer.succeed(Orchestrator.Orchestrator, orchestrator)))
  )
  const kept = await Effect.runPromise(
    Effect.provide(
      Effect.flatMap(PeerTotals, ({ all }) => Effect.delay(all, 50)),
      layer
    )
  )
  expect([kept.size, kept.has(peerOf(4)), kept.has(peerOf(5))]).toEqual([totalledPeersMax, false, true])
})
