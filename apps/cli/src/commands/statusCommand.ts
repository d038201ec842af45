/**
 * `syncline status`: what a data folder is and holds, and how its device met others last. It works beside a running process, also on a
 * hub's own folder.
 */
import { resolve } from "node:path"
import { Author, Journal, Quarantine, type SealLook } from "@syncline/core"
import { RoadMemory, TrustFile } from "@syncline/node"
import { Effect } from "effect"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import { Output } from "../Output.ts"
import * as Progress from "../Progress.ts"
import * as RecordCounts from "../RecordCounts.ts"
import * as SpaceSecret from "../SpaceSecret.ts"
import * as StatusText from "../StatusText.ts"

export const run = Effect.fnUntraced(function* (input: { readonly data: string }) {
  const output = yield* Output
  const device = yield* DeviceFile.read(input.data)
  const trusted = [...(yield* TrustFile.read(input.data))]
  if (Device.hasKey(input.data)) yield* Device.peerOf(input.data)
  const memory = yield* RoadMemory.read(input.data)
  const { seal, ...found } = yield* readSpace(device !== undefined).pipe(
    Effect.provide(Device.layerReading(input.data))
  )
  const isChartered = Device.isChartered(input.data, device)
  const spoilt = yield* SpaceSecret.spoiltIn(input.data, found.space)
  const sealed = sealText({ look: seal.look, locked: found.locked, isGiven: !isChartered && seal.keys > 0 })
  const document = {
    data: resolve(input.data),
    ...found,
    spoiltKeys: spoilt,
    spaceName: device?.spaceName ?? null,
    hub: device?.hub ?? null,
    policy: isChartered ? "enterprise" : "personal",
    schema: device?.schema ?? null,
    trusted,
    roads: StatusText.roads(device, memory)
  }
  const space = device?.spaceName === undefined ? found.space : `${device.spaceName} (${found.space})`
  const lines: ReadonlyArray<readonly [string, string]> = [
    ["Device", found.peer],
    ["Folder", document.data],
    ["Space", space],
    ["Hub", device?.hub === undefined ? "none" : `${device.hub.address} (${device.hub.peer})`],
    ...StatusText.roadLines(document.roads, device?.hub !== undefined),
    ["Trusts", isChartered ? "whom the charter names" : trusted.length === 0 ? "nobody" : trusted.join(", ")],
    ["Records", recordsText(found.records)],
    ["Commits", Progress.count(found.head)],
    // Where there is no hub nobody will ever confirm anything.
    ...(device?.hub === undefined || found.pending === null || found.pending === 0
      ? []
      : [["Pending", pendingText(found.pending)] as const]),
    ...(found.quarantined > 0
      ? [
          [
            "Waiting",
            `${Progress.counted(found.quarantined, "commit")} in quarantine: syncline quarantine list`
          ] as const
        ]
      : []),
    ...(sealed === undefined ? [] : [["Sealed", sealed] as const]),
    ...(spoilt === 0 ? [] : [["Keys", spoiltText(spoilt)] as const])
  ]
  yield* output.result(document, lines.map(([name, value]) => `${`${name}:`.padEnd(11)}${value}`).join("\n"))
})

const readSpace = Effect.fnUntraced(function* (isDevice: boolean) {
  const journal = yield* Journal.Journal
  const head = yield* journal.head
  const records = yield* RecordCounts.byType(journal)
  const { author, space } = journal.info
  const quarantine = yield* journal.quarantineCounts
  const quarantined = Quarantine.waitingOf(quarantine)
  // A hub confirms what others write; what it writes itself waits for nobody.
  const pending = isDevice ? (yield* journal.receipts(0, pendingMax, "deferred")).length : null
  const locked = yield* journal.lockedCount
  const seal = { keys: journal.keys.size, look: yield* journal.sealLook }
  return { peer: Author.peer(author), space, records, head, pending, quarantined, quarantine, locked, seal }
})

/** More of them are not counted. */
const pendingMax = 1_000

const pendingText = (pending: number): string =>
  `${Progress.counted(pending, "commit")}${pending === pendingMax ? " or more" : ""} of this device that no hub has confirmed yet`

interface Sealed {
  readonly look: SealLook.SealLook
  readonly locked: number
  /** The keys are those of passphrases that were given. */
  readonly isGiven: boolean
}

/** What this device cannot read, if anything, and why. */
const sealText = ({ isGiven, locked, look }: Sealed): string | undefined => {
  const compare = `compare the file that ${SpaceSecret.variable} names with those of your other devices`
  if (isGiven && look === "lacking") return `under another passphrase than this device was given; ${compare}`
  if (locked === 0) return undefined
  const commits = Progress.counted(locked, "commit")
  if (!isGiven) return `${commits} that this device has no key for`
  return `${commits} under a passphrase that this device was not given; ${compare}`
}

/** Whoever handed them out sees nothing of it. */
const spoiltText = (keys: number): string =>
  `${Progress.counted(keys, "key")} handed to this device that ${keys === 1 ? "does" : "do"} not open; tell those who manage the team`

const recordsText = (records: Record<string, number>): string => {
  const texts = Object.entries(records).map(([type, count]) => `${Progress.count(count)} ${type}`)
  return texts.length === 0 ? "none" : texts.join(", ")
}
