/** Quotas of a hub as a process, with real devices over Socket.IO. */
import { randomBytes } from "node:crypto"
import { TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { describe, expect, it, vi } from "vitest"
import { device, type HubProcess, metric, openDevice, startHub, temporaryFolder, until } from "../hubProcess.ts"
import { ask } from "../localDoor.ts"

vi.setConfig({ testTimeout: 60_000 })

const kibibyte = 1024

const trust = (data: string, peer: string) => Effect.runPromise(TrustFile.add(data, peer))

/** Text that does not compress. */
const noise = (kibibytes: number): string => randomBytes((kibibytes * kibibyte * 3) / 4).toString("base64")

const fill = async (node: Awaited<ReturnType<typeof openDevice>>, from: number, upto: number, kibibytes: number) => {
  for (let n = from; n < upto; n++) await node.task.put({ id: `n${n}`, title: noise(kibibytes), votes: 0 })
}

const set = (data: string, values: object) => ask(data, "settings", { values }, "PATCH")

const hashesOf = async (data: string, node: Awaited<ReturnType<typeof openDevice>>) => {
  const { body } = await ask(data, "spaces/home?hash=true")
  return [body["stateHash"], (await node.hash()).hash]
}

const trustedDevice = async (data: string, hub: HubProcess) => {
  const { peer, store } = device()
  await trust(data, peer)
  return { peer, node: await openDevice(store, hub) }
}

describe("quotas of a hub", () => {
  it("[HQ-1] [HQ-5] [HQ-6] what is beyond a day's quota waits at its device, which is told, and comes when it is raised", async () => {
    const data = temporaryFolder()
    const hub = await startHub({ data })
    const { node, peer } = await trustedDevice(data, hub)
    const told: Array<{ readonly code: string; readonly because: string }> = []
    node.on("WritesDeferred", (event) => told.push(event))
    expect(await set(data, { quotaMibPerDeviceDay: 1 })).toMatchObject({ status: 200 })
    await fill(node, 0, 60, 40)
    await until(() => told.length > 0, 20_000)
    expect(told[0]).toMatchObject({ code: "QuotaExceeded" })
    expect(told[0]!.because).toMatch(/its quota is 1 MiB; there is room from \d{4}-/)
    await until(async () => (await node.status()).peers[0]?.state === "held", 20_000)
    expect((await node.receipts({ limit: 1, status: "deferred" }))[0]).toMatchObject({ code: "QuotaExceeded" })
    const before = Number((await ask(data, "spaces/home")).body["records"])
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(60)
    expect(hub.log()).toContain(`"_tag":"CommitsPutOff"`)
    expect(await metric(hub, `syncline_commits_put_off_total{quota="quota/day"}`)).toBeGreaterThan(0)
    const checks = (await ask(data, "doctor")).body["checks"] as unknown as ReadonlyArray<{ readonly id: string }>
    expect(checks.find(({ id }) => id === "quotas")).toMatchObject({
      state: "warning",
      found: expect.not.stringContaining(peer)
    })
    // Reading goes on.
    const added = await ask(data, "entities/task/fromHub", { fields: { title: "read on" } }, "PUT")
    expect(added.status).toBe(200)
    await until(async () => (await node.task.get("fromHub")) !== undefined, 10_000)
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect(await set(data, { quotaMibPerDeviceDay: 100 })).toMatchObject({ status: 200 })
    // Views that differ are compared by themselves after a while; this is at once.
    await until(async () => (await ask(data, "spaces/home")).body["records"] === 61, 5_000)
    const [there, here] = await hashesOf(data, node)
    expect(there).toBe(here)
    await until(async () => (await node.status()).peers[0]?.state === "synced", 20_000)
  })

  it("[HQ-2] [HQ-4] counts outlive kill -9, and a device with too many records may change and delete what it has", async () => {
    const data = temporaryFolder()
    const env = { SYNCLINE_QUOTA_RECORDS_PER_DEVICE: "10" }
    const first = await startHub({ data, env })
    const { peer, store } = device()
    await trust(data, peer)
    const one = await openDevice(store, first)
    await fill(one, 0, 10, 1)
    await until(async () => (await ask(data, "spaces/home")).body["records"] === 10, 20_000)
    await until(async () => (await metric(first, `syncline_quota_devices_over{quota="records"}`)) === 1, 20_000)
    await one.close()
    first.child.kill("SIGKILL")
    await first.ended()
    const hub = await startHub({ data, env })
    const node = await openDevice(store, hub)
    await fill(node, 10, 12, 1)
    await node.task.patch("n1", { title: "changed" })
    await until(async () => (await ask(data, "entities/task/n1")).body["fields"] !== undefined, 20_000)
    await until(async () => JSON.stringify((await ask(data, "entities/task/n1")).body).includes("changed"), 20_000)
    expect((await ask(data, "spaces/home")).body["records"]).toBe(10)
    await node.task.delete("n2")
    await node.task.delete("n3")
    await node.send({ _tag: "ForceSync", peer: null })
    await until(async () => (await ask(data, "entities/task/n10")).status === 200, 30_000)
  })

  it("[HQ-3] a full space takes in nothing, of its own people neither, and says what to do", async () => {
    const data = temporaryFolder()
    const hub = await startHub({ data })
    const { node } = await trustedDevice(data, hub)
    await fill(node, 0, 30, 40)
    await until(async () => (await ask(data, "spaces/home")).body["records"] === 30, 20_000)
    expect(await set(data, { quotaMibSpace: 1 })).toMatchObject({ status: 200 })
    const refused = await ask(data, "entities/task/own", { fields: { title: "no" } }, "PUT")
    expect(refused).toMatchObject({ status: 409, body: { code: "QuotaExceeded" } })
    expect(String(refused.body["detail"])).toMatch(
      /quota\/space: the space takes .* its quota is 1 MiB; there is room once/
    )
    await fill(node, 30, 31, 1)
    await until(async () => (await node.status()).peers[0]?.state === "held", 20_000)
    const checks = (await ask(data, "doctor")).body["checks"] as unknown as ReadonlyArray<{ readonly id: string }>
    expect(checks.find(({ id }) => id === "quotas")).toMatchObject({ state: "bad" })
    expect(await set(data, { quotaMibSpace: null })).toMatchObject({ status: 200 })
    await until(async () => (await ask(data, "spaces/home")).body["records"] === 31, 20_000)
    expect((await ask(data, "entities/task/own", { fields: { title: "yes" } }, "PUT")).status).toBe(200)
  })
})
