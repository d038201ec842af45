/**
 * The Promise facade: two nodes of one process over the memory transport, as a program without Effect would use them.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Entity, JournalError, MemoryMailbox, MemoryTransport, type SyncEvent, WriteError } from "@syncline/core"
import { personal } from "@syncline/policy"
import { Effect, Redacted, Schema } from "effect"
import { afterEach, describe, expect, it, vi } from "vitest"
import { createNode, type NodeOptions } from "../src/createNode.ts"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"

const Task = Entity.make("task", {
  title: Entity.lww(Schema.NonEmptyString),
  done: Entity.lww(Schema.Boolean),
  due: Entity.optional(Schema.Number),
  tags: Entity.orSet(Schema.String),
  votes: Entity.counter
})
const Note = Entity.make("note", { text: Entity.lww(Schema.String) })
const entities = { task: Task, notes: Note }

const cleanups: Array<() => void> = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "syncline-node-"))
  cleanups.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The peer id that a node in this folder will have. */
const peerIn = (store: string): string => DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer

const network = MemoryTransport.makeNetwork()
let names = 0

const open = (options: Partial<NodeOptions<typeof entities>> = {}) =>
  createNode({
    space: "home",
    store: folder(),
    entities,
    policy: personal({ trusted: [] }),
    transports: [MemoryTransport.make(network, `node ${names++}`)],
    ...options
  })

const first = async <A>(iterable: AsyncIterable<A>, isMeant: (value: A) => boolean = () => true): Promise<A> => {
  for await (const value of iterable) if (isMeant(value)) return value
  throw new Error("the iteration ended")
}

describe("createNode", () => {
  it("[CN-13] opens a device whose key is under a passphrase with it alone", async () => {
    const store = folder()
    const peer = peerIn(store)
    await Effect.runPromise(DeviceKeyFile.protect(store, Redacted.make("four words of mine")))
    await expect(open({ store })).rejects.toMatchObject({ reason: { _tag: "KeyLocked" } })
    await expect(open({ store, passphrase: "four other words" })).rejects.toMatchObject({
      reason: { _tag: "PassphraseWrong" }
    })
    await using node = await open({ store, passphrase: "four words of mine" })
    expect(node.peer).toBe(peer)
  })

  it("[CN-14] syncs when it is told to, and says so", async () => {
    const [store, other] = [folder(), folder()]
    await using hub = await open({ store: other, policy: personal({ trusted: [peerIn(store)] }) })
    await using node = await open({
      store,
      policy: personal({ trusted: [hub.peer] }),
      routes: hub.addresses.map((address) => ({ address })),
      autoSync: "off"
    })
    await node.notes.put({ id: "n", text: "milk" })
    expect(await node.status()).toMatchObject({ autoSync: { mode: "off" }, routes: [{ state: "idle" }] })
    const completed = first(hub.events(), ({ _tag }) => _tag === "SyncCompleted")
    await node.send({ _tag: "ForceSync", peer: null })
    await completed
    expect(await hub.notes.get("n")).toMatchObject({ text: "milk" })
    await node.send({ _tag: "SetAutoSync", mode: { everyMs: 60_000 } })
    expect((await node.status()).autoSync.mode).toEqual({ everyMs: 60_000 })
  })

  it("[CN-14] dials three routes at a time where the policy asks no charter, or as many as it is told", async () => {
    const routes = ["a", "b", "c", "d", "e"].map((name) => ({ address: `memory:cn14 ${name}` }))
    await Promise.all(
      [undefined, 1].map(async (dialledMax) => {
        await using node = await open({
          routes,
          // A dial that never ends.
          transports: [{ ...MemoryTransport.make(network, `node ${names++}`), dial: () => Effect.never }],
          ...(dialledMax === undefined ? {} : { dialledMax })
        })
        await vi.waitFor(async () => {
          const states = (await node.status()).routes.map(({ state }) => state)
          expect(states.filter((state) => state === "dialling")).toHaveLength(dialledMax ?? 3)
          expect(states.filter((state) => state === "queued")).toHaveLength(5 - (dialledMax ?? 3))
        })
      })
    )
  })

  it("[CN-14] a list of peers that may not be called is told, and the node works", async () => {
    await using node = await open({ peerLists: ["https://127.0.0.1/peers.json"] })
    await vi.waitFor(async () => {
      const [list] = (await node.status()).lists
      expect(list).toMatchObject({ name: "https://127.0.0.1/peers.json", attempts: 1, routes: 0 })
      expect(list!.lastError).toContain("is no address of the internet")
    })
    await node.notes.put({ id: "n", text: "milk" })
  })

  it("[CN-14] refuses what is out of bounds before anything is made", async () => {
    const store = join(folder(), "none")
    for (const options of [
      { dialledMax: 0 },
      { autoSync: { everyMs: 1 } },
      { peerLists: Array<string>(9).fill("x") }
    ]) {
      await expect(open({ store, ...options })).rejects.toThrow(RangeError)
    }
    expect(existsSync(store)).toBe(false)
  })

  it("[CN-15] is asked for what a mailbox has, and leaves it", async () => {
    const place = await Effect.runPromise(MemoryMailbox.makeFolder)
    const [store, other] = [folder(), folder()]
    await using here = await open({ store, policy: personal({ trusted: [peerIn(other)] }) })
    await using there = await open({ store: other, policy: personal({ trusted: [here.peer] }) })
    await here.notes.put({ id: "n", text: "milk" })
    const [up, down] = [await here.cloud(MemoryMailbox.make(place)), await there.cloud(MemoryMailbox.make(place))]
    expect(await up.uploadEvents()).toBe(true)
    const { commits, next } = await down.downloadEvents()
    expect(commits.map(({ author, entities }) => [author, entities.map(({ id }) => id)])).toEqual([[here.peer, ["n"]]])
    expect((await down.downloadEvents(next)).commits).toEqual([])
    expect(await there.notes.get("n")).toMatchObject({ text: "milk" })
    expect((await down.listPeers()).map(({ peer }) => peer)).toEqual([here.peer])
    await expect(down.downloadEvents("elsewhere")).rejects.toMatchObject({ reason: { _tag: "CursorMalformed" } })
    await expect(there.cloud(MemoryMailbox.make(place))).rejects.toMatchObject({ reason: { _tag: "MailboxUnfit" } })
    await down.close()
    const again = await there.cloud(MemoryMailbox.make(place))
    expect((await again.downloadEvents(next)).commits).toEqual([])
    await there.close()
    expect(place.open.size).toBe(1)
  })

  it("[CN-1] writes, changes, reads and deletes records", async () => {
    await using node = await open()
    const id = await node.task.put({ title: "Milk", done: false })
    expect(await node.task.get(id)).toEqual({ id, title: "Milk", done: false, tags: [], votes: 0 })
    await node.task.patch(id, { done: true, tags: Entity.add("shop"), votes: Entity.inc(2) })
    expect(await node.task.get(id)).toEqual({ id, title: "Milk", done: true, tags: ["shop"], votes: 2 })
    const row = (await node.task.get(id))!
    expect(await node.task.put({ ...row, title: "Oat milk" })).toBe(id)
    const { ids } = await node.task.putAll([
      { id: "b", title: "Bread", done: false },
      { id: "a", title: "Apples", done: true, due: 3 }
    ])
    expect(ids).toEqual(["b", "a"])
    const titles = (rows: ReadonlyArray<{ readonly title: string }>) => rows.map(({ title }) => title)
    expect(titles(await node.task.query({ where: { done: true }, orderBy: "title" }))).toEqual(["Apples", "Oat milk"])
    expect(titles(await node.task.query({ orderBy: "title", isDescending: true, limit: 1, offset: 1 }))).toEqual([
      "Bread"
    ])
    expect(titles(await node.task.query({ where: { due: null, done: false } }))).toEqual(["Bread"])
    expect(await node.notes.query()).toEqual([])
    await node.task.delete(id)
    expect(await node.task.get(id)).toBeUndefined()
    expect((await node.hash()).count).toBe(2)
  })

  it("[CN-2] rejects with typed errors", async () => {
    await using node = await open()
    const invalid = await node.task.put({ title: "", done: false }).catch((error: unknown) => error)
    expect(invalid).toBeInstanceOf(WriteError.WriteError)
    expect(invalid).toMatchObject({ reason: { _tag: "EntityInvalid", field: "title" }, isRetryable: false })
    await expect(node.task.patch("nobody", { done: true })).rejects.toMatchObject({
      reason: { _tag: "EntityNotFound" }
    })
    await expect(node.task.query({ limit: 0 })).rejects.toThrow("limit is 0, not a whole number from 1 to 10000")
    await expect(first(node.task.live({ limit: 0.5 }))).rejects.toThrow("limit is 0.5")
    await expect(node.send({ _tag: "RemoveRoute", address: "memory:x" })).rejects.toMatchObject({
      _tag: "OrchestratorError",
      reason: { _tag: "RouteUnknown" }
    })
  })

  it("[CN-3] refuses at once what cannot work, and leaves nothing open", async () => {
    const store = folder()
    await using node = await open({ store })
    expect(node.peer).toBe(peerIn(store))
    const inUse = await open({ store }).catch((error: unknown) => error)
    expect(inUse).toBeInstanceOf(JournalError.JournalError)
    expect(inUse).toMatchObject({ reason: { _tag: "StoreInUse" } })
    await expect(open({ routes: [{ address: "memory:x", peer: "bob" }] })).rejects.toThrow(`"bob" is no peer id`)
    const taken = join(folder(), "store")
    // @ts-expect-error a node has its own `send`
    await expect(open({ store: taken, entities: { send: Task } })).rejects.toThrow("cannot be offered as send")
    await expect(open({ store: taken, hooks: { name: "" } })).rejects.toThrow(RangeError)
    await expect(open({ store: taken, hooks: { callMsMax: 0 } })).rejects.toThrow(RangeError)
    await expect(open({ store: taken, deleteLimits: { recordsMax: 0 } })).rejects.toThrow(RangeError)
    expect(existsSync(taken)).toBe(false)
    await using again = await open({ store: taken })
    expect(again.addresses).toHaveLength(1)
  })

  it("[CN-4] two nodes that trust each other become equal and tell it", async () => {
    const [storeA, storeB] = [folder(), folder()]
    await using a = await open({ store: storeA, policy: personal({ trusted: [peerIn(storeB)] }) })
    const id = await a.task.put({ title: "From A", done: false })
    await using b = await open({
      store: storeB,
      policy: personal({ trusted: [a.peer] }),
      routes: [{ address: a.addresses[0]!, peer: a.peer }]
    })
    const completed = await first(b.events(), (event) => event._tag === "SyncCompleted")
    expect(completed).toMatchObject({ peer: a.peer, entities: 1 })
    expect(await b.task.get(id)).toMatchObject({ title: "From A" })
    const heard = new Promise<SyncEvent.SyncEvent>((resolve) => a.on("EntitiesUpdated", resolve))
    await b.task.patch(id, { done: true })
    expect(await heard).toMatchObject({ _tag: "EntitiesUpdated", peer: b.peer, type: "task", ids: [id] })
    expect(await a.hash()).toEqual(await b.hash())
    expect((await b.status()).peers).toMatchObject([{ peer: a.peer }])
    expect(await b.send({ _tag: "PausePeer", peer: (await b.status()).peers[0]!.peer })).toEqual({ touched: 1 })
  })

  it("[CN-5] a live question answers at once and after changes of its type", async () => {
    await using node = await open()
    const answers: Array<number> = []
    const watching = (async () => {
      for await (const rows of node.task.live({ where: { done: false } })) {
        answers.push(rows.length)
        if (rows.length === 3) return
        if (rows.length === 0) await node.task.put({ title: "one", done: false })
        if (rows.length === 1) {
          await node.notes.put({ text: "no task" })
          // Changes while this is busy come as one answer.
          await node.task.put({ title: "two", done: false })
          await node.task.put({ title: "three", done: false })
        }
      }
    })()
    await watching
    expect(answers[0]).toBe(0)
    expect(answers.at(-1)).toBe(3)
    expect(answers.length).toBeLessThanOrEqual(5)
  })

  it("[CN-6] a handler that throws is called again, and not after it was taken away", async () => {
    await using node = await open()
    const seen: Array<number> = []
    const off = node.on("EntitiesUpdated", ({ count }) => {
      seen.push(count)
      throw new Error("a mistake in the program")
    })
    await node.task.put({ title: "one", done: false })
    await node.task.put({ title: "two", done: false })
    await expect.poll(() => seen).toEqual([1, 1])
    off()
    await node.task.put({ title: "three", done: false })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen).toEqual([1, 1])
  })

  it("[CN-6] whatever a handler throws or rejects with, it is called again, and the process hears nothing of it", async () => {
    const hostile = Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new Error("no")
      }
    })
    const thrown: ReadonlyArray<unknown> = [Object.create(null), hostile, undefined, new Error("a mistake")]
    const unhandled: Array<unknown> = []
    const before = process.listeners("unhandledRejection")
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", (error) => void unhandled.push(error))
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined)
    try {
      await using node = await open()
      const seen: Array<string> = []
      const next = (name: string): unknown => {
        const at = seen.filter((each) => each === name).length
        seen.push(name)
        return thrown[at]
      }
      node.on("EntitiesUpdated", () => {
        throw next("throws")
      })
      node.on("EntitiesUpdated", async () => {
        throw next("rejects")
      })
      for (let written = 1; written <= thrown.length; written++) {
        await node.notes.put({ text: "x" })
        await expect.poll(() => seen.length).toBe(2 * written)
      }
      await expect.poll(() => logged.mock.calls.length).toBe(2 * thrown.length)
    } finally {
      logged.mockRestore()
      process.removeAllListeners("unhandledRejection")
      for (const each of before) process.on("unhandledRejection", each)
    }
    expect(unhandled).toEqual([])
  })

  it("[CN-7] closing ends iterations, refuses later calls and frees the store", async () => {
    const store = folder()
    const node = await open({ store })
    const endings = Promise.all([
      (async () => {
        for await (const _ of node.task.live()) continue
      })(),
      (async () => {
        for await (const _ of node.events()) continue
      })()
    ])
    await node.task.put({ title: "kept", done: false })
    await node.close()
    await node.close()
    await endings
    await expect(node.task.put({ title: "late", done: false })).rejects.toMatchObject({
      reason: { _tag: "StoreClosed" }
    })
    await expect(node.task.query()).rejects.toMatchObject({ reason: { _tag: "StoreClosed" } })
    await using again = await open({ store })
    expect(await again.task.query()).toMatchObject([{ title: "kept" }])
  })
})

describe("types", () => {
  it("[CN-8] wrong records, patches and questions do not compile", () => {
    // Never called: that it compiles is the test.
    const wrong = async (node: Awaited<ReturnType<typeof open>>) => {
      // @ts-expect-error a field that the type does not have
      await node.task.put({ title: "Milk", done: false, colour: "white" })
      // @ts-expect-error a required field is missing
      await node.task.put({ title: "Milk" })
      // @ts-expect-error a text where a boolean belongs
      await node.task.put({ title: "Milk", done: "no" })
      // @ts-expect-error a counter changes by `Entity.inc`, not to a number
      await node.task.patch("id", { votes: 3 })
      // @ts-expect-error a set changes by `Entity.add` and `Entity.remove`
      await node.task.patch("id", { tags: ["shop"] })
      // @ts-expect-error a set of texts
      await node.task.patch("id", { tags: Entity.add(7) })
      // @ts-expect-error a field that the type does not have
      await node.task.patch("id", { colour: "white" })
      // @ts-expect-error a field that the type does not have
      await node.task.query({ where: { colour: "white" } })
      // @ts-expect-error another type of value
      await node.task.query({ where: { done: "yes" } })
      // @ts-expect-error sets have no order
      await node.task.query({ orderBy: "tags" })
      // @ts-expect-error a live question is about the present
      node.task.live({ at: 0 })
      // @ts-expect-error what says neither commit nor group
      await node.undo({ id: "x" })
      // @ts-expect-error no such type
      await node.tusk.query()
      // @ts-expect-error no such event
      node.on("Nothing", () => undefined)
      node.on("SyncCompleted", ({ root }) => root.toUpperCase())
      // @ts-expect-error that event has no root
      node.on("PeerConnected", ({ root }) => root)
      const row = (await node.task.get("id"))!
      const votes: number = row.votes
      const tags: ReadonlyArray<string> = row.tags
      const due: number | undefined = row.due
      // @ts-expect-error a row is not for changing
      row.title = "other"
      return [votes, tags, due]
    }
    expect(wrong).toBeTypeOf("function")
  })
})
