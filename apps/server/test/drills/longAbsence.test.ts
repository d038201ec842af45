/**
 * A device with ten thousand records that was away for a hundred days, while others changed and deleted and it wrote
 * what nobody has seen. The hundred days pass on the clocks of the processes.
 */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import { device, openDevice } from "../hubProcess.ts"
import { contentsOf, union } from "./dataFolder.ts"
import type { DeviceWork } from "./deviceMain.ts"
import { clockBehind, hubSite, settled, stop } from "./hubSite.ts"

const main = fileURLToPath(new URL("./deviceMain.ts", import.meta.url))
const records = 10_000
const processMsMax = 90_000
const dayMs = 86_400_000

/** A device's process that does its work with a clock that is so many days behind. */
const work = async (daysBehind: number, task: DeviceWork): Promise<void> => {
  const env = { ...process.env, ...clockBehind(daysBehind) }
  await promisify(execFile)(process.execPath, [main, JSON.stringify(task)], { env, timeout: processMsMax })
}

it(
  "[HB-34] a device that was away for a hundred days brings what it has, deletes nothing and revives nothing",
  { timeout: 180_000 },
  async () => {
    const site = await hubSite()
    const [present, absent] = [device(), device()]
    for (const { peer } of [present, absent]) await site.trust(peer)

    let hub = await site.start(100)
    await work(100, { store: present.store, hub, steps: [{ step: "put", name: "r", to: records }, { step: "sync" }] })
    await work(100, {
      store: absent.store,
      hub,
      steps: [
        { step: "sync" },
        { step: "part" },
        { step: "put", name: "unsent", to: 20 },
        { step: "change", name: "r", from: 0, to: 20 },
        { step: "change", name: "r", from: 5_000, to: 5_020 },
        { step: "delete", name: "r", from: 6_000, to: 6_010 }
      ]
    })
    await stop(hub)

    // Each time fewer than a thousand, which is no mass delete; more than that for whoever gets both at once.
    hub = await site.start(50)
    const changes = [
      { step: "delete", name: "r", from: 0, to: 900 },
      { step: "change", name: "r", from: 900, to: 1_000 },
      { step: "sync" }
    ] as const
    await work(50, { store: present.store, hub, steps: changes })
    await stop(hub)
    hub = await site.start()
    const here = await openDevice(present.store, hub)
    await Promise.all(Array.from({ length: 900 }, (_, i) => here.task.delete(`r ${2_000 + i}`)))
    await here.task.putAll(Array.from({ length: 30 }, (_, i) => ({ id: `late ${i}`, title: "late" })))
    await settled([here])

    const back = await openDevice(absent.store, hub)
    expect((await back.hash()).count).toBe(records + 20 - 10)
    await settled([here, back])
    const live = records - 900 - 900 - 10 + 20 + 30
    for (const node of [here, back]) {
      expect((await node.hash()).count).toBe(live)
      for (const id of ["r 0", "r 19", "r 899", "r 2000", "r 2899", "r 6000", "r 6009"]) {
        expect(await node.task.get(id)).toBeUndefined()
      }
      expect(await node.task.query({ where: { title: "late" } })).toHaveLength(30)
      for (let i = 0; i < 20; i++) {
        expect(await node.task.get(`unsent ${i}`)).toMatchObject({ title: `unsent ${i}` })
        expect(await node.task.get(`r ${5_000 + i}`)).toMatchObject({ title: `r ${5_000 + i} changed` })
      }
      expect(await node.task.get("r 950")).toMatchObject({ title: "r 950 changed" })
      expect(await node.task.get("r 9999")).toMatchObject({ title: "r 9999" })
    }
    const [written] = await here.task.history("unsent 0")
    expect(Math.round((Date.now() - written!.date.getTime()) / dayMs)).toBe(100)
    // Nothing was asked about, nothing was refused, and it was sent what it lacked and not everything again.
    const contents = await Promise.all([site.data, present.store, absent.store].map(contentsOf))
    for (const { commits, waiting } of contents) {
      expect(commits).toEqual(union(contents))
      expect(Object.values(waiting).every((count) => count === 0)).toBe(true)
    }
    expect(await back.receipts({ status: "rejected" })).toEqual([])
    expect((await back.status()).peers[0]?.receivedEvents).toBe(900 + 100 + 900 + 30)
  }
)
