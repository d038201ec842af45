/** Records of a sealed space over REST, at a hub that has no key to them. */
import { TrustFile, createNode, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Effect } from "effect"
import { expect, it, onTestFinished } from "vitest"
import { device, startHub, temporaryFolder, until } from "./hubProcess.ts"
import { ask } from "./localDoor.ts"

const Task = Entity.make(
  "task",
  { team: Entity.lww(Schema.String), title: Entity.lww(Schema.String) },
  { header: ["team"] }
)

it("[HE-7] tells headers alone, and writes nothing", { timeout: 60_000 }, async () => {
  const data = temporaryFolder()
  const { peer, store } = device()
  await Effect.runPromise(TrustFile.add(data, peer))
  const hub = await startHub({ data })
  const made = await ask(data, "entities/task", { header: { team: "north" }, fields: { title: "before" } })
  expect(made.status).toBe(201)
  const node = await createNode({
    space: "home",
    spacePassphrase: "correct horse battery",
    store,
    entities: { task: Task },
    policy: personal({ trusted: [hub.peer] }),
    transports: [socketIo()],
    routes: [{ address: hub.url, peer: hub.peer }]
  })
  onTestFinished(() => node.close())
  const id = await node.task.put({ team: "south", title: "sealed words" })
  await until(async () => (await ask(data, `entities/task/${id}`)).status === 200, 15_000)
  expect((await ask(data, `entities/task/${id}`)).body).toEqual({
    type: "task",
    id,
    header: { team: "south" },
    fields: {}
  })
  const { body } = await ask(data, "entities/task")
  expect(JSON.stringify(body)).not.toContain("sealed words")
  expect(body["items"]).toHaveLength(2)
  for (const [path, sent] of [
    ["entities/task", { fields: { title: "mine" } }],
    ["entities/task/batch", { items: [{ fields: { title: "mine" } }] }],
    [`entities/task/${id}/restore`, { at: "281474976710655" }]
  ] as const) {
    expect([path, await ask(data, path, sent)]).toMatchObject([path, { status: 409, body: { code: "SpaceLocked" } }])
  }
})
