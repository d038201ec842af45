/**
 * Hooks of a node as a program without Effect uses them, on a real journal.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { Entity, type Hook, MemoryTransport, type SyncEvent } from "@syncline/core"
import { personal } from "@syncline/policy"
import { Effect, Schema } from "effect"
import { afterEach, describe, expect, it } from "vitest"
import { createNode, type NodeOptions } from "../src/createNode.ts"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import type { NodeHook } from "../src/NodeHook.ts"

const entities = { note: Entity.make("note", { text: Entity.lww(Schema.String), seen: Entity.counter }) }

const cleanups: Array<() => void> = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "syncline-hooks-"))
  cleanups.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const peerIn = (store: string): string => DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer

const network = MemoryTransport.makeNetwork()
let names = 0

const open = (options: Partial<NodeOptions<typeof entities>> = {}) =>
  createNode({
    space: "home",
    store: folder(),
    entities,
    policy: personal({ trusted: [] }),
    transports: [MemoryTransport.make(network, `hooked ${names++}`)],
    ...options
  })

type Node = Awaited<ReturnType<typeof open>>
const idsOf = (changes: ReadonlyArray<Hook.CommittedChange | Hook.AppliedChange>) =>
  changes.flatMap((change) => change.entities.map(({ id }) => id))
const put = (node: Node, id: string) => node.note.put({ id, text: "x" })

describe("hooks of a node", () => {
  it("[CN-9] hooks given to createNode use the node, and go on after a restart where they were", async () => {
    const store = folder()
    const first: Array<Hook.CommittedChange> = []
    const node = await open({ store, hooks: { onCommit: (change) => first.push(change) } })
    for (const id of ["a", "b", "c"]) await put(node, id)
    await expect.poll(() => idsOf(first)).toEqual(["a", "b", "c"])
    await put(node, "d")
    await node.close()

    const texts: Array<string | undefined> = []
    const kept = JSON.parse(JSON.stringify(first[1])) as Hook.HookPlace
    const onCommit = async ({ entities: [changed] }: Hook.CommittedChange) =>
      void texts.push((await again.note.get(changed!.id))?.id)
    const again = await open({ store, hooks: { onCommit, from: kept } })
    await expect.poll(() => texts).toEqual(["c", "d"])
    await put(again, "e")
    await expect.poll(() => texts).toEqual(["c", "d", "e"])
    await again.close()

    const ahead = open({ store, hooks: { from: { ...kept, head: 99 } } })
    await expect(ahead).rejects.toMatchObject({ _tag: "OrchestratorError", reason: { _tag: "HookPlaceUnknown" } })
    const unnamed = open({ store, hooks: { name: "" } })
    await expect(unnamed).rejects.toThrow("a hook's name has 1 to 64 characters")
    await (await open({ store })).close()
  })

  it("[CN-9] what a peer sends from the first link on is told by onApplied", async () => {
    const [storeA, storeB] = [folder(), folder()]
    await using a = await open({ store: storeA, policy: personal({ trusted: [peerIn(storeB)] }) })
    await put(a, "from a")
    const applied: Array<Hook.AppliedChange> = []
    await using b = await open({
      store: storeB,
      policy: personal({ trusted: [a.peer] }),
      routes: [{ address: a.addresses[0]!, peer: a.peer }],
      hooks: { onApplied: (change) => applied.push(change) }
    })
    await expect.poll(() => idsOf(applied)).toEqual(["from a"])
    expect(applied[0]).toMatchObject({ peer: a.peer, head: 1, events: 1 })
    await a.note.delete("from a")
    await expect.poll(() => applied.length).toBe(2)
    expect(applied[1]!.entities).toEqual([{ type: "note", header: {}, id: "from a", isDeleted: true }])
    expect((await b.status()).head).toBe(2)
  })

  it("[CN-10] thousands of writes, also own ones, reach a slow hook each once and in order", async () => {
    await using node = await open()
    const told: Array<Hook.CommittedChange> = []
    const own = new Set<string>()
    let isBusy = false
    let overlaps = 0
    await node.hook({
      name: "slow",
      onCommit: async (change) => {
        if (isBusy) overlaps++
        isBusy = true
        if (told.length === 0) await wait(300)
        told.push(change)
        if (change.commits.every((id) => own.has(id))) own.delete(change.commits[0]!)
        else if (change.head % 100 === 0) {
          for (const id of await node.note.patch(change.entities[0]!.id, { seen: Entity.inc(1) })) own.add(id)
        } else await Promise.resolve()
        isBusy = false
      }
    })
    const ids = Array.from({ length: 3_000 }, (_, i) => `n${i}`)
    await Promise.all(ids.map((id) => put(node, id)))
    await expect.poll(async () => told.length === (await node.status()).head, { timeout: 20_000 }).toBe(true)
    await wait(50)
    expect(told.map(({ head }) => head)).toEqual(Array.from({ length: told.length }, (_, i) => i + 1))
    expect(told.length).toBeGreaterThanOrEqual(3_030)
    expect(new Set(idsOf(told)).size).toBe(3_000)
    expect([overlaps, own.size]).toEqual([0, 0])
  }, 40_000)

  it("[CN-10] a promise that rejects or takes too long is reported, and its signal says that it was given up", async () => {
    await using node = await open()
    const failed: Array<SyncEvent.SyncEvent> = []
    node.on("HookFailed", (event) => void failed.push(event))
    const told: Array<string> = []
    let given: unknown
    const off = await node.hook({
      callMsMax: 100,
      onCommit: async (change, signal) => {
        told.push(...idsOf([change]))
        if (change.head === 1) throw new Error("a mistake in the program")
        if (change.head === 2) await wait(60_000, undefined, { signal }).catch((error: Error) => (given = error.name))
      }
    })
    for (const id of ["a", "b", "c"]) await put(node, id)
    await expect.poll(() => told).toEqual(["a", "b", "c"])
    expect(given).toBe("AbortError")
    expect(failed).toMatchObject([
      { hook: "hook", head: 1, problem: "a mistake in the program" },
      { hook: "hook", head: 2, problem: "took longer than 100 ms and was given up" }
    ])
    await off()
    await off()
    await put(node, "d")
    await wait(50)
    expect(told).toEqual(["a", "b", "c"])
  })

  it("[CN-10] closing lets a running call write and end, and gives up one that does not within a second", async () => {
    const store = folder()
    const node = await open({ store })
    const ends: Array<string> = []
    const begun: Array<string> = []
    const during = (name: string, ms: number): NodeHook => ({
      name,
      onCommit: async (change, signal) => {
        if (begun.push(name) > 2) return
        try {
          await wait(ms, undefined, { signal })
          await node.note.patch(change.entities[0]!.id, { text: name })
          ends.push(`${name} ended`)
        } catch (error) {
          ends.push(`${name}: ${(error as Error).name}`)
        }
      }
    })
    await node.hook(during("short", 200))
    await node.hook(during("long", 30_000))
    await put(node, "a")
    await expect.poll(() => begun.length).toBe(2)
    const from = performance.now()
    await node.close()
    expect(performance.now() - from).toBeLessThan(5_000)
    expect(ends).toEqual(["short ended", "long: AbortError"])
    await expect(node.hook(during("late", 1))).rejects.toMatchObject({ reason: { _tag: "JournalError" } })
    await using again = await open({ store })
    expect(await again.note.get("a")).toMatchObject({ text: "short" })
    expect(begun).toEqual(["short", "long"])
  })
})
