// Two devices that sync when the program says so, by a folder. Start it with the path of one that is there.
import { rmSync } from "node:fs"
import { resolve } from "node:path"
import { createNode, DeviceKeyFile, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"
import { folder } from "@syncline/transport-fsfolder"
import { Effect } from "effect"

const path = resolve(process.argv[2]!)
const stores = [resolve("./cloud-laptop"), resolve("./cloud-phone")] as const
const peerIn = (store: string): string => DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer

const open = (store: string, other: string) =>
  createNode({
    space: "mia's notes",
    store,
    entities: { note: Entity.make("note", { text: Entity.lww(Schema.String) }) },
    policy: personal({ trusted: [peerIn(other)] }),
    transports: []
  })

{
  await using laptop = await open(stores[0], stores[1])
  await using phone = await open(stores[1], stores[0])
  const [up, down] = await Promise.all(
    [laptop, phone].map((node, place) => node.cloud(folder({ path, dataFolder: stores[place]! })))
  )
  await laptop.note.put({ text: "milk" })
  await up!.uploadEvents()
  // Kept by the program, and given back when it asks again.
  let cursor: string | null = null
  for (let isEnd = false; !isEnd;) {
    const page = await down!.downloadEvents(cursor)
    cursor = page.next
    isEnd = page.isEnd
    for (const { author, entities } of page.commits) {
      console.log(`${author === laptop.peer ? "The laptop" : "Somebody"} wrote ${entities.length} note.`)
    }
  }
  const peers = await down!.listPeers()
  console.log(`${peers.filter(({ isEqual }) => isEqual).length} of ${peers.length} devices there has the same.`)
}
for (const store of stores) rmSync(store, { recursive: true })
