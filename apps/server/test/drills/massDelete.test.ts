/**
 * A device deletes unusually many records. It is linked to the hub and to another device; a third one hears of it only
 * through the hub.
 */
import { createNode, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { expect, it, onTestFinished } from "vitest"
import { device, type HubProcess, metric, Task, until } from "../hubProcess.ts"
import { atStoppedHub, freePort, type HubSite, hubSite, lookEveryMs, settled, settleMsMax, stop } from "./hubSite.ts"

const Note = Entity.make("note", { text: Entity.lww(Schema.String) })

interface Neighbour {
  readonly peer: string
  readonly address: string
}

const openNode = async (store: string, neighbours: ReadonlyArray<Neighbour>, trusted: string, port?: number) => {
  const node = await createNode({
    space: "home",
    store,
    entities: { task: Task, note: Note },
    policy: personal({ trusted: [...neighbours.map(({ peer }) => peer), trusted] }),
    transports: [socketIo(port === undefined ? {} : { server: { port } })],
    routes: neighbours,
    retryMsMin: 200,
    retryMsMax: 500
  })
  onTestFinished(() => node.close())
  return node
}

type Node = Awaited<ReturnType<typeof openNode>>

type Nodes = Awaited<ReturnType<typeof openAll>>

/** The hub, a device that will delete, one that is linked to it, and one that is not. */
const openAll = async (site: HubSite, hub: HubProcess) => {
  const toHub = { peer: hub.peer, address: hub.url }
  const [left, middle, right] = [device(), device(), device()]
  for (const { peer } of [left, middle, right]) await site.trust(peer)
  const port = await freePort()
  const deleter = await openNode(left.store, [toHub], middle.peer, port)
  const linked = await openNode(
    middle.store,
    [toHub, { peer: left.peer, address: `http://127.0.0.1:${port}` }],
    left.peer
  )
  const other = await openNode(right.store, [toHub], left.peer)
  return { deleter, linked, other }
}

/** Deletes while nobody is linked, so that all of it comes at once. */
const deleteAtOnce = async (node: Node, handle: "task" | "note", ids: ReadonlyArray<string>): Promise<void> => {
  await node.send({ _tag: "Stop" })
  await Promise.all(ids.map((id) => node[handle].delete(id)))
  await node.send({ _tag: "Start" })
}

const held = 'syncline_quarantine_commits{reason="MassDelete"}'

/**
 * Waits until the deletes that are too much wait at the hub, and gives how many they are; nothing of them has gone further.
 * `live` are the records before. The linked device got them in batches of its own, so something else of them may wait there.
 */
const expectHeld = async (hub: HubProcess, nodes: Nodes, deletes: number, live: number): Promise<number> => {
  const { deleter, linked, other } = nodes
  let waiting = 0
  const isAgreed = async () => {
    waiting = await metric(hub, held)
    return waiting > 0 && (await other.hash()).count === live - (deletes - waiting)
  }
  await until(isAgreed, settleMsMax, lookEveryMs)
  // Everything else flows on, in both directions.
  const id = await deleter.task.put({ title: "after the deletes" })
  const isThere = async (node: Node) => (await node.task.get(id)) !== undefined
  await until(async () => (await isThere(other)) && (await isThere(linked)), settleMsMax)
  await other.task.patch(id, { title: "seen" })
  await until(async () => (await deleter.task.get(id))?.title === "seen", settleMsMax)
  expect(await metric(hub, held)).toBe(waiting)
  expect((await other.hash()).count).toBe(live + 1 - (deletes - waiting))
  const waitingThere = (await linked.quarantine.counts()).MassDelete
  expect((await linked.hash()).count).toBe(live + 1 - (deletes - waitingThere))
  expect((await deleter.hash()).count).toBe(live + 1 - deletes)
  expect((await other.quarantine.counts()).MassDelete).toBe(0)
  expect((await deleter.status()).peers.map(({ state }) => state)).not.toContain("synced")
  expect(hub.log()).toContain(`"_tag":"CommitsHeld"`)
  // Counted whenever they are brought: they come again with each comparison.
  expect(await metric(hub, "syncline_commits_held_total")).toBeGreaterThanOrEqual(waiting)
  return waiting
}

it("[HB-33] a mass delete waits on every device until a person decides", { timeout: 120_000 }, async () => {
  const site = await hubSite()
  let hub = await site.start()
  const nodes = await openAll(site, hub)
  const { deleter, linked, other } = nodes
  const all = [deleter, linked, other]
  const told: Array<number> = []
  linked.on("CommitsHeld", ({ commits, reason }) => void (reason === "MassDelete" && told.push(commits)))
  const tasks = (await deleter.task.putAll(Array.from({ length: 100 }, (_, i) => ({ title: `task ${i}` })))).ids
  const notes = (await deleter.note.putAll(Array.from({ length: 5_100 }, (_, i) => ({ text: `note ${i}` })))).ids
  await settled(all)

  // More than a fifth of a type, confirmed.
  await deleteAtOnce(deleter, "task", tasks.slice(0, 25))
  expect(await expectHeld(hub, nodes, 25, 100 + 5_100)).toBe(25)
  // They came to both at once and as a whole, and neither takes the word of the other.
  expect((await linked.quarantine.counts()).MassDelete).toBe(25)
  expect(told).toContain(25)
  await stop(hub)
  await atStoppedHub(site.data, [deleter.peer], async (node) => {
    // It waits for a person, however often the hub starts.
    expect(await node.quarantine.counts()).toMatchObject({ MassDelete: 25 })
    const left: Array<unknown> = []
    node.on("QuarantineLeft", (event) => left.push(event))
    const sum = await node.quarantine.releaseWhere({ reason: "MassDelete", author: deleter.peer })
    expect(sum).toMatchObject({ done: 25, stayed: 0 })
    await until(() => left.length > 0, settleMsMax)
    expect(left).toMatchObject([{ reason: "MassDelete", how: "released", commits: 25 }])
  })
  hub = await site.start()
  await settled(all)
  for (const node of all) {
    expect((await node.hash()).count).toBe(5_200 + 1 - 25)
    expect(await node.task.get(tasks[0]!)).toBeUndefined()
    expect((await node.quarantine.counts()).MassDelete).toBe(0)
  }
  expect(await metric(hub, held)).toBe(0)

  // More than a thousand within a minute, a smaller part of their type, discarded. What came before it was too much
  // has passed.
  await deleteAtOnce(deleter, "note", notes.slice(0, 1_010))
  const waiting = await expectHeld(hub, nodes, 1_010, 5_200 + 1 - 25)
  expect(waiting).toBeGreaterThanOrEqual(10)
  await stop(hub)
  await atStoppedHub(site.data, [deleter.peer], async (node) => {
    const sum = await node.quarantine.discardWhere({ reason: "MassDelete", author: deleter.peer })
    expect(sum).toMatchObject({ done: waiting, stayed: 0 })
  })
  hub = await site.start()
  await settled(all)
  for (const node of all) {
    expect((await node.hash()).count).toBe(5_200 + 2 - 25 - (1_010 - waiting))
    expect(await node.note.get(notes[1_009]!)).toMatchObject({ text: "note 1009" })
    expect((await node.quarantine.counts()).MassDelete).toBe(0)
  }
})

it("[HB-38] undoing a mass delete that waits holds back no receipt of what follows", { timeout: 120_000 }, async () => {
  const site = await hubSite()
  let hub = await site.start()
  const { deleter, linked, other } = await openAll(site, hub)
  const all = [deleter, linked, other]
  const ids = (await deleter.task.putAll(Array.from({ length: 100 }, (_, i) => ({ title: `task ${i}` })))).ids
  await settled(all)
  const gone: Array<string> = []
  for (const id of ids.slice(0, 40)) gone.push(...(await deleter.task.delete(id)))
  await until(async () => (await metric(hub, held)) > 0, settleMsMax)
  for (const commit of gone) await deleter.undo([commit])
  const later: Array<string> = []
  for (let i = 0; i < 5; i++) {
    const { commits } = await deleter.task.putAll([{ title: `unrelated ${i}` }])
    later.push(...commits)
  }
  const codesOf = async () => {
    const receipts = await deleter.receipts({ limit: 1_000 })
    return receipts.map(({ code, commit, status }) =>
      later.includes(commit) ? `later ${status}` : `${status} ${code}`
    )
  }
  await until(async () => (await codesOf()).filter((said) => said === "later accepted").length === 5, settleMsMax)
  expect(new Set(await codesOf())).toEqual(
    new Set(["accepted ", "deferred MassDelete", "deferred Waiting", "later accepted"])
  )
  await stop(hub)
  await atStoppedHub(site.data, [deleter.peer], (node) =>
    node.quarantine.releaseWhere({ reason: "MassDelete", author: deleter.peer })
  )
  hub = await site.start()
  await settled(all)
  await until(async () => new Set(await codesOf()).size === 2, settleMsMax)
  expect(new Set(await codesOf())).toEqual(new Set(["accepted ", "later accepted"]))
  for (const node of all) expect((await node.task.query({ limit: 1_000 })).length).toBe(105)
})
