// Two devices change the same cities while the other is away; afterwards everybody agrees and nothing is lost.
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { createNode } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { afterAll, beforeAll, expect, it } from "vitest"
import { load } from "../src/CityList.ts"
import { city } from "../src/schema.ts"

const root = mkdtempSync(join(tmpdir(), "syncline-offline-"))
const serverMain = fileURLToPath(new URL("../../../apps/server/bundle/main.js", import.meta.url))
const hub = spawn(process.execPath, [serverMain], {
  env: { ...process.env, SYNCLINE_PORT: "0", SYNCLINE_DATA: join(root, "hub"), SYNCLINE_LOG_LEVEL: "silent" },
  stdio: ["ignore", "pipe", "inherit"]
})
let address = ""
let peer = ""

beforeAll(async () => {
  for await (const line of createInterface({ input: hub.stdout })) {
    address = /http:\/\/\S+/.exec(line)?.[0] ?? address
    peer = /12D3KooW\w+/.exec(line)?.[0] ?? peer
    if (peer !== "") break
  }
})

afterAll(async () => {
  hub.kill("SIGTERM")
  await new Promise((resolve) => hub.once("exit", resolve))
  rmSync(root, { recursive: true })
})

const open = (name: string, isOnline: boolean) =>
  createNode({
    space: "home",
    store: join(root, name),
    entities: { city },
    policy: personal({ trusted: [peer] }),
    transports: [socketIo()],
    routes: isOnline ? [{ address, peer }] : []
  })

const records = load()
  .slice(0, 2000)
  .map((record) => ({ ...record, id: String(record.cityId) }))
const idOf = (i: number): string => records[i]!.id

it("changes made offline on both sides survive, on the same records too", { timeout: 120_000 }, async () => {
  const first = await open("a", false)
  const second = await open("b", false)
  writeFileSync(join(root, "hub", "trusted-peers"), `${first.peer}\n${second.peer}\n`)
  await first.city.putAll(records)
  await Promise.all([first.close(), second.close()])
  await bothSync()

  const a = await open("a", false)
  for (let i = 0; i < 100; i++) await a.city.patch(idOf(i), { altName: `a ${i}`, population: i })
  await a.close()
  const b = await open("b", false)
  // 50 of them are the same records: other fields, and one field that both set.
  for (let i = 50; i < 150; i++) await b.city.patch(idOf(i), { name: `b ${i}`, population: 1000 + i })
  await b.close()
  const hashes = await bothSync()
  expect(new Set(hashes).size).toBe(1)

  const reader = await open("a", false)
  for (let i = 0; i < 150; i++) {
    const found = await reader.city.get(idOf(i))
    expect(found?.altName).toBe(i < 100 ? `a ${i}` : records[i]!.altName)
    expect(found?.name).toBe(i < 50 ? records[i]!.name : `b ${i}`)
    // The later write wins; the second device wrote after the first.
    expect(found?.population).toBe(i < 50 ? i : 1000 + i)
  }
  await reader.close()
})

/** Brings both devices up until both hold the same, and returns their hashes. */
const bothSync = async (): Promise<ReadonlyArray<string>> => {
  const nodes = await Promise.all([open("a", true), open("b", true)])
  let hashes: Array<string> = []
  for (let tries = 0; tries < 150; tries++) {
    await sleep(100)
    const states = await Promise.all(nodes.map((node) => node.status()))
    hashes = (await Promise.all(nodes.map((node) => node.hash()))).map(({ count, hash }) => `${hash} ${count}`)
    const areSynced = states.every((status) => status.peers.some(({ state }) => state === "synced"))
    if (areSynced && hashes[0] === hashes[1] && hashes[0]!.endsWith(" 2000")) break
  }
  await Promise.all(nodes.map((node) => node.close()))
  return hashes
}
