// Says what became of this device's commits and what waits here, and confirms every mass delete.
import { createNode, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"

await using node = await createNode({
  space: "home",
  store: "./quarantine-data",
  entities: { task: Entity.make("task", { title: Entity.lww(Schema.String) }) },
  policy: personal({ trusted: [] }),
  transports: []
})
node.on("QuarantineLeft", ({ commits, how, reason }) => console.log(`${how}: ${commits} of ${reason}`))
await node.task.put({ title: "Milk" })

for (const { because, commit, status } of await node.receipts({ limit: 10 })) {
  console.log(`${commit.slice(0, 8)} is ${status}: ${because}`)
}
for (const { because, id, reason } of await node.quarantine.list({ limit: 10 })) {
  const shown = await node.quarantine.show(id)
  console.log(`${reason}, ${because}:`, shown?.contents?.entities ?? shown?.problem)
}
// Only a person should say this; `discardWhere` would keep the records.
const { answers, done } = await node.quarantine.releaseWhere({ reason: "MassDelete" })
console.log(`${done} commits are applied`)
for (const { because, id, outcome } of answers) console.log(`${id} stays, ${outcome}: ${because}`)
