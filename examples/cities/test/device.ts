// A device as its own process, for the crash test: it syncs through the hub and, as a writer, imports cities and then
// changes one after another, over and over, until it is told to stop by a line on its standard input. It prints a line
// for each batch that is durable; what was not printed may be lost with the process.
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { createNode } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { load } from "../src/CityList.ts"
import { city } from "../src/schema.ts"

const [store = "", address = "", hub = "", from = "0", upto = "0", patched = "0"] = process.argv.slice(2)
const batchSize = 50
/** Between two changes, so that a long drill does not fill the disk. */
const pauseMs = 2

let isStopping = false
createInterface({ input: process.stdin }).once("line", () => {
  isStopping = true
})

const node = await createNode({
  space: "home",
  store,
  entities: { city },
  policy: personal({ trusted: [hub] }),
  transports: [socketIo()],
  routes: [{ address, peer: hub }]
})
console.log(`ready ${node.peer}`)

const cities = Number(upto) > 0 ? load() : []
for (let at = Number(from); at < Number(upto); at += batchSize) {
  const batch = cities.slice(at, Math.min(at + batchSize, Number(upto)))
  await node.city.putAll(batch.map((record) => ({ ...record, id: String(record.cityId) })))
  console.log(`imported ${at + batch.length}`)
}
for (let at = Number(patched); cities.length > 0 && !isStopping; at++) {
  const { cityId } = cities[at % Number(upto)]!
  await node.city.patch(String(cityId), { altName: `changed ${at}` })
  console.log(`patched ${at + 1}`)
  await sleep(pauseMs)
}
console.log("done")
process.on("SIGTERM", () => void node.close().then(() => process.exit(0)))
setInterval(() => undefined, 60_000)
