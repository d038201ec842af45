/**
 * `syncline id`, `trust`, `status` and `hash`: what a data folder is and holds. They work beside a running process,
 * also on a hub's own folder.
 */
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { Author, Journal, Quarantine, type SealLook, StateHash } from "@syncline/core"
import { DeviceKeyFile, TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { because, DeviceMissing } from "../CliError.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import { command } from "../Invocation.ts"
import { Output } from "../Output.ts"
import * as Progress from "../Progress.ts"
import * as RecordCounts from "../RecordCounts.ts"
import * as SpaceSecret from "../SpaceSecret.ts"

export const id = Effect.fnUntraced(function* (input: { readonly data: string }) {
  const output = yield* Output
  const peer = yield* Device.peerOf(input.data)
  yield* output.result({ peer, data: resolve(input.data) }, peer)
})

export interface TrustInput {
  readonly data: string
  readonly peer: string
  readonly isRemoving: boolean
}

export const trust = Effect.fnUntraced(function* (input: TrustInput) {
  const output = yield* Output
  const { data, isRemoving, peer } = input
  // A typing mistake in --data must not make a new folder with a list that nobody reads.
  if (!existsSync(DeviceKeyFile.keyFile(data))) return yield* because(new DeviceMissing({ folder: data }))
  const isChanged = yield* isRemoving ? TrustFile.remove(data, peer) : TrustFile.add(data, peer)
  const file = TrustFile.trustFile(data)
  const now = isRemoving ? "not trusted any more" : "trusted"
  const text = isChanged
    ? `${peer} is now ${now} by ${file}.`
    : `Nothing changed: ${peer} was ${isRemoving ? "not" : "already"} trusted.`
  yield* output.result({ peer, trusted: !isRemoving, changed: isChanged }, text)
  if (Device.isChartered(data, yield* DeviceFile.read(data))) {
    yield* output.note(`It counts for nothing where a charter says who is let in; there, use: ${command("member add")}`)
  }
})

export const hash = Effect.fnUntraced(function* (input: { readonly data: string }) {
  const output = yield* Output
  const {
    count,
    hash: state,
    space
  } = yield* Effect.gen(function* () {
    const journal = yield* Journal.Journal
    return { ...(yield* StateHash.compute()), space: journal.info.space }
  }).pipe(Effect.provide(Device.layerReading(input.data)))
  yield* output.result({ hash: state, count, space }, `${state}  ${Progress.counted(count, "record")}`)
})

export const status = Effect.fnUntraced(function* (input: { readonly data: string }) {
  const output = yield* Output
  const device = yield* DeviceFile.read(input.data)
  const trusted = [...(yield* TrustFile.read(input.data))]
  if (Device.hasKey(input.data)) yield* Device.peerOf(input.data)
  const { seal, ...found } = yield* readSpace.pipe(Effect.provide(Device.layerReading(input.data)))
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
    trusted
  }
  const space = device?.spaceName === undefined ? found.space : `${device.spaceName} (${found.space})`
  const lines: ReadonlyArray<readonly [string, string]> = [
    ["Device", found.peer],
    ["Folder", document.data],
    ["Space", space],
    ["Hub", device?.hub === undefined ? "none" : `${device.hub.address} (${device.hub.peer})`],
    ["Trusts", isChartered ? "whom the charter names" : trusted.length === 0 ? "nobody" : trusted.join(", ")],
    ["Records", recordsText(found.records)],
    ["Commits", Progress.count(found.head)],
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

const readSpace = Effect.gen(function* () {
  const journal = yield* Journal.Journal
  const head = yield* journal.head
  const records = yield* RecordCounts.byType(journal)
  const { author, space } = journal.info
  const quarantined = Quarantine.waitingOf(yield* journal.quarantineCounts)
  const locked = yield* journal.lockedCount
  const seal = { keys: journal.keys.size, look: yield* journal.sealLook }
  return { peer: Author.peer(author), space, records, head, quarantined, locked, seal }
})

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
