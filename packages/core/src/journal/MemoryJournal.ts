/**
 * A journal in memory: the reference for the contract and the store of the simulation. Its rows outlive the service,
 * so a simulated crash loses exactly what a real one would: calls that were not yet confirmed.
 */
import { Clock, Effect, Layer, PubSub, Semaphore, Stream } from "effect"
import { Compression } from "../crypto/Compression.ts"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import { EntityInvalid, EntityNotFound, WriteError } from "../model/WriteError.ts"
import * as ChangeReads from "./ChangeReads.ts"
import * as EntityRead from "./EntityRead.ts"
import { Journal, type JournalChange, type JournalShape } from "./Journal.ts"
import * as JournalReads from "./JournalReads.ts"
import * as JournalReceiver from "./JournalReceiver.ts"
import * as JournalWriter from "./JournalWriter.ts"
import { MemoryTables } from "./MemoryTables.ts"
import type { ReaderContext } from "./OpenedCommits.ts"

export interface MemoryJournalOptions {
  readonly space: SpaceId
  /** Rows of an earlier run to go on with; fresh ones otherwise. */
  readonly tables?: MemoryTables
  /** 16 hexadecimal digits; random otherwise. */
  readonly incarnation?: string
  /** How long a confirmed write takes, to leave room for a crash in between. */
  readonly commitDelayMs?: number
}

/** Changes that a slow subscriber of `changes` may lag behind. */
const changesMax = 1024
/** Held commits that one release applies. */
const releaseMax = 256

/** Makes the journal of one node. */
export const make = Effect.fnUntraced(function* (options: MemoryJournalOptions) {
  const crypto = yield* Crypto
  const compression = yield* Compression
  const signer = yield* DeviceKey
  const { space } = options
  const incarnation = options.incarnation ?? Bytes.toHex(crypto.randomBytes(Author.incarnationBytes))
  const author = Author.make(signer.peer, incarnation)
  const tables = options.tables ?? new MemoryTables(crypto.sha256, space)
  const context: JournalWriter.WriterContext = { tables, crypto, compression, signer, space, author }
  const reader: ReaderContext = { rows: tables, crypto, compression }
  const changes = yield* PubSub.sliding<JournalChange>(changesMax)
  const writer = yield* Semaphore.make(1)
  const commitMs = options.commitDelayMs ?? 0

  const transaction = <A>(body: (nowMs: number) => A, change: (result: A) => JournalChange | undefined) =>
    Effect.gen(function* () {
      if (commitMs > 0) yield* Effect.sleep(commitMs)
      const nowMs = yield* Clock.currentTimeMillis
      const result = tables.transact(() => body(nowMs))
      const published = change(result)
      if (published !== undefined) yield* PubSub.publish(changes, published)
      return result
    }).pipe(writer.withPermits(1))

  const journal: JournalShape = {
    info: { space, author, incarnation },
    write: (entityChanges) =>
      transaction(
        (nowMs) => JournalWriter.write(context, entityChanges, nowMs),
        ({ commits, entities, head }) => (commits.length > 0 ? { head, source: undefined, entities } : undefined)
      ).pipe(
        Effect.catchDefect((defect) =>
          defect instanceof EntityInvalid || defect instanceof EntityNotFound
            ? Effect.fail(new WriteError({ reason: defect }))
            : Effect.die(defect)
        )
      ),
    receive: (batch) =>
      transaction(
        (nowMs) => JournalReceiver.receive(context, batch, nowMs),
        (outcome) =>
          outcome.applied > 0 ? { head: outcome.head, source: batch.peer, entities: outcome.entities } : undefined
      ),
    releaseHeld: transaction(
      (nowMs) => JournalReceiver.releaseHeld(context, nowMs, releaseMax),
      ({ entities }) => (entities.length > 0 ? { head: tables.head(), source: undefined, entities } : undefined)
    ).pipe(Effect.map(({ released }) => released)),
    setCursor: (peer, peerIncarnation, cursor) =>
      transaction(
        () => tables.setPeer({ ...tables.peerOf(peer), incarnation: peerIncarnation, cursor }),
        () => undefined
      ),
    setAcknowledged: (peer, lseq) =>
      transaction(
        () => {
          const row = tables.peerOf(peer)
          if (lseq > row.acknowledged) tables.setPeer({ ...row, acknowledged: lseq })
        },
        () => undefined
      ),
    ...readsOf(reader, tables),
    changes: Stream.fromPubSub(changes)
  }
  return journal
})

/** What only reads. */
const readsOf = (
  reader: ReaderContext,
  tables: MemoryTables
): Omit<JournalShape, "info" | "write" | "receive" | "releaseHeld" | "setCursor" | "setAcknowledged" | "changes"> => ({
  heldCount: Effect.sync(() => tables.heldCount()),
  peer: (peer) => Effect.sync(() => tables.peer(peer)),
  head: Effect.sync(() => tables.head()),
  lastTime: Effect.sync(() => tables.lastTime()),
  partitions: Effect.sync(() => ({ head: tables.head(), rows: [...tables.partitions()] })),
  feed: (after, exclude, bytesMax) => Effect.sync(() => JournalReads.feed(tables, after, exclude, bytesMax)),
  changesAfter: (after, limit) => Effect.sync(() => ChangeReads.changesAfter(reader, after, limit)),
  children: (hash, prefix) => Effect.sync(() => JournalReads.children(tables, hash, prefix)),
  items: (hash, prefix, limit) => Effect.sync(() => JournalReads.items(tables, hash, prefix, limit)),
  clocks: (keys) => Effect.sync(() => JournalReads.clocks(tables, keys)),
  eventsBeyond: (clocks, bytesMax) => Effect.sync(() => JournalReads.eventsBeyond(reader, clocks, bytesMax)),
  get: (type, id) => Effect.sync(() => EntityRead.get(tables, reader.crypto.sha256, type, id)),
  query: (query) => Effect.sync(() => EntityRead.queryInMemory(tables, tables.entitiesOfType(query.type), query)),
  count: (type) => Effect.sync(() => tables.entitiesOfType(type).filter((row) => !row.isDeleted).length),
  scan: (after, limit) => Effect.sync(() => EntityRead.scan(tables, after, limit))
})

/** The journal as a layer. */
export const layer = (options: MemoryJournalOptions) => Layer.effect(Journal, make(options))
