/**
 * A device as a process of its own, for drills that give it another clock. Its argument is a `DeviceWork` as JSON; it
 * ends with 0 once all steps are done, and with a trace when one failed.
 */
import { createNode, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"

/** Records of a step are those with the ids `<name> <from>` to `<name> <to - 1>`. */
export interface Step {
  readonly step: "put" | "change" | "delete" | "sync" | "part"
  readonly name?: string
  readonly from?: number
  readonly to?: number
}

export interface DeviceWork {
  readonly store: string
  readonly hub: { readonly peer: string; readonly url: string }
  readonly steps: ReadonlyArray<Step>
}

const syncMsMax = 60_000

/** As the test has it; what starts and stops processes there is of no use here. */
const Task = Entity.make("task", { title: Entity.lww(Schema.String), votes: Entity.counter })

const { hub, steps, store } = JSON.parse(process.argv[2]!) as DeviceWork
const node = await createNode({
  space: "home",
  store,
  entities: { task: Task },
  policy: personal({ trusted: [hub.peer] }),
  transports: [socketIo()],
  routes: [{ address: hub.url, peer: hub.peer }],
  retryMsMin: 200,
  retryMsMax: 500
})
const synced = async (): Promise<void> => {
  for (let waitedMs = 0; (await node.status()).peers[0]?.state !== "synced"; waitedMs += 20) {
    if (waitedMs > syncMsMax) throw new Error("the hub and this device did not become the same")
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

for (const { from = 0, name = "", step, to = 0 } of steps) {
  const ids = Array.from({ length: to - from }, (_, i) => `${name} ${from + i}`)
  switch (step) {
    case "put":
      await node.task.putAll(ids.map((id) => ({ id, title: id })))
      break
    case "change":
      await Promise.all(ids.map((id) => node.task.patch(id, { title: `${id} changed` })))
      break
    case "delete":
      await Promise.all(ids.map((id) => node.task.delete(id)))
      break
    case "sync":
      await synced()
      break
    case "part":
      await node.send({ _tag: "Stop" })
  }
}
await node.close()
