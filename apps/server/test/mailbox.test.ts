/**
 * A hub with a folder that a cloud program would copy: devices that cannot reach it by a link meet it there.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createNode, TrustFile } from "@syncline/node"
import { personal } from "@syncline/policy"
import { folder } from "@syncline/transport-fsfolder"
import { Effect } from "effect"
import { expect, it, onTestFinished } from "vitest"
import { device, openDevice, startHub, Task, temporaryFolder, until } from "./hubProcess.ts"

const limit = { timeout: 60_000 }

it(
  "[HB-92] a device that only reaches the hub's folder gets what the hub has and brings what it writes",
  limit,
  async () => {
    const data = temporaryFolder()
    const shared = join(temporaryFolder(), "Syncline")
    mkdirSync(shared)
    const [near, far] = [device(), device()]
    for (const { peer } of [near, far]) await Effect.runPromise(TrustFile.add(data, peer))
    const hub = await startHub({ data, env: { SYNCLINE_MAILBOX_FOLDER: shared } })
    const byLink = await openDevice(near.store, hub)
    const byFolder = await createNode({
      space: "home",
      store: far.store,
      entities: { task: Task },
      policy: personal({ trusted: [hub.peer] }),
      transports: [],
      mailboxes: [folder({ path: shared, dataFolder: far.store })]
    })
    onTestFinished(() => byFolder.close())
    await byLink.task.put({ id: "one", title: "by the hub", votes: 0 })
    await byFolder.task.put({ id: "two", title: "by the folder", votes: 1 })
    await until(async () => (await byFolder.task.get("one")) !== undefined, 40_000)
    await until(async () => (await byLink.task.get("two")) !== undefined, 40_000)
    expect(await byLink.hash()).toEqual(await byFolder.hash())
  }
)

it("[HB-92] a folder that is no place for a mailbox is told, and links work all the same", limit, async () => {
  const data = temporaryFolder()
  const shared = temporaryFolder()
  writeFileSync(join(shared, "other.sqlite"), "SQLite format 3\0")
  const { peer, store } = device()
  await Effect.runPromise(TrustFile.add(data, peer))
  const hub = await startHub({ data, env: { SYNCLINE_MAILBOX_FOLDER: shared } })
  const node = await openDevice(store, hub)
  await until(async () => (await node.status()).peers.some(({ state }) => state === "synced"), 20_000)
  await until(() => hub.log().includes("MailboxUnfit"), 10_000)
  expect(hub.log()).toContain("a database")
})
