/**
 * Disks of 3 MiB that fill up under a hub and under a device, and get room later.
 */
import { randomBytes } from "node:crypto"
import { JournalError } from "@syncline/core"
import { expect, it } from "vitest"
import { metric, openDevice, until } from "../hubProcess.ts"
import { canMount, mountSmallDisk, resizeDisk } from "../smallDisk.ts"
import { contentsOf, union } from "./dataFolder.ts"
import { hubSite, openDevices, settled, settleMsMax } from "./hubSite.ts"

const diskMebibytes = 3

/** A title that compression makes no shorter than 20 KB. */
const longTitle = (): string => randomBytes(15_000).toString("base64")

const status = async (url: string): Promise<number> => (await fetch(url)).status

it.skipIf(!canMount)(
  "[HB-32] a full disk stops nothing but writing, and with room again everything goes on by itself",
  { timeout: 120_000 },
  async () => {
    const site = await hubSite(mountSmallDisk(diskMebibytes))
    const hub = await site.start()
    const { folders, nodes } = await openDevices(site, hub, 1)
    const [roomy] = nodes
    const store = mountSmallDisk(diskMebibytes)
    const tight = await openDevice(store, hub)
    await site.trust(tight.peer)
    const first = await roomy!.task.put({ title: "first" })
    await settled([roomy!, tight])

    // Twice what the hub's disk takes. Then the other device fills its own.
    const acknowledged: Array<string> = [first]
    for (let i = 0; i < 30; i++) {
      const { ids } = await roomy!.task.putAll(Array.from({ length: 10 }, () => ({ title: longTitle() })))
      acknowledged.push(...ids)
    }
    await until(() => hub.log().includes(`"code":"StoreFull"`), settleMsMax)
    let refused: unknown
    for (let i = 0; i < 400 && refused === undefined; i++) {
      await tight.task.put({ title: longTitle() }).then(
        (id) => acknowledged.push(id),
        (error: unknown) => (refused = error)
      )
    }
    expect(refused).toBeInstanceOf(JournalError.JournalError)
    expect(refused).toMatchObject({ reason: { _tag: "StoreFull" }, isRetryable: true })

    // Nothing of a refused transaction is there, and what was there is read.
    const count = async () => (await tight.hash()).count
    const before = await count()
    const many = Array.from({ length: 40 }, (_, i) => ({ id: `half ${i}`, title: longTitle() }))
    await expect(tight.task.putAll(many)).rejects.toMatchObject({ reason: { _tag: "StoreFull" } })
    expect(await count()).toBe(before)
    expect(await tight.task.get("half 0")).toBeUndefined()
    expect(await tight.task.get(first)).toMatchObject({ title: "first" })
    expect(await status(`${hub.url}/healthz`)).toBe(200)
    expect(await status(`${hub.url}/readyz`)).toBe(200)
    expect(await metric(hub, "syncline_events_applied_total")).toBeGreaterThan(0)
    const full = await contentsOf(site.data)
    const known = union(await Promise.all([...folders, store].map(contentsOf)))
    expect(full.commits.size).toBeGreaterThan(0)
    expect(full.commits.size).toBeLessThan(known.size)
    for (const commit of full.commits) expect(known.has(commit)).toBe(true)
    // What it had confirmed it has.
    const accepted = await roomy!.receipts({ status: "accepted" })
    expect(accepted.length).toBeGreaterThan(0)
    for (const { commit } of accepted) expect(full.commits.has(commit)).toBe(true)

    for (const disk of [site.data, store]) resizeDisk(disk, 64)
    acknowledged.push(await tight.task.put({ title: "after" }))
    await settled([roomy!, tight])
    expect(hub.child.exitCode).toBeNull()
    const after = await Promise.all([site.data, ...folders, store].map(contentsOf))
    for (const { commits } of after) expect(commits).toEqual(union(after))
    for (const commit of known) expect(after[0]!.commits.has(commit)).toBe(true)
    for (const node of [roomy!, tight]) {
      expect((await node.hash()).count).toBe(acknowledged.length)
      for (const id of acknowledged) expect(await node.task.get(id)).toBeDefined()
    }
  }
)
