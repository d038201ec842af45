/**
 * The durable journal of one node: core's Journal on a SQLite file. Writes go to a worker thread, which answers when
 * they are durable; reads run here on a connection of their own, each on one state of the file. What rows mean is
 * core's business; this file acquires, wires and translates failures.
 */
import { statSync } from "node:fs"
import { resolve } from "node:path"
import {
  Author,
  Commit,
  ChangeReads,
  DeleteWatch,
  EntityRead,
  type History,
  HistoryReads,
  type HybridTime,
  Journal,
  type JournalError,
  JournalReads,
  KeyRing,
  Limits,
  Occupancy,
  type OpenedCommits,
  Purge,
  Quarantine,
  Receipts,
  SealLook,
  type SpaceId,
  Unlocking,
  type WriteError
} from "@syncline/core"
import { Effect, Layer, PubSub, Redacted, Stream } from "effect"
import * as DataFolder from "./DataFolder.ts"
import { DeviceSeed } from "./DeviceKeyFile.ts"
import type * as JournalThread from "./JournalThread.ts"
import * as LogEmptying from "./LogEmptying.ts"
import * as NodeCompression from "./NodeCompression.ts"
import * as NodeCrypto from "./NodeCrypto.ts"
import * as SqliteConnection from "./SqliteConnection.ts"
import * as SqliteFailure from "./SqliteFailure.ts"
import * as SqliteIdentity from "./SqliteIdentity.ts"
import { cachedStatementsMax, SqliteQuery } from "./SqliteQuery.ts"
import { cachedAuthorsMax, SqliteRows } from "./SqliteRows.ts"
import * as SqliteWriter from "./SqliteWriter.ts"
import * as WriterMessage from "./WriterMessage.ts"

export interface SqliteJournalOptions {
  /** The data folder; it is made when it is missing. */
  readonly folder: string
  readonly space: SpaceId.SpaceId
  /** A thread that was started ahead of time; it is this journal's from now on, whatever becomes of the opening. */
  readonly thread?: JournalThread.JournalThread | undefined
  /** The keys to begin with, in a space that is sealed by a passphrase. None of what is sealed here may lack all of them. */
  readonly held?: KeyRing.HeldKeys | undefined
}

/** Changes that a slow subscriber of `changes` may lag behind. */
const changesMax = 1024

type Reads = Pick<
  Journal.JournalShape,
  | "quarantine"
  | "quarantined"
  | "quarantineCounts"
  | "custodians"
  | "receipts"
  | "receipt"
  | "peer"
  | "head"
  | "lastTime"
  | "partitions"
  | "held"
  | "feed"
  | "changesAfter"
  | "children"
  | "items"
  | "clocks"
  | "eventsBeyond"
  | "get"
  | "liveOf"
  | "query"
  | "count"
  | "liveCounts"
  | "scan"
  | "lockedCount"
  | "bytesHeld"
  | "lockedKeys"
  | "hasSealed"
  | "sealLook"
> &
  History.HistoryReads
type Writes = Pick<
  Journal.JournalShape,
  | "write"
  | "receive"
  | "release"
  | "revertDeletes"
  | "discard"
  | "settle"
  | "purge"
  | "hold"
  | "unlock"
  | "renew"
  | "setCursor"
  | "disown"
>

/** Opens the journal and holds its folder's lock until the scope closes. */
export const make = Effect.fnUntraced(function* (options: SqliteJournalOptions) {
  const { thread } = options
  if (thread !== undefined) yield* Effect.addFinalizer(() => Effect.promise(() => thread.terminate()))
  const seed = yield* DeviceSeed
  const { path } = yield* DataFolder.acquire(options.folder)
  const file = DataFolder.journalFile(path)
  const changes = yield* PubSub.sliding<Journal.JournalChange>(changesMax)
  const keys = new KeyRing.KeyRing(options.space, options.held)
  const settings = { folder: path, file, space: options.space, seed: Redacted.value(seed), held: keys.held }
  let renew = (): void => undefined
  const onDurable: SqliteWriter.OnDurable = (request, result) => {
    if (isRenewing(request, result)) renew()
    const change = changeOf(request, result)
    if (change !== undefined) PubSub.publishUnsafe(changes, change)
  }
  const writer = yield* SqliteWriter.make(settings, onDurable, thread)
  if (writer.isCopy) {
    yield* Effect.logWarning(
      `${path} was copied, moved or restored from a backup: it goes on as a new incarnation of this device. ` +
        "Two nodes must not share one device key for long; give the copy a key of its own"
    )
  }
  const reads = yield* openReads(path, () => keys)
  yield* watchSizes(path, changes, writer, reads)
  const tellLog = makeLogNews(path, reads)
  yield* tellLog
  let { info } = reads
  renew = () => {
    info = reads.readInfo()
  }
  const journal: Journal.JournalShape = {
    get info() {
      return info
    },
    ...reads.operations,
    ...writesTo(writer, keys, tellLog),
    keys,
    changes: Stream.fromPubSub(changes)
  }
  return journal
})

const watchSizes = (
  path: string,
  changes: PubSub.PubSub<Journal.JournalChange>,
  writer: SqliteWriter.SqliteWriter,
  { query, rows }: { readonly query: SqliteQuery; readonly rows: SqliteRows }
) => {
  const log = SqliteConnection.logFile(DataFolder.journalFile(path))
  const queue = (name: string, limit: number, length: () => number) => ({ kind: "queue", name, limit, length }) as const
  const cache = (name: string, limit: number, length: () => number) => ({ kind: "cache", name, limit, length }) as const
  const waiting = () => rows.snapshot(rows.quarantineLoads)
  const most = (of: ReadonlyArray<number>) => of.reduce((max, one) => Math.max(max, one), 0)
  return Occupancy.watch([
    queue("journal_changes", changesMax, () => PubSub.sizeUnsafe(changes)),
    queue("journal_kibibytes", SqliteWriter.kibibytesUnderWayMax, writer.kibibytesUnderWay),
    queue("journal_log_bytes", SqliteConnection.logBytesMax, () => statSync(log, { throwIfNoEntry: false })?.size ?? 0),
    queue("partitions", Limits.partitionsMax, () => rows.snapshot(() => rows.partitions().length)),
    queue("quarantine_commits", Quarantine.quarantineCommitsMax, () =>
      rows.snapshot(() => Quarantine.boundedOf(rows.quarantineCounts()))
    ),
    queue("quarantine_bytes", Quarantine.quarantineBytesMax, () =>
      waiting().reduce((sum, [, , bytes]) => sum + bytes, 0)
    ),
    queue("quarantine_commits_of_peer", Quarantine.quarantineCommitsPerPeerMax, () =>
      most(waiting().map(([, commits]) => commits))
    ),
    queue("quarantine_bytes_of_peer", Quarantine.quarantineBytesPerPeerMax, () =>
      most(waiting().map(([, , bytes]) => bytes))
    ),
    cache("journal_authors", cachedAuthorsMax, rows.cachedAuthors),
    cache("journal_authors", cachedAuthorsMax, () => writer.caches().journalAuthors),
    cache("author_bytes", Author.bytesCachedAuthorsMax, () => writer.caches().authorBytes),
    cache("commit_authors", Commit.cachedAuthorsMax, () => writer.caches().commitAuthors),
    cache("watched_deletes", DeleteWatch.watchedMax, () => writer.caches().watchedDeletes),
    cache("noted_deletes", DeleteWatch.notedCommitsMax, () => writer.caches().notedDeletes),
    cache("question_statements", cachedStatementsMax, () => query.cachedStatements()),
    cache("verification_keys", NodeCrypto.cachedKeysMax, NodeCrypto.cachedKeys)
  ])
}

/** The journal as a layer. */
export const layer = (options: SqliteJournalOptions) => Layer.effect(Journal.Journal, make(options))

/**
 * Opens a journal for reading only, also while another process writes to it: no lock, no thread, no key. Writes fail
 * with `StoreReadOnly`, and `changes` never emits.
 */
export const openReadOnly = Effect.fnUntraced(function* (options: {
  readonly folder: string
  readonly space?: SpaceId.SpaceId
  /** The keys to read sealed histories with. */
  readonly held?: KeyRing.HeldKeys | undefined
}) {
  const path = resolve(options.folder)
  const reads = yield* openReads(path, (of) => new KeyRing.KeyRing(of, options.held), options.space)
  const refuse = Effect.fail(SqliteFailure.toError(path, { tag: "StoreReadOnly", problem: "opened for reading" }))
  const journal: Journal.JournalShape = {
    info: reads.info,
    ...reads.operations,
    write: () => refuse,
    receive: () => refuse,
    release: () => refuse,
    revertDeletes: () => refuse,
    discard: () => refuse,
    settle: () => refuse,
    purge: () => refuse,
    keys: reads.keys,
    hold: () => refuse,
    unlock: refuse,
    renew: refuse,
    setCursor: () => refuse,
    disown: () => refuse,
    changes: Stream.empty
  }
  return journal
})

/** True when a durable request changed who this journal is. */
const isRenewing = (
  request: WriterMessage.WriterRequest,
  result: WriterMessage.WriterResults[WriterMessage.WriterRequest["kind"]]
): boolean =>
  request.kind === "renew" ||
  request.kind === "purge" ||
  (request.kind === "release" && (result as WriterMessage.WriterResults["release"]).copyShownBy !== undefined) ||
  (request.kind === "receive" && (result as WriterMessage.WriterResults["receive"]).isCopied) ||
  (request.kind === "settle" && (result as WriterMessage.WriterResults["settle"]).entities.length > 0)

/** What subscribers learn of a durable request. */
const changeOf = (
  request: WriterMessage.WriterRequest,
  result: WriterMessage.WriterResults[WriterMessage.WriterRequest["kind"]]
): Journal.JournalChange | undefined => {
  if (result === undefined || !("entities" in result) || result.entities.length === 0) return undefined
  const source = request.kind === "receive" ? request.batch.peer : undefined
  return { head: result.head, source, entities: result.entities }
}

/** Says, once until the log was emptied, that bytes of what was taken out are still in it. */
const makeLogNews = (path: string, { isLogDue }: { readonly isLogDue: Effect.Effect<boolean, unknown> }) => {
  let isTold = false
  return Effect.suspend(() =>
    Effect.flatMap(
      Effect.orElseSucceed(isLogDue, () => isTold),
      (isDue) => {
        const isNew = isDue && !isTold
        isTold = isDue
        return isNew ? Effect.logWarning(logHeld(path)) : Effect.void
      }
    )
  )
}

const logHeld = (path: string): string =>
  `${path} still has bytes in its write-ahead log of what this device may not have any more: another program reads the ` +
  `journal, or the disk does not let it. It is tried again, at least every ${LogEmptying.retryMsMax / 1000} s and at the next start`

const writesTo = (writer: SqliteWriter.SqliteWriter, keys: KeyRing.KeyRing, tellLog: Effect.Effect<void>): Writes => ({
  write: (entityChanges, group) =>
    Effect.suspend(() => {
      const changes = JSON.stringify(entityChanges)
      return writer.call({ kind: "write", changes, group }, changes.length)
    }),
  receive: ({ commits, ...batch }) =>
    Effect.suspend(() => {
      const joined = WriterMessage.join(commits)
      const size = Math.max(joined.bytes.length, batch.unpackedBytes ?? 0)
      return writer.call({ kind: "receive", batch, commits: joined }, size)
    }).pipe(Effect.catchTag("WriteError", unexpected)),
  release: (ids, deleteLimits, strangers) =>
    writer.call({ kind: "release", ids, deleteLimits, strangers }, 0).pipe(Effect.catchTag("WriteError", unexpected)),
  revertDeletes: (ids) =>
    writer.call({ kind: "revertDeletes", ids }, 0).pipe(Effect.catchTag("WriteError", unexpected)),
  discard: (ids, isForbidden = false) => {
    const discarded = writer
      .call({ kind: "discard", ids, isForbidden }, 0)
      .pipe(Effect.catchTag("WriteError", unexpected))
    return isForbidden ? Effect.tap(discarded, tellLog) : discarded
  },
  settle: (settlement) =>
    writer.call({ kind: "settle", settlement }, 0).pipe(Effect.catchTag("WriteError", unexpected)),
  purge: (partition, why) =>
    Purge.whole(writer.call({ kind: "purge", partition, why }, 0).pipe(Effect.catchTag("WriteError", unexpected))).pipe(
      Effect.tap(tellLog)
    ),
  hold: (held) =>
    Effect.suspend(() => {
      // Here first: nothing is to be sealed there that cannot be read here.
      keys.hold(held)
      return writer.call({ kind: "hold", held }, 0)
    }).pipe(Effect.catchTag("WriteError", unexpected)),
  unlock: Unlocking.whole((after) => writer.call({ kind: "unlock", after }, 0)).pipe(
    Effect.catchTag("WriteError", unexpected)
  ),
  renew: writer.call({ kind: "renew" }, 0).pipe(Effect.catchTag("WriteError", unexpected)),
  setCursor: (peer, incarnation, cursor) =>
    writer.call({ kind: "setCursor", peer, incarnation, cursor }, 0).pipe(Effect.catchTag("WriteError", unexpected)),
  disown: (peers) => writer.call({ kind: "disown", peers }, 0).pipe(Effect.catchTag("WriteError", unexpected))
})

/** Only local writes are refused for what they say. */
const unexpected = (error: WriteError.WriteError): Effect.Effect<never> => Effect.die(error)

/** Runs a read on one state of the file. */
type Read = <A>(body: () => A) => Effect.Effect<A, JournalError.JournalError>

const openReads = Effect.fnUntraced(function* (
  path: string,
  keysOf: (space: SpaceId.SpaceId) => KeyRing.KeyFinder,
  space?: SpaceId.SpaceId
) {
  const db = yield* Effect.acquireRelease(
    Effect.suspend(() => attempt(path, () => SqliteConnection.openForReading(DataFolder.journalFile(path)))),
    (handle) => Effect.sync(() => handle.close())
  )
  const { info, rows } = yield* attempt(path, () => {
    const found = SqliteIdentity.read(db)
    if (found === undefined) throw new SqliteFailure.StoreRefusal("StoreForeign", "its journal was never used")
    if (space !== undefined) SqliteIdentity.assertSpace(found, space)
    return { info: found, rows: new SqliteRows(db) }
  })
  const query = new SqliteQuery(db, rows)
  const read: Read = (body) =>
    Effect.suspend(() => {
      if (!db.open) return Effect.fail(SqliteFailure.toError(path, { tag: "StoreClosed", problem: "it was closed" }))
      return attempt(path, () => rows.snapshot(body))
    })
  const keys = keysOf(info.space)
  const operations = readsFrom(rows, query, keys, read)
  const isLogDue = read(rows.isLogDue)
  return { info, readInfo: () => SqliteIdentity.read(db)!, rows, query, keys, operations, isLogDue }
})

const attempt = <A>(path: string, body: () => A): Effect.Effect<A, JournalError.JournalError> => {
  try {
    return Effect.succeed(body())
  } catch (error) {
    const failure = SqliteFailure.ofError(error, path)
    return failure === undefined ? Effect.die(error) : Effect.fail(SqliteFailure.toError(path, failure))
  }
}

const readsFrom = (rows: SqliteRows, query: SqliteQuery, keys: KeyRing.KeyFinder, read: Read): Reads => {
  const { functions: crypto } = NodeCrypto
  const context: OpenedCommits.ReaderContext = { rows, crypto, compression: NodeCompression.functions, keys }
  return {
    quarantine: ({ after, limit, reason }) => read(() => rows.quarantine(after, limit, reason)),
    quarantined: (id) => read(() => rows.quarantineRow(id)),
    quarantineCounts: read(() => rows.quarantineCounts()),
    receipts: (after, limit, status) => read(() => Receipts.list(rows, crypto, after, limit, status)),
    receipt: (commit) => Receipts.find((before) => read(() => Receipts.seek(rows, crypto, commit, before))),
    peer: (peer, incarnation) => read(() => rows.peer(peer, incarnation)),
    head: read(() => rows.head()),
    custodians: read(() => rows.custodians().map(({ peer }) => peer)),
    lastTime: read(() => rows.storedLastTime() as HybridTime.HybridTime),
    partitions: read(() => ({ head: rows.head(), rows: rows.partitions() })),
    held: read(() => JournalReads.held(rows)),
    feed: (after, exclude, bytesMax, incarnation) =>
      read(() => JournalReads.feed(rows, after, exclude, bytesMax, incarnation)),
    changesAfter: (after, limit) => read(() => ChangeReads.changesAfter(context, after, limit)),
    children: (hash, prefix) => read(() => JournalReads.children(rows, hash, prefix)),
    items: (hash, prefix, limit) => read(() => JournalReads.items(rows, hash, prefix, limit)),
    clocks: (keys) => read(() => JournalReads.clocks(rows, keys)),
    eventsBeyond: (clocks, bytesMax) => read(() => JournalReads.eventsBeyond(context, clocks, bytesMax)),
    get: (type, id) => read(() => EntityRead.get(rows, crypto.sha256, type, id)),
    liveOf: (type, id, sees) => read(() => EntityRead.liveOf(rows, crypto.sha256, type, id, sees)),
    query: (question) => read(() => query.run(question)),
    liveCounts: read(() => JournalReads.liveCounts(rows)),
    count: (type) => read(() => rows.countLive(type)),
    scan: (after, limit) => read(() => EntityRead.scan(rows, after, limit)),
    lockedCount: read(() => rows.lockedCount()),
    bytesHeld: read(() => rows.bytesHeld()),
    lockedKeys: read(() => rows.lockedKeys()),
    hasSealed: read(() => rows.hasSealed()),
    sealLook: read(() => SealLook.at(rows, keys)),
    ...HistoryReads.make({
      ...context,
      read,
      lastTime: () => rows.storedLastTime() as HybridTime.HybridTime,
      query: (question) => query.run(question)
    })
  }
}
