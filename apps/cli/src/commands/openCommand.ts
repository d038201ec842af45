/**
 * `syncline open`: what a file of a mailbox holds, with this device's key and the keys of the space that it has. It takes nothing in.
 */
import { open, stat } from "node:fs/promises"
import { basename, dirname, resolve } from "node:path"
import { FileSeal, Journal, KeyRing, Mailbox, MailboxContents, MailboxName, PeerId, type SpaceId } from "@syncline/core"
import { DeviceKeyFile, NodeCompression, NodeCrypto, TrustFile } from "@syncline/node"
import { Effect, Redacted } from "effect"
import { because, DeviceMissing, InputUnreadable } from "../CliError.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import * as FolderKey from "../FolderKey.ts"
import * as MailboxText from "../MailboxText.ts"
import { Output } from "../Output.ts"
import { FileClosed, FileForeign } from "../RoadError.ts"

export interface OpenInput {
  readonly data: string
  readonly file: string
}

export const run = Effect.fnUntraced(function* ({ data, file }: OpenInput) {
  const output = yield* Output
  if (!Device.hasKey(data)) return yield* because(new DeviceMissing({ folder: data }))
  const bytes = yield* read(file)
  const seed = yield* FolderKey.load(data)
  const opened = yield* FileSeal.ofSeed(Redacted.value(seed)).open(bytes)
  if (opened === undefined) return yield* because(new FileClosed({ file }))
  const keys = yield* keysOf(data)
  const { functions: crypto } = NodeCrypto
  const holds = MailboxContents.read({ crypto, compression: NodeCompression.functions, keysOf: keys }, opened)
  if (typeof holds === "string") return yield* because(new FileForeign({ file, problem: holds }))
  const peers = [DeviceKeyFile.deviceKey(seed).peer, ...(yield* known(data))]
  const authors = holds.kind === "head" ? [holds.head.peer] : holds.commits.map(({ author }) => author)
  const facts: MailboxText.Facts = {
    file: resolve(file),
    bytes: bytes.length,
    isAsNamed: isAsNamed(file, bytes),
    owner: ownerOf(file, holds.kind === "head" ? holds.head.space : holds.space, [...authors, ...peers])
  }
  yield* output.result(MailboxText.document(facts, holds), MailboxText.page(facts, holds))
})

/** More than a mailbox carries is not read. */
const read = Effect.fnUntraced(function* (file: string) {
  const unreadable = (problem: string) => because(new InputUnreadable({ file, problem }))
  return yield* Effect.tryPromise({
    try: async () => {
      const { size } = await stat(file)
      if (size > Mailbox.fileBytesMax)
        throw new Error(`it has ${size} bytes, and a mailbox carries ${Mailbox.fileBytesMax}`)
      const handle = await open(file)
      try {
        return new Uint8Array(await handle.readFile())
      } finally {
        await handle.close()
      }
    },
    catch: (error) => unreadable(error instanceof Error ? error.message : String(error))
  })
})

/** The keys of the folder's own space; of another one it has none. */
const keysOf = Effect.fnUntraced(function* (data: string) {
  if (!Device.hasJournal(data)) return () => KeyRing.blind
  const held = yield* Effect.provide(
    Journal.Journal.useSync(({ info, keys }) => ({ keys, space: info.space })),
    Device.layerReading(data)
  )
  return (space: SpaceId.SpaceId) => (space === held.space ? held.keys : KeyRing.blind)
})

/** Devices that this one knows by name. */
const known = Effect.fnUntraced(function* (data: string) {
  const device = yield* DeviceFile.read(data)
  const trusted = [...(yield* TrustFile.read(data))]
  return device?.hub === undefined ? trusted : [...trusted, device.hub.peer as PeerId.PeerId]
})

/** Whether the content is what the name says; `undefined` for a name that says nothing. */
const isAsNamed = (file: string, bytes: Uint8Array): boolean | undefined => {
  const name = MailboxName.parse(basename(file))
  return name === undefined ? undefined : name.hash === MailboxName.hashOf(NodeCrypto.functions.sha256, bytes)
}

/** Whose directory the file lies in, of these. */
const ownerOf = (
  file: string,
  space: SpaceId.SpaceId,
  peers: ReadonlyArray<PeerId.PeerId>
): PeerId.PeerId | undefined => {
  const tag = basename(dirname(resolve(file)))
  return peers.find((peer) => PeerId.is(peer) && MailboxName.ownerTag(NodeCrypto.functions.sha256, space, peer) === tag)
}
