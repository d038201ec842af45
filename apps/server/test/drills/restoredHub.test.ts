/**
 * A hub whose data folder is set back to yesterday's backup, with five devices that have gone on since.
 */
import { copyFileSync, cpSync, readdirSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { Entity } from "@syncline/node"
import { expect, it } from "vitest"
import { temporaryFolder } from "../hubProcess.ts"
import { type Contents, contentsOf, numbersReused, union } from "./dataFolder.ts"
import { atStoppedHub, type Device, hubSite, openDevices, settled, stop } from "./hubSite.ts"

const devices = 5
const recordsEach = 30
const shared = "shared"

/** New records, and a vote for the record that all share: a transaction and a patch. */
const work = async (node: Device, of: string, when: string): Promise<void> => {
  await node.task.putAll(Array.from({ length: recordsEach }, (_, i) => ({ title: `${of} ${when} ${i}` })))
  await node.task.patch(shared, { title: `${of} ${when}`, votes: Entity.inc(1) })
}

const allWork = async (nodes: ReadonlyArray<Device>, when: string): Promise<void> => {
  for (const [i, node] of nodes.entries()) await work(node, `device ${i}`, when)
}

/** As an operator does who copies the backup over what is there: each file stays the one it was and has old bytes. */
const overwriteFiles = (data: string, backup: string): void => {
  for (const file of readdirSync(data)) if (/-(wal|shm)$/.test(file)) rmSync(join(data, file))
  for (const file of readdirSync(backup)) copyFileSync(join(backup, file), join(data, file))
}

/** As an operator does who keeps what he replaces until all is well. */
const replaceFolder = (data: string, backup: string): void => {
  const replaced = `${data}-replaced`
  renameSync(data, replaced)
  cpSync(backup, data, { recursive: true })
  rmSync(replaced, { recursive: true })
}

/** Everything that was in one of the folders before is in each of them after, and `added` commits more. */
const expectUnion = (before: ReadonlyArray<Contents>, after: ReadonlyArray<Contents>, added: number): void => {
  const known = union(before)
  const all = union(after)
  for (const { commits } of after) expect(commits).toEqual(all)
  for (const commit of known) expect(all.has(commit)).toBe(true)
  expect(all.size).toBe(known.size + added)
  expect(after[0]!.incarnation).not.toBe(before[0]!.incarnation)
  for (let i = 1; i <= devices; i++) expect(after[i]!.incarnation).toBe(before[i]!.incarnation)
}

it(
  "[HB-30] a hub set back to yesterday's backup is fed again by its five devices and goes on as another incarnation",
  { timeout: 120_000 },
  async () => {
    const site = await hubSite()
    const { data } = site
    await atStoppedHub(data, [], async (node) => {
      await node.task.put({ id: shared, title: "shared" })
      await work(node, "hub", "yesterday")
    })
    let hub = await site.start()
    const { folders, nodes } = await openDevices(site, hub, devices)
    await settled(nodes)
    await allWork(nodes, "yesterday")
    await settled(nodes)
    await stop(hub)
    const backup = join(temporaryFolder(), "yesterday")
    cpSync(data, backup, { recursive: true })
    const yesterday = await contentsOf(data)

    await atStoppedHub(data, [], (node) => work(node, "hub", "today"))
    hub = await site.start()
    await allWork(nodes, "today")
    const [doomed] = await nodes[0]!.task.query({ where: { title: "device 1 yesterday 3" } })
    await nodes[0]!.task.delete(doomed!.id)
    await settled(nodes)
    await stop(hub)
    const everywhere = () => Promise.all([data, ...folders].map(contentsOf))
    const today = await everywhere()
    for (const { commits } of today) expect(commits.size).toBe(yesterday.commits.size + 2 * (devices + 1) + 1)

    // Its files have old bytes, which only what its devices know can tell it.
    overwriteFiles(data, backup)
    expect(await contentsOf(data)).toEqual(yesterday)
    await allWork(nodes, "meanwhile")
    hub = await site.start()
    await settled(nodes)
    expect(hub.log()).toContain(`"_tag":"JournalCopied"`)
    await stop(hub)
    const once = await everywhere()
    expectUnion(today, once, 2 * devices)

    // The same backup in another folder: it is seen before anybody is met.
    replaceFolder(data, backup)
    hub = await site.start()
    await settled(nodes)
    expect(hub.log()).toContain("was copied, moved or restored from a backup")
    await stop(hub)
    const twice = await everywhere()
    expectUnion(once, twice, 0)

    // What it writes from now on has numbers of its own; devices wrote on three days, the hub on three as well.
    const { hash, row } = await atStoppedHub(data, [], async (node) => {
      const same = await node.hash()
      await work(node, "hub", "afterwards")
      return { hash: same, row: await node.task.get(shared) }
    })
    expect(numbersReused([yesterday, ...today, ...once, ...twice, await contentsOf(data)])).toEqual([])
    expect(row).toMatchObject({ title: "hub afterwards", votes: 3 * devices + 3 })
    for (const node of nodes) expect(await node.hash()).toEqual(hash)
    expect(hash.count).toBe(1 + (3 * devices + 2) * recordsEach - 1)
    expect(await nodes[4]!.task.get(doomed!.id)).toBeUndefined()
  }
)
