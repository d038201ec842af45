// Nodes that meet at a mailbox alone, as a program without Effect composes them.
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Entity, MemoryMailbox } from "@syncline/core"
import { personal } from "@syncline/policy"
import { Effect, Schema } from "effect"
import { expect, it, onTestFinished, vi } from "vitest"
import { createNode } from "../src/createNode.ts"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as SqliteMailbox from "../src/SqliteMailbox.ts"

vi.setConfig({ testTimeout: 120_000 })

const note = Entity.make("note", { text: Entity.lww(Schema.String) })

const device = () => {
  const store = mkdtempSync(join(tmpdir(), "syncline-mailboxes-"))
  onTestFinished(() => rmSync(store, { recursive: true, force: true }))
  return { store, peer: DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer }
}

const open = async (store: string, other: string, mailboxes: ReadonlyArray<ReturnType<typeof MemoryMailbox.make>>) => {
  const policy = personal({ trusted: [other] })
  const node = await createNode({ space: "home", store, entities: { note }, policy, transports: [], mailboxes })
  onTestFinished(() => node.close())
  return node
}

it("[CN-16] [SM-1] nodes that share a mailbox have the same without a link, also after a restart", async () => {
  const folder = await Effect.runPromise(MemoryMailbox.makeFolder)
  const mailboxes = () => [MemoryMailbox.make(folder)]
  const [one, two] = [device(), device()]
  const a = await open(one.store, two.peer, mailboxes())
  const b = await open(two.store, one.peer, mailboxes())
  await a.note.put({ id: "n1", text: "of a" })
  await expect.poll(async () => (await b.note.get("n1"))?.text, { timeout: 50_000 }).toBe("of a")
  expect(existsSync(SqliteMailbox.mailboxFile(two.store))).toBe(true)
  await b.close()
  await a.note.put({ id: "n2", text: "meanwhile" })
  const again = await open(two.store, one.peer, mailboxes())
  await again.note.put({ id: "n3", text: "of b" })
  await expect.poll(async () => (await again.note.get("n2"))?.text, { timeout: 50_000 }).toBe("meanwhile")
  await expect.poll(async () => (await a.note.get("n3"))?.text, { timeout: 50_000 }).toBe("of b")
  await expect.poll(async () => (await a.hash()).hash === (await again.hash()).hash, { timeout: 50_000 }).toBe(true)
})

it("[CN-16] [SM-1] two mailboxes that are one place are refused, and without any there is no file of them", async () => {
  const folder = await Effect.runPromise(MemoryMailbox.makeFolder)
  const [one, two] = [device(), device()]
  const mailbox = MemoryMailbox.make(folder)
  await expect(open(one.store, two.peer, [mailbox, mailbox])).rejects.toThrow(TypeError)
  await open(two.store, one.peer, [])
  expect(existsSync(SqliteMailbox.mailboxFile(two.store))).toBe(false)
})
