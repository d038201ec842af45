/**
 * A complete program: two nodes in one process share a list of cities. One imports them, the other gets and reads
 * them, and at the end both have the same hash. Given a hub's address, the first node syncs with that hub too; the hub
 * has to trust it. Usage: `node src/main.ts [number of cities] [hub address]`.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createNode, DeviceKeyFile } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Effect } from "effect"
import * as CityList from "./CityList.ts"
import { city } from "./schema.ts"

/** Records of one transaction. */
const transactionRecords = 2_000
/** How long the second node may take to get everything. */
const syncMsMax = 60_000

const wanted = Number(process.argv[2] ?? 10_000)
const hubAddress = process.argv[3]

/** The id of the device in a folder; its key is made when it is asked for the first time. */
const peerIn = (store: string): string => DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer

/** Who answers at a hub's address. */
const peerAt = async (address: string): Promise<string> => {
  const response = await fetch(`${address}/api/v1/identity`, { signal: AbortSignal.timeout(8_000) })
  return ((await response.json()) as { readonly peer: string }).peer
}

const folder = mkdtempSync(join(tmpdir(), "syncline-cities-"))
const [storeA, storeB] = [join(folder, "a"), join(folder, "b")]

try {
  const hub = hubAddress === undefined ? undefined : { address: hubAddress, peer: await peerAt(hubAddress) }

  // Each node says whom it trusts; nobody else learns even that the space exists.
  await using a = await createNode({
    space: "home",
    store: storeA,
    entities: { cities: city },
    policy: personal({ trusted: [peerIn(storeB), ...(hub === undefined ? [] : [hub.peer])] }),
    transports: [socketIo({ server: { port: 0 } })],
    routes: hub === undefined ? [] : [hub]
  })
  await using b = await createNode({
    space: "home",
    store: storeB,
    entities: { cities: city },
    policy: personal({ trusted: [a.peer] }),
    transports: [socketIo()],
    routes: [{ address: a.addresses[0]!, peer: a.peer }]
  })
  if (hub !== undefined)
    console.log(`To let the hub in on it, run there: npm run -s syncline -- trust ${a.peer} --data ./data`)

  const cities = CityList.load().slice(0, wanted)
  for (let from = 0; from < cities.length; from += transactionRecords) {
    const part = cities.slice(from, from + transactionRecords)
    await a.cities.putAll(part.map((each) => ({ ...each, id: String(each.cityId) })))
  }
  const imported = await a.hash()
  console.log(`A holds ${imported.count} cities, hash ${imported.hash.slice(0, 16)}`)

  // B gets them on its own; equal hashes prove that it has exactly the same.
  const deadline = AbortSignal.timeout(syncMsMax)
  let received = await b.hash()
  while (received.hash !== imported.hash) {
    await setTimeout(100, undefined, { signal: deadline })
    received = await b.hash()
  }
  console.log(`B holds ${received.count} cities, hash ${received.hash.slice(0, 16)}`)

  const largest = await b.cities.query({ orderBy: "population", isDescending: true, limit: 3 })
  for (const { country, name, population } of largest) console.log(`  ${name} (${country}): ${population}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
