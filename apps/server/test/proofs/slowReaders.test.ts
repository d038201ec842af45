/** A hundred devices of the hub's own that greet and then stop reading. */
import { randomBytes } from "node:crypto"
import { TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { expect, it, vi } from "vitest"
import { HostileClient, identity } from "../hostileClient.ts"
import { device, metric, openDevice, startHub, temporaryFolder, until } from "../hubProcess.ts"

// A hundred links and 10 MB for each, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 })

const readers = 100
const records = 500
const recordBytes = 20_000

const mebibytesOf = async (hub: Parameters<typeof metric>[0]) =>
  (await metric(hub, "process_resident_memory_bytes")) / 2 ** 20

it("[HO-20] a hundred devices that stop reading hold up nobody and cost no more than what is under way to them", async () => {
  const data = temporaryFolder()
  const [writer, other] = [device(), device()]
  const slow = Array.from({ length: readers }, identity)
  for (const { peer } of [writer, other, ...slow]) await Effect.runPromise(TrustFile.add(data, peer))
  const hub = await startHub({ data, env: { SYNCLINE_LOG_LEVEL: "error" } })
  const node = await openDevice(writer.store, hub)
  const clients: Array<HostileClient> = []
  for (const as of slow) {
    const client = await HostileClient.dial(hub.url)
    await client.enter(as)
    clients.push(client)
  }
  await until(async () => (await metric(hub, "syncline_sessions_live")) === readers + 1, 10_000)
  const before = await mebibytesOf(hub)
  const sizes: Array<number> = []
  for (let from = 0; from < records; from += 50) {
    await node.task.putAll(
      Array.from({ length: 50 }, (_, at) => ({
        id: `r${from + at}`,
        title: randomBytes(recordBytes / 2).toString("hex"),
        votes: 0
      }))
    )
    sizes.push(await mebibytesOf(hub))
  }
  const reader = await openDevice(other.store, hub)
  await until(async () => (await reader.hash()).count === records, 30_000)
  const most = Math.max(...sizes, await mebibytesOf(hub))
  // What is under way to each, 4 MiB at most, and what Node keeps besides.
  expect(most - before).toBeLessThan(readers * 4 + 50)
  // After two batches half of that was under way, 2 MB to each; eight more, 800 MB in all, wait in the journal but for the other half. What Node
  // cleans up late counts here, too.
  expect(most - sizes[1]!).toBeLessThan(300)
  expect(await metric(hub, "syncline_sessions_live")).toBeGreaterThanOrEqual(2)
})
