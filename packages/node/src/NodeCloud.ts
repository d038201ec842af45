/**
 * A mailbox as a storage with promises, for programs that do not use Effect: core's `CloudStorage` on the node's own journal and
 * data folder. It adds no behaviour.
 */
import {
  CloudStorage,
  type Compression,
  type Crypto,
  DeleteWatch,
  type DeviceKey,
  type FileSeal,
  type Gate,
  type Journal,
  type JournalError,
  type Mailbox,
  type MailboxError,
  type MailboxSync
} from "@syncline/core"
import { Effect, Exit, Layer, Scope } from "effect"
import * as SqliteMailbox from "./SqliteMailbox.ts"

export interface NodeCloud {
  /** Leaves in the mailbox what others lack; true when something was written. */
  readonly uploadEvents: () => Promise<boolean>
  /**
   * Takes in what others left and gives what came into the journal since, every commit of others once: about 512 KiB; ask again
   * with `next` until `isEnd`. Without a cursor from the beginning. Rejects with a `MailboxError` or `JournalError`.
   */
  readonly downloadEvents: (since?: string | null) => Promise<CloudStorage.Downloaded>
  /** Other devices that left something there for this one. */
  readonly listPeers: () => Promise<ReadonlyArray<MailboxSync.MailboxPeer>>
  /** Leaves the mailbox, so that another one may open it. */
  readonly close: () => Promise<void>
}

type CloudServices =
  | Journal.Journal
  | Gate.Gate
  | Crypto.Crypto
  | Compression.Compression
  | DeviceKey.DeviceKey
  | FileSeal.FileSeal

interface CloudOptions {
  readonly mailbox: Mailbox.Mailbox
  readonly folder: string
  readonly aheadMsMax?: number
  readonly deleteLimits?: Partial<DeleteWatch.DeleteLimits>
}

/** Opens a storage until it is closed, or the scope is. */
export const open = (
  options: CloudOptions,
  clouds: Scope.Scope
): Effect.Effect<NodeCloud, JournalError.JournalError | MailboxError.MailboxError, CloudServices> =>
  opened(options, clouds)

const opened = Effect.fnUntraced(function* (options: CloudOptions, clouds: Scope.Scope) {
  const scope = yield* Scope.fork(clouds)
  const { aheadMsMax, folder, mailbox } = options
  const deleteLimits = DeleteWatch.deleteLimitsOf(options.deleteLimits ?? {})
  const services = yield* Effect.context<CloudServices>()
  const made = Effect.gen(function* () {
    const store = yield* Layer.build(SqliteMailbox.layer(folder))
    return yield* CloudStorage.open({ mailbox, aheadMsMax, deleteLimits }).pipe(Effect.provide(store))
  })
  const storage = yield* made.pipe(
    Scope.provide(scope),
    Effect.onError(() => Scope.close(scope, Exit.void))
  )
  const run = Effect.runPromiseWith(services)
  const cloud: NodeCloud = {
    uploadEvents: () => run(storage.uploadEvents),
    downloadEvents: (since = null) => run(storage.downloadEvents(since)),
    listPeers: () => run(storage.listPeers),
    close: () => run(Scope.close(scope, Exit.void))
  }
  return cloud
})
