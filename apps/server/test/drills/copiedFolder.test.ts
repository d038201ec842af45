/**
 * One device's data folder was copied, and both copies run with one key.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Entity } from "@syncline/node"
import { expect, it } from "vitest"
import { device, type HubProcess, metric, openDevice, temporaryFolder, until } from "../hubProcess.ts"
import { canMount, mountSmallDisk } from "../smallDisk.ts"
import { contentsOf, numbersReused, union } from "./dataFolder.ts"
import { type Device, type HubSite, hubSite, settled, stop } from "./hubSite.ts"

const records = 40
const shared = "shared"

/** New records, and changes of what both have. */
const work = async (node: Device, of: string): Promise<ReadonlyArray<string>> => {
  const { commits } = await node.task.putAll(Array.from({ length: records }, (_, i) => ({ title: `${of} ${i}` })))
  const first = await node.task.patch(shared, { title: `${of} first`, votes: Entity.inc(1) })
  const second = await node.task.patch(shared, { title: `${of} second`, votes: Entity.inc(1) })
  return [...commits, ...first, ...second]
}

/** A device that has synced, and is closed. */
const original = async (site: HubSite, hub: HubProcess, store: string): Promise<void> => {
  const node = await openDevice(store, hub)
  await site.trust(node.peer)
  await node.task.put({ id: shared, title: "shared" })
  await settled([node])
  await node.close()
}

const expectSame = async (folders: ReadonlyArray<string>, commits: ReadonlyArray<string>) => {
  const contents = await Promise.all(folders.map(contentsOf))
  const all = union(contents)
  for (const each of contents) expect(each.commits).toEqual(all)
  for (const commit of commits) expect(all.has(commit)).toBe(true)
  // Besides these only the commit that made the shared record.
  expect(all.size).toBe(commits.length + 1)
  expect(new Set(contents.map(({ incarnation }) => incarnation)).size).toBe(folders.length)
  return contents
}

it("[HB-31] both copies of a device go on apart, and everything of both counts", { timeout: 90_000 }, async () => {
  const site = await hubSite()
  const hub = await site.start()
  const { store } = device()
  await original(site, hub, store)
  const before = await contentsOf(store)
  const copy = join(temporaryFolder(), "copy")
  cpSync(store, copy, { recursive: true })

  const one = await openDevice(store, hub)
  const two = await openDevice(copy, hub)
  expect(two.peer).toBe(one.peer)
  const commits = (await Promise.all([work(one, "one"), work(two, "two")])).flat()
  await settled([one, two])
  expect(await metric(hub, "syncline_sessions_live")).toBe(2)
  const contents = await expectSame([store, copy, site.data], commits)
  // The copy was seen before it wrote anything, so no number was used twice.
  expect(numbersReused(contents)).toEqual([])
  expect(contents[0]!.incarnation).toBe(before.incarnation)
  for (const node of [one, two]) {
    expect((await node.hash()).count).toBe(2 * records + 1)
    expect(await node.task.get(shared)).toMatchObject({ votes: 4 })
  }
})

/** Copies a folder so that each file has the number that it had, as in a cloned disk image. */
const cloneFolder = (from: string, to: string): void => {
  mkdirSync(to)
  const numberOf = (path: string): number => statSync(path).ino
  const files = readdirSync(from).sort((a, b) => numberOf(join(from, a)) - numberOf(join(from, b)))
  const spare = join(to, "spare")
  mkdirSync(spare)
  for (const file of files) {
    const wanted = numberOf(join(from, file))
    for (let i = 0; ; i++) {
      const made = join(spare, `${file} ${i}`)
      writeFileSync(made, readFileSync(join(from, file)), { mode: 0o600 })
      if (numberOf(made) > wanted) throw new Error(`no file gets the number ${wanted}`)
      if (numberOf(made) < wanted) continue
      renameSync(made, join(to, file))
      break
    }
  }
  rmSync(spare, { recursive: true })
}

it.skipIf(!canMount)(
  "[HB-31] clones that use the same numbers are found at the first meeting, and both branches count",
  { timeout: 90_000 },
  async () => {
    const site = await hubSite()
    let hub = await site.start()
    const disks = [mountSmallDisk(16), mountSmallDisk(16)]
    // So that the clone's spare folder takes no number that a file needs.
    for (const name of ["a", "b", "c"]) writeFileSync(join(disks[0]!, name), "")
    const [store, copy] = [join(disks[0]!, "device"), join(disks[1]!, "device")]
    await original(site, hub, store)
    await stop(hub)
    cloneFolder(store, copy)
    expect((await contentsOf(copy)).incarnation).toBe((await contentsOf(store)).incarnation)

    const one = await openDevice(store, hub)
    const two = await openDevice(copy, hub)
    const told: Array<string> = []
    for (const node of [one, two]) node.on("JournalCopied", ({ incarnation }) => told.push(incarnation))
    const commits = [...(await work(one, "one")), ...(await work(two, "two"))]
    hub = await site.start()
    await until(() => told.length > 0, 20_000)
    await settled([one, two])
    await until(() => hub.log().includes(`"_tag":"ForkDetected"`), 10_000)
    const contents = await expectSame([store, copy, site.data], commits)
    for (const incarnation of told) expect(contents.map((each) => each.incarnation)).toContain(incarnation)
    for (const node of [one, two]) {
      expect((await node.hash()).count).toBe(2 * records + 1)
      expect(await node.task.get(shared)).toMatchObject({ votes: 4 })
    }

    const reused = numbersReused(contents)
    expect(reused.length).toBeGreaterThan(0)
    // The proof of it waits until a person has seen it.
    expect((await contentsOf(site.data)).waiting.Forked).toBeGreaterThan(0)

    // From now on each has numbers of its own.
    const later = [...(await work(one, "one later")), ...(await work(two, "two later"))]
    await settled([one, two])
    expect(numbersReused(await expectSame([store, copy, site.data], [...commits, ...later]))).toEqual(reused)
    expect(await one.task.get(shared)).toMatchObject({ votes: 8 })
  }
)
