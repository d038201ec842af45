/**
 * History, time travel, restoring and undoing as a program without Effect uses them.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Entity, MemoryTransport, WriteError } from "@syncline/core"
import { personal } from "@syncline/policy"
import { Effect, Schema } from "effect"
import { afterEach, describe, expect, it } from "vitest"
import { createNode } from "../src/createNode.ts"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"

const Task = Entity.make(
  "task",
  {
    list: Entity.lww(Schema.String),
    title: Entity.lww(Schema.NonEmptyString),
    due: Entity.optional(Schema.Number),
    note: Entity.optional(Schema.NullOr(Schema.String)),
    tags: Entity.orSet(Schema.String),
    votes: Entity.counter
  },
  { header: ["list"] }
)

const cleanups: Array<() => void> = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const network = MemoryTransport.makeNetwork()
let names = 0

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "syncline-history-"))
  cleanups.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const peerIn = (store: string): string => DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer

const open = (
  options: { readonly store?: string; readonly trusted?: ReadonlyArray<string>; readonly dial?: string } = {}
) =>
  createNode({
    space: "home",
    store: options.store ?? folder(),
    entities: { task: Task },
    policy: personal({ trusted: options.trusted ?? [] }),
    transports: [MemoryTransport.make(network, `history ${names++}`)],
    routes: options.dial === undefined ? [] : [{ address: options.dial }]
  })

/** The clock's next millisecond, so that what follows is later than what was. */
const later = async (): Promise<number> => {
  const now = Date.now()
  while (Date.now() <= now + 1) await new Promise((resolve) => setTimeout(resolve, 1))
  return now + 1
}

describe("the past", () => {
  it("[CN-20] is told, read and asked by date, by milliseconds and by stamp", async () => {
    await using node = await open()
    const begun = Date.now()
    const id = await node.task.put({ list: "home", title: "Milk", tags: ["shop"] })
    const madeMs = await later()
    await node.task.patch(id, { title: "Oat milk", votes: Entity.inc(2), tags: Entity.remove("shop") })
    const changedMs = await later()
    await node.task.delete(id)
    const changes = await node.task.history(id)
    expect(changes.map(({ kind }) => kind)).toEqual(["deleted", "changed", "created"])
    expect(changes[1]!.changes).toEqual([
      { kind: "lww", field: "title", value: "Oat milk", previous: "Milk", isConflict: false },
      { kind: "counter", field: "votes", by: 2 },
      { kind: "orSet", field: "tags", added: [], removed: ["shop"] }
    ])
    expect(changes[2]!.author.startsWith(node.peer)).toBe(true)
    expect(changes[2]!.date.getTime()).toBeGreaterThanOrEqual(begun)
    expect(changes[2]!.date.getTime()).toBeLessThanOrEqual(madeMs)
    expect(await node.task.history(id, { limit: 1, before: changes[0]! })).toEqual([changes[1]])
    const milk = { id, list: "home", title: "Milk", tags: ["shop"], votes: 0 }
    for (const time of [madeMs, new Date(madeMs), changes[2]!.at]) {
      expect(await node.task.at(id, time)).toEqual(milk)
      expect(await node.task.query({ where: { title: "Milk" }, at: time })).toEqual([milk])
    }
    expect(await node.task.at(id, changedMs)).toEqual({ ...milk, title: "Oat milk", tags: [], votes: 2 })
    expect(await node.task.query({ at: changedMs, orderBy: "title" })).toHaveLength(1)
    expect([await node.task.at(id, Date.now()), await node.task.at(id, begun - 1000)]).toEqual([undefined, undefined])
    expect([await node.task.query({ at: Date.now() }), await node.task.query({ at: 0 })]).toEqual([[], []])
    expect(await node.task.history("nobody")).toEqual([])
  })

  it("[CN-20] a millisecond means all of it, a stamp what was until then", async () => {
    await using node = await open()
    const { ids } = await node.task.putAll(["a", "b", "c"].map((title) => ({ list: "home", title })))
    const made = (await Promise.all(ids.map((id) => node.task.history(id)))).map(([entry]) => entry!)
    const [first, , last] = made.toSorted((a, b) => (a.at < b.at ? -1 : 1))
    expect(last!.at.slice(0, 12)).toBe(first!.at.slice(0, 12))
    expect(last!.at > first!.at).toBe(true)
    expect(await node.task.query({ at: last!.date })).toHaveLength(3)
    expect(await node.task.query({ at: first!.at })).toHaveLength(1)
  })

  it("[CN-20] [CN-21] [OR-65] tells several records with one id apart by their headers", async () => {
    const storeB = folder()
    await using a = await open({ trusted: [peerIn(storeB)] })
    {
      await using alone = await open({ store: storeB })
      await alone.task.put({ id: "x", list: "away", title: "of b" })
    }
    await a.task.put({ id: "x", list: "home", title: "of a" })
    await using b = await open({ store: storeB, trusted: [a.peer], dial: a.addresses[0]! })
    for (const node of [a, b]) await expect.poll(async () => (await node.task.query()).length).toBe(2)
    const bothMs = await later()
    const [home, away] = [{ list: "home" }, { list: "away" }]
    expect(await a.task.at("x", bothMs, home)).toMatchObject({ title: "of a" })
    expect(await a.task.at("x", bothMs, away)).toMatchObject({ title: "of b" })
    expect(await a.task.at("x", bothMs, { list: "nowhere" })).toBeUndefined()
    await a.task.patch("x", { title: "new" }, away)
    expect(await a.task.history("x", { header: away })).toHaveLength(2)
    expect(await a.task.history("x", { header: home })).toHaveLength(1)
    for (const unclear of [a.task.at("x", bothMs), a.task.history("x"), a.task.restore("x", bothMs)]) {
      await expect(unclear).rejects.toMatchObject({ reason: { _tag: "EntityAmbiguous", headers: expect.anything() } })
    }
    expect(await a.task.restore("x", bothMs, away)).toHaveLength(1)
    expect(await a.task.get("x", away)).toMatchObject({ title: "of b" })
    // What was then is asked for as it was then.
    await a.task.delete("x", home)
    expect(await a.task.history("x")).toHaveLength(3)
    await expect(a.task.at("x", bothMs)).rejects.toMatchObject({ reason: { _tag: "EntityAmbiguous" } })
  })

  it("[CN-20] refuses what is no time and no page", async () => {
    await using node = await open()
    for (const time of [-1, Number.NaN, new Date("never"), "yesterday", 2 ** 48]) {
      await expect(node.task.at("x", time)).rejects.toThrow(RangeError)
      await expect(node.task.query({ at: time })).rejects.toThrow(RangeError)
      await expect(node.task.restore("x", time)).rejects.toThrow(RangeError)
    }
    await expect(node.task.history("x", { limit: 1001 })).rejects.toThrow("limit is 1001, not a whole number from 1")
  })
})

describe("restoring and undoing", () => {
  it("[CN-21] a record is restored, with what it did not have then missing, and can be put back", async () => {
    await using node = await open()
    const id = await node.task.put({ list: "home", title: "Milk", note: null })
    const madeMs = await later()
    await node.task.patch(id, {
      title: "Oat milk",
      due: 3,
      note: "cold",
      tags: Entity.add("shop"),
      votes: Entity.inc(1)
    })
    await node.task.delete(id)
    expect(await node.task.restore(id, madeMs)).toHaveLength(1)
    const row = await node.task.get(id)
    expect(row).toEqual({ id, list: "home", title: "Milk", note: null, tags: [], votes: 0 })
    expect(row).not.toHaveProperty("due")
    expect(await node.task.put(row!)).toBe(id)
    expect(await node.task.restore(id, madeMs)).toEqual([])
    expect(await node.task.query({ where: { due: null } })).toEqual([row])
    const unborn = await node.task.restore(id, 1).catch((error: unknown) => error)
    expect(unborn).toBeInstanceOf(WriteError.WriteError)
    expect(unborn).toMatchObject({ reason: { _tag: "EntityNotFoundAt", type: "task", id } })
  })

  it("[CN-22] what a call wrote is undone and redone, and so is an entry of a history", async () => {
    await using node = await open()
    const id = await node.task.put({ list: "home", title: "Milk" })
    const changed = await node.task.patch(id, { title: "Oat milk", due: 3 })
    const undone = await node.undo(changed)
    expect(undone).toEqual({
      commits: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      entities: [
        { type: "task", header: { list: "home" }, id, fields: ["title", "due"], becomes: undefined, skipped: [] }
      ]
    })
    expect(await node.task.get(id)).toEqual({ id, list: "home", title: "Milk", tags: [], votes: 0 })
    await node.undo(undone.commits)
    expect(await node.task.get(id)).toMatchObject({ title: "Oat milk", due: 3 })
    const { commits, ids } = await node.task.putAll([
      { list: "a", title: "One" },
      { list: "b", title: "Two" },
      { id, list: "home", title: "Three" }
    ])
    expect(commits).toHaveLength(3)
    const [entry] = await node.task.history(ids[0]!)
    const all = await node.undo({ group: entry!.group! })
    expect(all.entities.map(({ becomes }) => becomes)).toEqual([undefined, "deleted", "deleted"])
    expect(await node.task.query()).toMatchObject([{ id, title: "Oat milk" }])
    expect((await node.undo(commits)).commits).toEqual([])
    await node.undo(all.commits)
    expect(await node.task.query({ orderBy: "title" })).toMatchObject([
      { title: "One" },
      { title: "Three" },
      { title: "Two" }
    ])
    const [last] = await node.task.history(ids[1]!)
    expect((await node.undo(last!)).entities).toMatchObject([{ id: ids[1], becomes: "deleted" }])
    const [deletion] = await node.task.delete(ids[0]!)
    await node.undo(deletion!)
    expect(await node.task.get(ids[0]!)).toMatchObject({ title: "One" })
    await expect(node.undo("nothing")).rejects.toMatchObject({ reason: { _tag: "CommitNotFound" } })
    expect(await node.undo([])).toEqual({ commits: [], entities: [] })
  })

  it("[CN-22] several commits are undone from the last to the first", async () => {
    await using node = await open()
    const id = await node.task.put({ list: "home", title: "Milk" })
    const first = await node.task.patch(id, { title: "Oat milk" })
    const second = await node.task.patch(id, { title: "Soy milk" })
    await node.undo([...first, ...second])
    expect((await node.task.get(id))?.title).toBe("Milk")
  })

  it("[CN-22] of several commits none is undone when one is not here", async () => {
    await using node = await open()
    const id = await node.task.put({ list: "home", title: "Milk" })
    const [changed] = await node.task.patch(id, { title: "Oat milk" })
    await expect(node.undo(["0".repeat(64), changed!])).rejects.toMatchObject({ reason: { _tag: "CommitNotFound" } })
    expect(await node.task.get(id)).toMatchObject({ title: "Oat milk" })
    expect(await node.task.history(id)).toHaveLength(2)
  })

  it("[CN-22] another device's change is undone, and the undo goes to it", async () => {
    const [storeA, storeB] = [folder(), folder()]
    await using a = await open({ store: storeA, trusted: [peerIn(storeB)] })
    const id = await a.task.put({ list: "home", title: "Milk" })
    const [changed] = await a.task.patch(id, { title: "Oat milk" })
    await using b = await open({ store: storeB, trusted: [a.peer], dial: a.addresses[0]! })
    const titleOn = (node: typeof a) => async () => (await node.task.get(id))?.title
    await expect.poll(titleOn(b), { timeout: 10_000 }).toBe("Oat milk")
    await b.undo(changed!)
    await expect.poll(titleOn(a), { timeout: 10_000 }).toBe("Milk")
    const [entry] = await a.task.history(id, { limit: 1 })
    expect(entry!.author.startsWith(b.peer)).toBe(true)
    expect(await a.hash()).toEqual(await b.hash())
  })
})
