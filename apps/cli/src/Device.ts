/**
 * A data folder as layers: for reading only, which works beside another process; for writing; and with the network.
 * Composition only. A hub's folder, which has no `device.json`, takes its space from its journal.
 */
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import {
  Author,
  type AutoSyncMode,
  type Crypto,
  type DeviceKey,
  Gate,
  Journal,
  JournalError,
  type Mailbox,
  MailboxRegistry,
  Orchestrator,
  PeerId,
  QuarantineDesk,
  Records,
  type SpaceId,
  SpaceKeys,
  type Transport
} from "@syncline/core"
import {
  DataFolder,
  DeviceKeyFile,
  NodeCompression,
  NodeCrypto,
  NodeTransports,
  SqliteAudit,
  SqliteCharter,
  SqliteJournal,
  SqliteMailbox,
  TrustFile
} from "@syncline/node"
import { enterprise, personal } from "@syncline/policy"
import { Effect, Layer, References } from "effect"
import { because, type CliError, DeviceMissing } from "./CliError.ts"
import * as DeviceFile from "./DeviceFile.ts"
import * as FolderKey from "./FolderKey.ts"
import * as HubAddress from "./HubAddress.ts"
import * as SpaceSecret from "./SpaceSecret.ts"

/** Journal and Crypto of a folder that anybody may be working on. */
export const layerReading = (folder: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      if (!hasJournal(folder)) return yield* because(new DeviceMissing({ folder }))
      return Layer.merge(Layer.effect(Journal.Journal, reading(folder)), NodeCrypto.layer)
    })
  )

/** With the keys of a sealed space, as far as the folder has them. */
const reading = Effect.fnUntraced(function* (folder: string) {
  const { info } = yield* Effect.scoped(SqliteJournal.openReadOnly({ folder }))
  const held = yield* SpaceSecret.forReading(folder, info.space)
  return yield* SqliteJournal.openReadOnly({ folder, held })
})

/** Records and Journal of a folder that nobody else works on. */
export const layerWriting = (folder: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const space = yield* spaceOf(folder)
      return layerOf(folder, space, yield* policyOf(folder, space, personal({ trusted: [] })))
    })
  )

/** A desk that only shows, of a folder that anybody may be working on. */
export const layerLooking = (folder: string) =>
  QuarantineDesk.QuarantineDesk.layer.pipe(
    Layer.provide(Layer.mergeAll(layerReading(folder), NodeCompression.layer, Gate.Gate.layerClosed))
  )

/** A desk that decides, of a folder that nobody else works on; it asks the charter, or trusts whom the folder's list names. */
export const layerDeciding = (folder: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const space = yield* spaceOf(folder)
      const policy = yield* policyOf(folder, space, trusting(folder))
      return Layer.merge(
        QuarantineDesk.QuarantineDesk.layer.pipe(Layer.provide(layerOf(folder, space, policy))),
        // What was decided is the command's result; it need not be told twice.
        Layer.succeed(References.MinimumLogLevel, "Warn")
      )
    })
  )

/** The ways by which a device meets others. */
export interface Ways {
  readonly hub: { readonly address: string; readonly peer: string } | undefined
  readonly mailboxes: ReadonlyArray<Mailbox.Mailbox>
  /** Meets devices directly, and listens for them. */
  readonly direct?: DeviceFile.Direct | undefined
  /** Whether it syncs all the time, which it does where nothing is said. */
  readonly autoSync?: AutoSyncMode.AutoSyncMode
}

/** Records and Journal with an orchestrator that goes to the hub, looks into the mailboxes, and listens where it meets devices directly. */
export const layerOnline = (folder: string, { autoSync = "live", direct, hub, mailboxes }: Ways) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const space = yield* spaceOf(folder)
      const policy = yield* policyOf(folder, space, trusting(folder))
      const routes =
        hub === undefined
          ? []
          : [{ address: HubAddress.deviceAddress(hub.address), peer: PeerId.is(hub.peer) ? hub.peer : undefined }]
      const transports = yield* transportsOf(hub !== undefined, direct)
      return Orchestrator.Orchestrator.layer({ autoSync, listens: direct !== undefined, routes }).pipe(
        // The journal holds the folder's lock, which the mailboxes' file is under, too.
        Layer.provide(
          mailboxes.length === 0
            ? Layer.empty
            : MailboxRegistry.MailboxRegistry.layer(mailboxes).pipe(Layer.provide(SqliteMailbox.layer(folder)))
        ),
        Layer.provide(NodeTransports.layer(transports, routes)),
        Layer.provideMerge(layerOf(folder, space, policy))
      )
    })
  )

/** Who goes to no hub, or meets nobody directly, need not load what that takes. */
const transportsOf = Effect.fnUntraced(function* (hasHub: boolean, direct: DeviceFile.Direct | undefined) {
  const plugins: Array<Transport.TransportPlugin> = []
  if (hasHub) plugins.push((yield* Effect.promise(() => import("@syncline/transport-socketio"))).socketIo({}))
  if (direct !== undefined)
    plugins.push((yield* Effect.promise(() => import("@syncline/transport-libp2p"))).libp2p(direct))
  return plugins
})

/** Makes the folder's journal, so that it can be read from now on. */
export const establish = (folder: string, space: SpaceId.SpaceId) =>
  hasJournal(folder)
    ? Effect.asVoid(Effect.scoped(SqliteJournal.openReadOnly({ folder, space })))
    : SqliteJournal.make({ folder, space }).pipe(Effect.provide(FolderKey.layer(folder)), Effect.scoped, Effect.asVoid)

/** True when the folder holds a journal, a device's or a hub's. */
export const hasJournal = (folder: string): boolean => existsSync(DataFolder.journalFile(folder))

/** True when the folder holds a device's key; a copy of a journal alone has none. */
export const hasKey = (folder: string): boolean => existsSync(DeviceKeyFile.keyFile(folder))

/** The folder's own PeerId, which its journal must be of; never makes a key. */
export const peerOf = Effect.fnUntraced(function* (folder: string) {
  if (!hasKey(folder)) return yield* because(new DeviceMissing({ folder }))
  const { peer } = DeviceKeyFile.deviceKey(yield* FolderKey.load(folder))
  if (!hasJournal(folder)) return peer
  const { info } = yield* Effect.scoped(SqliteJournal.openReadOnly({ folder }))
  const owner = Author.peer(info.author)
  if (owner === peer) return peer
  // What every command that writes says of such a folder.
  const problem = `it is the journal of the device ${owner}, not ${peer}`
  return yield* new JournalError.JournalError({
    reason: new JournalError.StoreForeign({ path: resolve(folder), problem })
  })
})

/** The folder's own key, to sign with; never makes one. */
export const keyOf = Effect.fnUntraced(function* (folder: string) {
  yield* peerOf(folder)
  return DeviceKeyFile.deviceKey(yield* FolderKey.load(folder))
})

/** The folder's space: its device's, or its journal's. */
export const spaceOf = Effect.fnUntraced(function* (folder: string) {
  const device = yield* DeviceFile.read(folder)
  // The pattern in the file's schema is that of a SpaceId.
  if (device !== undefined) return device.space as SpaceId.SpaceId
  if (!hasJournal(folder)) return yield* because(new DeviceMissing({ folder }))
  const { info } = yield* Effect.scoped(SqliteJournal.openReadOnly({ folder }))
  return info.space
})

/** The policy of the folder's list of trusted peers. */
const trusting = (folder: string) =>
  Layer.unwrap(Effect.map(TrustFile.watch(folder), (trusted) => personal({ trusted })))

/** True where a charter says who may do what: of a team's device, and of any folder that holds one already. */
export const isChartered = (folder: string, device: DeviceFile.Device | undefined): boolean =>
  device?.policy === "enterprise" || existsSync(SqliteCharter.charterFile(folder))

/** The charter's policy where there is a charter, else the other one. */
const policyOf = Effect.fnUntraced(function* <E>(
  folder: string,
  space: SpaceId.SpaceId,
  otherwise: Layer.Layer<Gate.Gate, E>
): Effect.fn.Return<
  Layer.Layer<Gate.Gate, E | JournalError.JournalError, Crypto.Crypto | DeviceKey.DeviceKey>,
  CliError
> {
  const device = yield* DeviceFile.read(folder)
  if (!isChartered(folder, device)) return otherwise
  const hub = device?.hub?.peer
  return enterprise({ introducer: PeerId.is(hub) ? hub : undefined })(space).pipe(
    Layer.provide(SqliteCharter.layer(folder))
  )
})

const layerOf = <E, R>(folder: string, space: SpaceId.SpaceId, policy: Layer.Layer<Gate.Gate, E, R>) =>
  Records.Records.layer.pipe(
    // Before anything is written: the journal has its keys then.
    Layer.provideMerge(SpaceKeys.layer),
    Layer.provideMerge(policy),
    // Before the policy: it holds the folder's lock, which the files of the charter and the audit are under, too.
    Layer.provideMerge(SqliteAudit.layer(folder)),
    Layer.provideMerge(
      Layer.unwrap(
        Effect.map(SpaceSecret.keysOf(folder, space), (held) => SqliteJournal.layer({ folder, space, held }))
      )
    ),
    Layer.provideMerge(Layer.mergeAll(NodeCrypto.layer, NodeCompression.layer, FolderKey.layer(folder)))
  )
