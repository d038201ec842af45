// What a node notes of its ways to others, for whoever asks beside it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Entity, MemoryMailbox } from "@syncline/core"
import { personal } from "@syncline/policy"
import { Effect, Schema } from "effect"
import { afterAll, expect, it } from "vitest"
import { createNode } from "../src/createNode.ts"
import * as RoadMemory from "../src/RoadMemory.ts"

const base = mkdtempSync(join(tmpdir(), "syncline-roads-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))
const temporaryFolder = (): string => mkdtempSync(join(base, "store-"))
const Note = Entity.make("note", { text: Entity.lww(Schema.String) })
const mailboxes = [MemoryMailbox.make(Effect.runSync(MemoryMailbox.makeFolder))]
const open = (store: string, more: object = { mailboxes }) =>
  createNode({
    space: "home",
    store,
    entities: { note: Note },
    policy: personal({ trusted: [] }),
    transports: [],
    ...more
  })
const fileIn = (store: string): string => join(store, "roads.json")
const seenIn = (store: string) => Effect.runPromise(RoadMemory.read(store))

it("[RM-1] a node with mailboxes notes how it meets others, and that stays when it ends", async () => {
  const store = temporaryFolder()
  {
    await using node = await open(store)
    await node.note.put({ text: "milk" })
    await expect
      .poll(() => seenIn(store), { timeout: 20_000 })
      .toMatchObject({
        atMs: expect.any(Number),
        link: null,
        mailboxes: [{ name: "memory", address: "memory:", state: "active", lookedAtMs: expect.any(Number) }]
      })
  }
  expect((await seenIn(store)).mailboxes).toHaveLength(1)
  const bare = temporaryFolder()
  await using _ = await open(bare, {})
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  expect(existsSync(fileIn(bare))).toBe(false)
})

it("[RM-1] what is the same is not written again", async () => {
  const store = temporaryFolder()
  await using _ = await open(store)
  await expect
    .poll(async () => (await seenIn(store)).mailboxes[0]?.lookedAtMs, { timeout: 20_000 })
    .toBeTypeOf("number")
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  const before = readFileSync(fileIn(store), "utf8")
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  expect(readFileSync(fileIn(store), "utf8")).toBe(before)
})

it("[RM-2] a file that is damaged or too large says nothing, and what a killed process left holds nobody up", async () => {
  const store = temporaryFolder()
  await using _ = await open(store)
  await expect.poll(() => existsSync(fileIn(store)), { timeout: 20_000 }).toBe(true)
  writeFileSync(fileIn(store), "{")
  expect(await seenIn(store)).toEqual({ atMs: null, link: null, mailboxes: [], changes: [], peers: [] })
  await expect.poll(async () => (await seenIn(store)).mailboxes.length, { timeout: 20_000 }).toBe(1)
  const other = temporaryFolder()
  writeFileSync(fileIn(other), " ".repeat(2 ** 20) + '{"atMs":null,"link":null,"mailboxes":[],"changes":[]}')
  expect((await seenIn(other)).atMs).toBeNull()
  writeFileSync(`${fileIn(other)}.new`, "half")
  await using _again = await open(other)
  await expect.poll(async () => (await seenIn(other)).mailboxes.length, { timeout: 8_000 }).toBe(1)
})
