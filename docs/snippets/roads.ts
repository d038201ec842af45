// Two devices of one person that never meet: all that they share is a folder. Start it with the path of one that is there.
import { rmSync } from "node:fs"
import { resolve } from "node:path"
import { createNode, DeviceKeyFile, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"
import { folder } from "@syncline/transport-fsfolder"
import { Effect } from "effect"

const path = resolve(process.argv[2]!)
const stores = [resolve("./roads-laptop"), resolve("./roads-phone")] as const
const peerIn = (store: string): string => DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer

const open = (store: string, other: string) =>
  createNode({
    space: "mia's notes",
    store,
    entities: { note: Entity.make("note", { text: Entity.lww(Schema.String) }) },
    policy: personal({ trusted: [peerIn(other)] }),
    transports: [],
    mailboxes: [folder({ path, dataFolder: store })]
  })

{
  await using laptop = await open(stores[0], stores[1])
  await using phone = await open(stores[1], stores[0])
  laptop.on("RouteChanged", ({ because, to }) => console.log(`The laptop goes by ${to ?? "links"}: ${because}.`))
  const id = await laptop.note.put({ text: "milk" })
  while ((await phone.note.get(id)) === undefined) await new Promise((resolve) => setTimeout(resolve, 50))
  const [mailbox] = (await phone.status()).mailboxes
  console.log(`The phone has the note, by a folder that is ${mailbox?.state}.`)
}
for (const store of stores) rmSync(store, { recursive: true })
