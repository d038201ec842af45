/**
 * The desk over a quarantine on SQLite, as a program without Effect uses it: two nodes of one process, one of which asks
 * a policy that the test changes.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Decision, Entity, Gate, MemoryTransport, type SyncEvent } from "@syncline/core"
import { personal } from "@syncline/policy"
import { Effect, Layer, PubSub, Schema, Stream } from "effect"
import { expect, it, onTestFinished } from "vitest"
import { createNode, type NodeOptions } from "../src/createNode.ts"

const Task = Entity.make("task", { title: Entity.lww(Schema.String) })
const Secret = Entity.make("secret", { text: Entity.lww(Schema.String) })
const entities = { task: Task, secret: Secret }

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "syncline-quarantine-"))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const network = MemoryTransport.makeNetwork()
let names = 0

type Options = Partial<NodeOptions<typeof entities>>

const open = async (options: Options) => {
  const node = await createNode({
    space: "home",
    store: folder(),
    entities,
    policy: personal({ trusted: [] }),
    transports: [MemoryTransport.make(network, `desk ${names++}`)],
    retryMsMin: 20,
    retryMsMax: 50,
    ...options
  })
  onTestFinished(() => node.close())
  return node
}

/** A policy that trusts everybody, and lets secrets in only while the test says so. */
const makePolicy = () => {
  const rights = { secrets: false, version: 1 }
  const changes = Effect.runSync(PubSub.unbounded<void>())
  const decide = (type: string): Decision.Decision => ({
    allowed: type !== "secret" || rights.secrets,
    rule: `test/${type}`,
    policyVersion: rights.version,
    because: "the test says so"
  })
  const yes = Effect.sync(() => decide("task"))
  const policy = Layer.succeed(Gate.Gate, {
    devices: Effect.succeed([]),
    admits: () => yes,
    canSend: () => yes,
    canReceive: ({ type }) => Effect.sync(() => decide(type)),
    canRead: () => yes,
    mustForget: () => Effect.undefined,
    accepts: () => yes,
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    isCustodian: () => Effect.succeed(false),
    canWrite: () => yes,
    audit: () => Effect.void,
    changes: Stream.fromPubSub(changes)
  })
  const allowSecrets = (): void => {
    rights.secrets = true
    rights.version++
    PubSub.publishUnsafe(changes, undefined)
  }
  return { policy, allowSecrets }
}

/** A hub with its policy and a device that is linked to it. */
const pair = async (hubOptions: Options = {}) => {
  const { allowSecrets, policy } = makePolicy()
  const store = folder()
  const hub = await open({ store, policy, ...hubOptions })
  const device = await open({
    policy: personal({ trusted: [hub.peer] }),
    routes: [{ address: hub.addresses[0]!, peer: hub.peer }]
  })
  const told: Array<SyncEvent.SyncEvent> = []
  hub.on("QuarantineLeft", (event) => told.push(event))
  return { hub, device, allowSecrets, policy, store, told }
}

const until = (isSo: () => Promise<boolean>) => expect.poll(isSo, { timeout: 20_000, interval: 20 }).toBe(true)

it("[CN-11] a mass delete is listed, shown and exported, and discarding it keeps the records on both sides", async () => {
  const { device, hub, policy, store, told } = await pair()
  const { ids } = await device.task.putAll(Array.from({ length: 50 }, (_, i) => ({ title: `task ${i}` })))
  await until(async () => (await hub.hash()).count === 50)
  for (const id of ids.slice(0, 30)) await device.task.delete(id)
  const last = { id: ids[40]!, title: "changed after" }
  await device.task.put(last)
  await until(async () => (await hub.task.get(last.id))?.title === "changed after")

  const { MassDelete } = await hub.quarantine.counts()
  expect(MassDelete).toBeGreaterThan(0)
  const entries = await hub.quarantine.list({ reason: "MassDelete", limit: 1_000 })
  expect(entries).toHaveLength(MassDelete)
  const shown = await hub.quarantine.show(entries[0]!.id)
  expect(shown).toMatchObject({
    reason: "MassDelete",
    peer: device.peer,
    contents: { entities: [{ kind: "deleted" }] }
  })
  expect(ids).toContain(shown!.contents!.entities[0]!.id)
  let lines = 0
  for await (const line of hub.quarantine.export()) {
    expect(line).toMatchObject({ format: "syncline-quarantine/1", id: entries[lines]!.id })
    lines++
  }
  expect(lines).toBe(MassDelete)

  // Nobody has decided: after a restart it still waits.
  await hub.close()
  const again = await open({ store, policy, transports: [MemoryTransport.make(network, "desk again")] })
  again.on("QuarantineLeft", (event) => told.push(event))
  expect((await again.quarantine.counts()).MassDelete).toBe(MassDelete)
  const sum = await again.quarantine.discardWhere({ reason: "MassDelete", author: device.peer })
  expect(sum).toEqual({ done: MassDelete, stayed: 0, answers: [] })
  // The first deletes passed before there were too many of them.
  const kept = 20 + MassDelete
  expect((await again.task.query()).length).toBe(kept)
  await device.send({ _tag: "AddRoute", address: again.addresses[0]! })
  await until(async () => (await device.hash()).hash === (await again.hash()).hash)
  expect((await device.hash()).count).toBe(kept)
  expect(told).toMatchObject([{ reason: "MassDelete", how: "discarded", commits: MassDelete }])
}, 60_000)

it("[CN-12] what is a mass delete is an option", async () => {
  const { device, hub } = await pair({ deleteLimits: { recordsMax: 45, shareMax: 1 } })
  const { ids } = await device.task.putAll(Array.from({ length: 50 }, (_, i) => ({ title: `task ${i}` })))
  await until(async () => (await hub.hash()).count === 50)
  for (const id of ids.slice(0, 45)) await device.task.delete(id)
  await until(async () => (await hub.hash()).count === 5)
  await device.task.delete(ids[45]!)
  await until(async () => (await hub.quarantine.counts()).MassDelete === 1)
  expect((await hub.hash()).count).toBe(5)
}, 60_000)

it("[CN-12] delete limits out of bounds are refused, and nothing is opened", async () => {
  const store = folder()
  const wrong = [{ recordsMax: 0 }, { shareMax: 1.5 }, { shareFrom: 0.5 }, { windowMs: Infinity }]
  for (const deleteLimits of wrong) {
    const [[name, value]] = Object.entries(deleteLimits) as [[string, number]]
    const refused = await open({ store, deleteLimits }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(RangeError)
    expect(refused).toMatchObject({ message: expect.stringContaining(`deleteLimits.${name} is ${value}, not a`) })
  }
  expect(readdirSync(store)).toEqual([])
})

it("[CN-11] a refused commit has a receipt that says why, and is accepted once it is allowed and submitted", async () => {
  const { allowSecrets, device, hub } = await pair()
  await device.task.put({ title: "fine" })
  const id = await device.secret.put({ text: "mine" })
  await until(async () => (await device.receipts({ status: "rejected" })).length === 1)
  const [receipt] = await device.receipts({ status: "rejected" })
  expect(receipt).toMatchObject({ peer: hub.peer, code: "Denied", rule: "test/secret", policyVersion: 1 })
  expect(await device.receipt(receipt!.commit)).toEqual(receipt)
  expect(await device.receipt("none")).toBeUndefined()
  expect(await device.secret.get(id)).toBeUndefined()
  const [denied] = await hub.quarantine.list()
  expect(denied).toMatchObject({ reason: "Denied", id: receipt!.commit })
  expect(await hub.quarantine.release([denied!.id])).toMatchObject([{ outcome: "denied", rule: "test/secret" }])

  allowSecrets()
  await until(async () => (await hub.secret.get(id))?.text === "mine")
  // It came from the hub meanwhile, or is submitted here.
  const answers = await device.quarantine.release([receipt!.commit])
  expect(["released", "unknown"]).toContain(answers[0]!.outcome)
  await until(async () => (await device.receipt(receipt!.commit))?.status === "accepted")
  expect(await device.secret.get(id)).toMatchObject({ text: "mine" })
  expect(await device.quarantine.list()).toEqual([])
}, 60_000)

it("[CN-11] what waits for its time is released by a person, and pages that cannot be are refused", async () => {
  // For this hub everybody's clock is a minute ahead.
  const { device, hub, told } = await pair({ aheadMsMax: -60_000 })
  const id = await device.task.put({ title: "early" })
  await until(async () => (await hub.quarantine.counts()).ClockAhead === 1)
  expect(await hub.task.get(id)).toBeUndefined()
  const [entry] = await hub.quarantine.list()
  expect(await hub.quarantine.release([entry!.id, "none"])).toMatchObject([
    { outcome: "released", reason: "ClockAhead" },
    { outcome: "unknown", reason: null }
  ])
  expect(await hub.task.get(id)).toMatchObject({ title: "early" })
  await expect.poll(() => told).toMatchObject([{ reason: "ClockAhead", how: "released", commits: 1 }])
  await expect(hub.quarantine.list({ limit: 0 })).rejects.toThrow("limit is 0, not a whole number from 1 to 1000")
  await expect(hub.receipts({ after: -1 })).rejects.toThrow("after is -1")
}, 60_000)
