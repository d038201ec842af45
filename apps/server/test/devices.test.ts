/**
 * Devices that sync through a hub: the whole way from one journal to the other over real sockets.
 */
import { TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { describe, expect, it, vi } from "vitest"
import { device, metric, openDevice, startHub, temporaryFolder, until } from "./hubProcess.ts"

const trust = (data: string, peer: string) => Effect.runPromise(TrustFile.add(data, peer))

// Several processes start in each test, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

describe("devices at a hub", () => {
  it("[HB-12] sync through it and become equal", async () => {
    const data = temporaryFolder()
    const [left, right] = [device(), device()]
    await trust(data, left.peer)
    await trust(data, right.peer)
    const hub = await startHub({ data })
    const a = await openDevice(left.store, hub)
    const b = await openDevice(right.store, hub)
    const id = await a.task.put({ title: "Milk" })
    await b.task.putAll(Array.from({ length: 300 }, (_, i) => ({ title: `task ${i}` })))
    const areEqual = async () => (await a.hash()).hash === (await b.hash()).hash && (await a.hash()).count === 301
    await until(areEqual, 10_000)
    expect(await b.task.get(id)).toMatchObject({ title: "Milk", votes: 0 })
    expect(await metric(hub, "syncline_events_applied_total")).toBeGreaterThanOrEqual(301)
    expect(await metric(hub, "syncline_sessions_live")).toBe(2)
  })

  it("[HB-13] a stranger is refused and counted, and let in once it is trusted", async () => {
    const data = temporaryFolder()
    const stranger = device()
    const hub = await startHub({ data })
    const node = await openDevice(stranger.store, hub)
    await node.task.put({ title: "Milk" })
    await until(async () => (await metric(hub, `syncline_decisions_denied_total{action="admit"}`)) >= 2, 8_000)
    expect((await node.status()).peers[0]?.state ?? "offline").toBe("offline")
    expect(await metric(hub, "syncline_events_applied_total")).toBe(0)
    expect(hub.log()).toContain(stranger.peer)
    await trust(data, stranger.peer)
    const ms = await until(async () => (await node.status()).peers[0]?.state === "synced", 5_000)
    expect(ms).toBeLessThan(3_000)
    expect(await metric(hub, "syncline_events_applied_total")).toBe(1)
  })

  it("[HB-14] a device that is no longer trusted loses its live connection", async () => {
    const data = temporaryFolder()
    const [left, right] = [device(), device()]
    await trust(data, left.peer)
    await trust(data, right.peer)
    const hub = await startHub({ data })
    const a = await openDevice(left.store, hub)
    const b = await openDevice(right.store, hub)
    for (const node of [a, b]) await until(async () => (await node.status()).peers[0]?.state === "synced", 8_000)
    await Effect.runPromise(TrustFile.remove(data, left.peer))
    const ms = await until(async () => (await a.status()).peers[0]?.state === "offline", 5_000)
    expect(ms).toBeLessThan(2_000)
    const id = await a.task.put({ title: "too late" })
    await b.task.put({ title: "still here" })
    await until(async () => (await metric(hub, `syncline_decisions_denied_total{action="admit"}`)) >= 1, 5_000)
    expect(await b.task.get(id)).toBeUndefined()
    await b.send({ _tag: "ForceSync", peer: null })
    await until(async () => (await b.status()).peers[0]?.state === "synced", 5_000)
    expect((await b.hash()).count).toBe(1)
  })
})
