// What became of a record, how it was, and how it becomes so again. It needs no hub.
import { setTimeout } from "node:timers/promises"
import { createNode, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"

const Task = Entity.make("task", { title: Entity.lww(Schema.String), votes: Entity.counter })

await using node = await createNode({
  space: "home",
  store: "./history-data",
  entities: { task: Task },
  policy: personal({ trusted: [] }),
  transports: []
})
const id = await node.task.put({ title: "Milk" })
const made = new Date()
await setTimeout(5)
const written = await node.task.patch(id, { title: "Oat milk", votes: Entity.inc(2) })

for (const { changes, kind } of await node.task.history(id))
  console.log(
    kind,
    changes.map(({ field }) => field)
  )
console.log("then:", (await node.task.at(id, made))?.title)
console.log("all of then:", (await node.task.query({ at: made })).length)

const undone = await node.undo(written)
console.log("undone:", (await node.task.get(id))?.title, undone.entities[0]?.fields)
await node.undo(undone.commits)
console.log("redone:", (await node.task.get(id))?.title)

await node.task.delete(id)
await node.task.restore(id, made)
console.log("restored:", await node.task.get(id))
