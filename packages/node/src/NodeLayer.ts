/**
 * A whole node on this platform as one layer: the data folder's key and journal, the given policy and transports, and
 * core's services on top. Composition only; nothing is dialled or listened to before the command `Start`.
 */
import {
  type AuditStore,
  type Charter,
  type CharterStore,
  type Compression,
  type Crypto,
  DeleteWatch,
  type DeviceKey,
  type FileSeal,
  type Gate,
  type Journal,
  type JournalError,
  type Mailbox,
  MailboxRegistry,
  Orchestrator,
  type QuarantineDesk,
  Records,
  SpaceId,
  SpaceKeys,
  type Transport,
  type TransportRegistry
} from "@syncline/core"
import { Effect, Layer, type Redacted } from "effect"
import type { DeviceKeyError } from "./DeviceKeyError.ts"
import * as DeviceKeyFile from "./DeviceKeyFile.ts"
import type * as JournalThread from "./JournalThread.ts"
import * as PeerList from "./discovery/PeerList.ts"
import * as NodeCompression from "./NodeCompression.ts"
import * as NodeCrypto from "./NodeCrypto.ts"
import * as NodeTransports from "./NodeTransports.ts"
import * as SpacePassphrase from "./SpacePassphrase.ts"
import * as SqliteAudit from "./SqliteAudit.ts"
import * as SqliteCharter from "./SqliteCharter.ts"
import * as SqliteMailbox from "./SqliteMailbox.ts"
import * as SqliteJournal from "./SqliteJournal.ts"

/** What core's orchestrator takes beside what this package decides. */
type Tuning = NonNullable<Parameters<typeof Orchestrator.Orchestrator.layer>[0]>

/** A policy whose rules stand in the charter of the space, e.g. `enterprise()`; the node keeps the charter for it. */
export type CharteredPolicy<E = never> = (
  space: SpaceId.SpaceId
) => Layer.Layer<Gate.Gate | Charter.Charter, E, CharterStore.CharterStore | Crypto.Crypto | DeviceKey.DeviceKey>

export interface NodeLayerOptions<E = never> extends Pick<
  Tuning,
  "aheadMsMax" | "autoSync" | "timing" | "retryMsMin" | "retryMsMax" | "roads"
> {
  /** The data folder; it is made when it is missing. */
  readonly folder: string
  /** What opens the device's key, where it is under a passphrase. */
  readonly passphrase?: Redacted.Redacted<string> | undefined
  /** The name that all devices of the space agree on. */
  readonly space: string
  /**
   * What seals the contents of a space without a charter, 8 to 1,024 characters, the same on every device that is to read
   * them; of several the last one seals, and the others open what was sealed before.
   */
  readonly spacePassphrases?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  /** Made by their factories; some of them get this device's key, and are told whom the policy admits. */
  readonly transports: ReadonlyArray<Transport.TransportPlugin>
  readonly routes: NonNullable<Tuning["routes"]>
  /** Places that store and forward, used while links do not reach somebody; made by their factories. */
  readonly mailboxes?: ReadonlyArray<Mailbox.Mailbox> | undefined
  /** Addresses of lists of peers, at most 8, as `PeerList` reads them: what they name is dialled behind `routes`. */
  readonly peerLists?: ReadonlyArray<string> | undefined
  /**
   * Routes that are dialled or linked at a time, 1 to 256; the others take turns. 3 where the policy asks no charter, as personal
   * devices have it, else 256.
   */
  readonly dialledMax?: number | undefined
  /** Accept links on every transport that can listen; default true. */
  readonly listens?: boolean
  /**
   * Deletes of one device that are more than this wait for a person. Absent ones have their default: `recordsMax` 1,000
   * records (1 to 1,000,000) or, from `shareFrom` 20 deletes on (1 to 1,000,000), the share `shareMax` 0.2 of a type (0
   * to 1), within `windowMs` 60,000 milliseconds (1,000 to 86,400,000) in which they arrive.
   */
  readonly deleteLimits?: Partial<DeleteWatch.DeleteLimits>
  readonly policy: Layer.Layer<Gate.Gate, E> | CharteredPolicy<E>
  /** A journal's thread that was started ahead of time, to be taken over. */
  readonly thread?: JournalThread.JournalThread | undefined
}

/** The space of a name, as every node computes it. */
export const spaceOf = (name: string): SpaceId.SpaceId => SpaceId.fromName(NodeCrypto.functions.sha256, name)

/** Everything that runs a node; whoever provides it sends `Start`. */
export type NodeServices =
  | Orchestrator.Orchestrator
  | Records.Records
  | QuarantineDesk.QuarantineDesk
  | SpaceKeys.SpaceKeys
  | Journal.Journal
  | Gate.Gate
  | AuditStore.AuditStore
  | Crypto.Crypto
  | Compression.Compression
  | DeviceKey.DeviceKey
  | FileSeal.FileSeal
  | TransportRegistry.TransportRegistry

/** Throws a `RangeError` for delete limits, places, lists and an auto-sync out of bounds, and for passphrases of a space whose charter hands out keys. */
export const nodeLayer = <E = never>(
  options: NodeLayerOptions<E>
): Layer.Layer<NodeServices, JournalError.JournalError | DeviceKeyError | E> => {
  const { deleteLimits: given = {}, folder, passphrase, policy, space, spacePassphrases, ...more } = options
  const { dialledMax, mailboxes = [], peerLists = [], thread, transports, ...tuning } = more
  const deleteLimits = DeleteWatch.deleteLimitsOf(given)
  const spaceId = spaceOf(space)
  if (typeof policy === "function" && spacePassphrases !== undefined && spacePassphrases.length > 0) {
    throw new RangeError(
      "a space with a charter takes its keys from there; it is sealed by `syncline seal` and has no passphrase"
    )
  }
  const rules = typeof policy === "function" ? policy(spaceId).pipe(Layer.provide(SqliteCharter.layer(folder))) : policy
  const routeLists = peerLists.map((url) => PeerList.routeList(url))
  const orchestrator = Orchestrator.Orchestrator.layer({
    ...tuning,
    ...placesOf(policy, dialledMax),
    deleteLimits,
    routeLists
  })
  return Layer.mergeAll(withMailboxes(orchestrator, folder, mailboxes), Records.Records.layer).pipe(
    // Before anything is written: the journal has its keys then.
    Layer.provideMerge(SpaceKeys.layer),
    // They are told whom the rules admit.
    Layer.provideMerge(NodeTransports.layer(transports, tuning.routes)),
    Layer.provideMerge(rules),
    Layer.provideMerge(SqliteAudit.layer(folder)),
    // Before the rules: it holds the folder's lock, which the files of the charter and the audit are under, too.
    Layer.provideMerge(journalLayer({ folder, space: spaceId, thread }, spacePassphrases ?? [])),
    Layer.provideMerge(Layer.mergeAll(NodeCrypto.layer, NodeCompression.layer, DeviceKeyFile.layer(folder, passphrase)))
  )
}

/** Routes that personal devices dial at a time; source: iSync's `max_peers`. */
const personalDialledMax = 3

const placesOf = (policy: unknown, dialledMax: number | undefined): Partial<Pick<Tuning, "dialledMax">> => {
  if (dialledMax !== undefined) return { dialledMax }
  return typeof policy === "function" ? {} : { dialledMax: personalDialledMax }
}

/** An orchestrator that knows these mailboxes. Without any no file is made for them. */
const withMailboxes = <A, E, R>(
  orchestrator: Layer.Layer<A, E, R>,
  folder: string,
  mailboxes: ReadonlyArray<Mailbox.Mailbox>
) =>
  mailboxes.length === 0
    ? orchestrator
    : orchestrator.pipe(
        Layer.provide(MailboxRegistry.MailboxRegistry.layer(mailboxes)),
        Layer.provide(SqliteMailbox.layer(folder))
      )

/** A journal that begins with the keys of the passphrases. */
const journalLayer = (
  options: SqliteJournal.SqliteJournalOptions,
  passphrases: ReadonlyArray<Redacted.Redacted<string>>
) =>
  Layer.unwrap(
    Effect.map(SpacePassphrase.keysOf(options.space, passphrases), (held) => SqliteJournal.layer({ ...options, held }))
  )
