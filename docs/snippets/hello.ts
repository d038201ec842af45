// A device that syncs tasks through a hub. Start it with the address and the peer id that the hub prints.
import { createNode, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"

const [address = "", hub = ""] = process.argv.slice(2)
const Task = Entity.make("task", { title: Entity.lww(Schema.String), done: Entity.lww(Schema.Boolean) })

await using node = await createNode({
  space: "home",
  store: "./hello-data",
  entities: { task: Task },
  policy: personal({ trusted: [hub] }),
  transports: [socketIo()],
  routes: [{ address, peer: hub }]
})
console.log(`Beside the hub, run: npm run -s syncline -- trust ${node.peer} --data ./data`)
node.on("SyncCompleted", (event) => console.log(`In step with the hub, ${event.entities} tasks.`))
const id = await node.task.put({ title: "Milk", done: false })
await node.task.patch(id, { done: true })
for await (const rows of node.task.live({ where: { done: true } })) console.log("Done:", rows)
