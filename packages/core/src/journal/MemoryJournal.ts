/**
 * A journal in memory: the reference for the contract and the store of the simulation. Its rows outlive the service,
 * so a simulated crash loses exactly what a real one would: calls that were not yet confirmed.
 */
import { Clock, Effect, Layer, PubSub, Semaphore, Stream } from "effect"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import { type HeldKeys, KeyRing } from "../crypto/KeyRing.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import { EntityChanged, EntityInvalid, EntityNotFound, SpaceLocked, WriteError } from "../model/WriteError.ts"
import * as ChangeReads from "./ChangeReads.ts"
import * as DeleteReversal from "./DeleteReversal.ts"
import { DeleteWatch } from "./DeleteWatch.ts"
import * as EntityRead from "./EntityRead.ts"
import * as HistoryReads from "./HistoryReads.ts"
import { Journal, type JournalChange, type JournalShape } from "./Journal.ts"
import { JournalError } from "./JournalError.ts"
import * as JournalReads from "./JournalReads.ts"
import * as JournalReceiver from "./JournalReceiver.ts"
import * as JournalWriter from "./JournalWriter.ts"
import { MemoryTables } from "./MemoryTables.ts"
import type { ReaderContext } from "./OpenedCommits.ts"
import { entryOf } from "./Quarantine.ts"
import * as Purge from "./Purge.ts"
import * as Receipts from "./Receipts.ts"
import * as SealLook from "./SealLook.ts"
import * as Unlocking from "./Unlocking.ts"
import * as Withdrawal from "./Withdrawal.ts"

export interface MemoryJournalOptions {
  readonly space: SpaceId
  /** Rows of an earlier run to go on with; fresh ones otherwise. */
  readonly tables?: MemoryTables
  /** How long a confirmed write takes, to leave room for a crash in between. */
  readonly commitDelayMs?: number
  /** Fails on purpose; a simulation's way to be a disk. */
  readonly disk?: MemoryDisk
  /** Commits of fewer bytes are sent in parts where that is exact; production's bound otherwise. */
  readonly wholeBytesMin?: number | undefined
  /** The keys to begin with. */
  readonly held?: HeldKeys | undefined
}

/** What may go wrong with the transactions of a journal in memory. */
export interface MemoryDisk {
  /** Runs before each; what it fails with is the caller's, and nothing is written. */
  readonly beforeWrite: Effect.Effect<void, JournalError>
  /** Called before each row; throwing a `JournalError` undoes the transaction and fails it. */
  readonly beforeRow: () => void
  /** Runs when the rows are kept and nobody has heard of it yet. */
  readonly afterWrite: Effect.Effect<void, JournalError>
}

const reliableDisk: MemoryDisk = {
  beforeWrite: Effect.void,
  beforeRow: () => undefined,
  afterWrite: Effect.void
}

/** Changes that a slow subscriber of `changes` may lag behind. */
const changesMax = 1024

/** Makes the journal of one node. */
export const make = Effect.fnUntraced(function* (options: MemoryJournalOptions) {
  const crypto = yield* Crypto
  const compression = yield* Compression
  const signer = yield* DeviceKey
  const { space } = options
  const tables = options.tables ?? new MemoryTables(crypto.sha256, space, JournalWriter.newIncarnation(crypto))
  const deleteWatch = new DeleteWatch()
  const keys = new KeyRing(space, options.held)
  const context: JournalWriter.WriterContext = { tables, crypto, compression, signer, space, deleteWatch, keys }
  const reader: ReaderContext = { rows: tables, crypto, compression, keys, wholeBytesMin: options.wholeBytesMin }
  const { changes, transaction } = yield* makeTransactions(options, tables)
  tables.transact(() => Unlocking.noteNewest(context))

  const journal: JournalShape = {
    get info() {
      return { space, author: JournalWriter.authorOf(context), incarnation: tables.identity().incarnation }
    },
    write: (entityChanges, group) =>
      transaction(
        (nowMs) => JournalWriter.write(context, entityChanges, nowMs, group),
        ({ commits, entities, head }) => (commits.length > 0 ? { head, source: undefined, entities } : undefined)
      ).pipe(
        Effect.catchDefect((defect) =>
          isRefusal(defect) ? Effect.fail(new WriteError({ reason: defect })) : Effect.die(defect)
        )
      ),
    receive: (batch) =>
      transaction(
        (nowMs) => JournalReceiver.receive(context, batch, nowMs),
        (outcome) =>
          outcome.applied > 0 ? { head: outcome.head, source: batch.peer, entities: outcome.entities } : undefined
      ),
    ...quarantineWrites(context, tables, transaction),
    purge: (partition, why) =>
      Purge.whole(
        transaction(
          (nowMs) => Purge.step(context, partition, why, nowMs),
          ({ entities }) => (entities.length > 0 ? { head: tables.head(), source: undefined, entities } : undefined)
        )
      ),
    renew: transaction(
      () => JournalReceiver.renew(context),
      () => undefined
    ),
    setCursor: (peer, incarnation, cursor) =>
      transaction(
        () => tables.setPeer({ ...tables.peerOf(peer, incarnation), cursor }),
        () => undefined
      ),
    disown: (peers) =>
      transaction(
        () => Withdrawal.disown(context, peers),
        () => undefined
      ),
    keys,
    hold: (held) => Effect.sync(() => keys.hold(held)),
    unlock: Unlocking.whole((after) =>
      transaction(
        (nowMs) => Unlocking.step(context, after, nowMs),
        ({ entities }) => (entities.length > 0 ? { head: tables.head(), source: undefined, entities } : undefined)
      )
    ),
    ...readsOf(reader, tables),
    changes: Stream.fromPubSub(changes)
  }
  return journal
})

const isRefusal = (defect: unknown): defect is EntityInvalid | EntityNotFound | EntityChanged | SpaceLocked =>
  [EntityInvalid, EntityNotFound, EntityChanged, SpaceLocked].some((refusal) => defect instanceof refusal)

/** Carries out one transaction and tells subscribers of the change. */
type Transaction = <A>(
  body: (nowMs: number) => A,
  change: (result: A) => JournalChange | undefined
) => Effect.Effect<A, JournalError>

/** What takes commits in and out of the quarantine. */
const quarantineWrites = (
  context: JournalWriter.WriterContext,
  tables: MemoryTables,
  transaction: Transaction
): Pick<JournalShape, "release" | "revertDeletes" | "discard" | "settle"> => {
  const changeOf = ({ entities }: { readonly entities: JournalChange["entities"] }): JournalChange | undefined =>
    entities.length > 0 ? { head: tables.head(), source: undefined, entities } : undefined
  const rowsOf = (ids: ReadonlyArray<string>) => [...new Set(ids)].flatMap((id) => tables.quarantineRow(id) ?? [])

  return {
    release: (ids, deleteLimits, strangers) =>
      transaction(
        (nowMs) => JournalReceiver.release(context, rowsOf(ids), nowMs, { deleteLimits, strangers }),
        changeOf
      ),
    revertDeletes: (ids) => transaction((nowMs) => DeleteReversal.revertDeletes(context, rowsOf(ids), nowMs), changeOf),
    discard: (ids) =>
      transaction(
        () => {
          const rows = rowsOf(ids)
          for (const { id } of rows) tables.removeQuarantine(id)
          return rows.map(entryOf)
        },
        () => undefined
      ),
    settle: (settlement) => transaction((nowMs) => Withdrawal.settle(context, settlement, nowMs), changeOf)
  }
}

/** One writer at a time; what it changed is told when it is kept. */
const makeTransactions = Effect.fnUntraced(function* (options: MemoryJournalOptions, tables: MemoryTables) {
  const { commitDelayMs = 0, disk = reliableDisk } = options
  const changes = yield* PubSub.sliding<JournalChange>(changesMax)
  const writer = yield* Semaphore.make(1)
  const transaction: Transaction = (body, change) =>
    Effect.gen(function* () {
      if (commitDelayMs > 0) yield* Effect.sleep(commitDelayMs)
      yield* disk.beforeWrite
      const nowMs = yield* Clock.currentTimeMillis
      const result = tables.transact(() => body(nowMs), disk.beforeRow)
      yield* disk.afterWrite
      const published = change(result)
      if (published !== undefined) yield* PubSub.publish(changes, published)
      return result
    }).pipe(
      Effect.catchDefect((defect) => (defect instanceof JournalError ? Effect.fail(defect) : Effect.die(defect))),
      writer.withPermits(1)
    )
  return { changes, transaction }
})

/** What only reads. */
const readsOf = (
  reader: ReaderContext,
  tables: MemoryTables
): Omit<
  JournalShape,
  | "info"
  | "write"
  | "receive"
  | "purge"
  | "release"
  | "revertDeletes"
  | "discard"
  | "renew"
  | "setCursor"
  | "disown"
  | "settle"
  | "changes"
  | "keys"
  | "hold"
  | "unlock"
> => ({
  lockedCount: Effect.sync(() => tables.lockedCount()),
  bytesHeld: Effect.sync(() => tables.bytesHeld()),
  lockedKeys: Effect.sync(() => tables.lockedKeys()),
  hasSealed: Effect.sync(() => tables.hasSealed()),
  sealLook: Effect.sync(() => SealLook.at(tables, reader.keys)),
  quarantine: ({ after, limit, reason }) => Effect.sync(() => tables.quarantine(after, limit, reason)),
  quarantined: (id) => Effect.sync(() => tables.quarantineRow(id)),
  quarantineCounts: Effect.sync(() => tables.quarantineCounts()),
  receipts: (after, limit, status) => Effect.sync(() => Receipts.list(tables, reader.crypto, after, limit, status)),
  receipt: (commit) =>
    Receipts.find((before) => Effect.sync(() => Receipts.seek(tables, reader.crypto, commit, before))),
  peer: (peer, incarnation) => Effect.sync(() => tables.peer(peer, incarnation)),
  head: Effect.sync(() => tables.head()),
  lastTime: Effect.sync(() => tables.lastTime()),
  custodians: Effect.sync(() => tables.custodians().map(({ peer }) => peer)),
  partitions: Effect.sync(() => ({ head: tables.head(), rows: [...tables.partitions()] })),
  held: Effect.sync(() => JournalReads.held(tables)),
  feed: (after, exclude, bytesMax, incarnation) =>
    Effect.sync(() => JournalReads.feed(tables, after, exclude, bytesMax, incarnation)),
  changesAfter: (after, limit) => Effect.sync(() => ChangeReads.changesAfter(reader, after, limit)),
  children: (hash, prefix) => Effect.sync(() => JournalReads.children(tables, hash, prefix)),
  items: (hash, prefix, limit) => Effect.sync(() => JournalReads.items(tables, hash, prefix, limit)),
  clocks: (keys) => Effect.sync(() => JournalReads.clocks(tables, keys)),
  eventsBeyond: (clocks, bytesMax) => Effect.sync(() => JournalReads.eventsBeyond(reader, clocks, bytesMax)),
  get: (type, id) => Effect.sync(() => EntityRead.get(tables, reader.crypto.sha256, type, id)),
  liveOf: (type, id, sees) => Effect.sync(() => EntityRead.liveOf(tables, reader.crypto.sha256, type, id, sees)),
  query: (query) => Effect.sync(() => EntityRead.queryInMemory(tables, tables.entitiesOfType(query.type), query)),
  liveCounts: Effect.sync(() => JournalReads.liveCounts(tables)),
  count: (type) => Effect.sync(() => tables.entitiesOfType(type).filter((row) => !row.isDeleted).length),
  scan: (after, limit) => Effect.sync(() => EntityRead.scan(tables, after, limit)),
  ...HistoryReads.make({
    ...reader,
    read: (body) => Effect.sync(body),
    lastTime: tables.lastTime,
    query: (query) => EntityRead.queryInMemory(tables, tables.entitiesOfType(query.type), query)
  })
})

/** The journal as a layer. */
export const layer = (options: MemoryJournalOptions) => Layer.effect(Journal, make(options))
