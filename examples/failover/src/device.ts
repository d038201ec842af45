/**
 * A device as a process of its own: it dials the hub and has a folder, or Google Drive, as its other road. It does what standard input says, a
 * line each (`put <id> <text>`, `look`), and tells on standard output what it did and when it took another road, a JSON
 * object each. `story.ts` starts two of them.
 */
import { createInterface } from "node:readline"
import type { Mailbox } from "@syncline/core"
import { createNode, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"
import { folder } from "@syncline/transport-fsfolder"
import { googleDrive, TokenStore } from "@syncline/transport-gdrive"
import { socketIo } from "@syncline/transport-socketio"
import { Redacted } from "effect"
import type { DriveLogin } from "./drive.ts"

/** What a device is started with, as JSON. */
export interface DeviceOrder {
  readonly store: string
  readonly hub: { readonly address: string; readonly peer: string }
  /** The other device, which may read what this one leaves on the other road. */
  readonly other: string
  readonly road:
    | { readonly kind: "folder"; readonly path: string }
    | { readonly kind: "drive"; readonly login: DriveLogin; readonly pollEveryMs: number; readonly freshForMs: number }
  readonly failOverMs: number
  readonly failBackMs: number
}

/** What a device tells. */
export type DeviceWord =
  | { readonly word: "ready" | "written" }
  | { readonly word: "road"; readonly to: string; readonly because: string }
  | { readonly word: "seen"; readonly hash: string; readonly records: number }

const tell = (said: DeviceWord): void => console.log(JSON.stringify(said))

const order = JSON.parse(process.argv[2]!) as DeviceOrder
const { failBackMs, failOverMs, hub, other, road, store } = order

const mailbox = (): Mailbox.Mailbox => {
  if (road.kind === "folder") return folder({ path: road.path, dataFolder: store })
  const { freshForMs, login, pollEveryMs } = road
  const { account, clientId, clientSecret, endpoints, refreshToken } = login
  return googleDrive({
    app: { clientId, clientSecret: Redacted.make(clientSecret) },
    // An application keeps what it signed in with, as `syncline drive login` does for its own devices.
    tokens: TokenStore.makeMemory({
      refreshToken: Redacted.make(refreshToken),
      accessToken: undefined,
      expiresAtMs: 0
    }),
    account,
    endpoints,
    pollEveryMs,
    freshForMs
  })
}

const note = Entity.make("note", { text: Entity.lww(Schema.String) })

const node = await createNode({
  space: "home",
  store,
  entities: { notes: note },
  policy: personal({ trusted: [hub.peer, other] }),
  transports: [socketIo()],
  routes: [hub],
  // While the hub is reached the other road stands by; 20 s after it is gone it is in use, until it was back for 2 minutes.
  mailboxes: [mailbox()],
  roads: { failOverMs, failBackMs, heartbeatMs: 5 * 60_000 }
})

node.on("RouteChanged", ({ because, to }) => tell({ word: "road", to: to ?? "the hub", because }))

const look = async (): Promise<void> => {
  const { count, hash } = await node.hash()
  tell({ word: "seen", hash, records: count })
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const [command, id = "", ...words] = line.split(" ")
  if (command === "put") void node.notes.put({ id, text: words.join(" ") }).then(() => tell({ word: "written" }))
  else void look()
})
process.on("SIGTERM", () => void node.close().then(() => process.exit(0)))
tell({ word: "ready" })
