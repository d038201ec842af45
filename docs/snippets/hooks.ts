// A list of titles that follows the records, whoever changes them, and goes on after a restart where it was.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { createNode, Entity, type Hook, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"

const Task = Entity.make("task", { title: Entity.lww(Schema.String) })

interface Kept {
  readonly place: Hook.HookPlace
  readonly titles: { [id: string]: string }
}
const kept: Kept | undefined = existsSync("titles.json") ? JSON.parse(readFileSync("titles.json", "utf8")) : undefined
const titles = kept?.titles ?? {}

const follow = async ({ entities, head, incarnation }: Hook.HookChange): Promise<void> => {
  for (const { id, isDeleted } of entities) {
    const task = isDeleted ? undefined : await node.task.get(id)
    if (task === undefined) delete titles[id]
    else titles[id] = task.title
  }
  // The list and the place in one write: a crash loses neither, and at most repeats a change.
  writeFileSync("titles.json", JSON.stringify({ place: { head, incarnation }, titles }))
  console.log(`up to ${head}:`, Object.values(titles).join(", "))
}

await using node = await createNode({
  space: "home",
  store: "./hooks-data",
  entities: { task: Task },
  policy: personal({ trusted: [] }),
  transports: [],
  hooks: { name: "titles", onCommit: follow, onApplied: follow, from: kept?.place ?? { head: 0 } }
})
node.on("HookFailed", ({ hook, problem }) => console.error(`${hook}: ${problem}`))
await node.task.put({ title: kept === undefined ? "Milk" : "Bread" })
await setTimeout(500) // hooks run beside the program, not inside `put`
