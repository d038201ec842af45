/**
 * What a local write does to the rows of a journal, once for every store: changes become signed commits. It runs
 * inside one transaction of the store and is plain code without clock or I/O of its own; the store passes the time and
 * undoes everything when it throws. Commits of others are `JournalReceiver`'s.
 */
import type { CompressionFunctions } from "../crypto/Compression.ts"
import type { CryptoFunctions, Signer } from "../crypto/Crypto.ts"
import type { KeyRing } from "../crypto/KeyRing.ts"
import type { PeerId } from "../identity/PeerId.ts"
import * as Author from "../identity/Author.ts"
import * as Bytes from "../identity/Bytes.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import * as EntityState from "../merge/EntityState.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import * as Commit from "../model/Commit.ts"
import type { EntityChange } from "../model/EntityChange.ts"
import * as Event from "../model/Event.ts"
import * as Limits from "../model/Limits.ts"
import * as MessagePack from "../model/MessagePack.ts"
import * as Partition from "../model/Partition.ts"
import { EntityChanged, EntityInvalid, SpaceLocked } from "../model/WriteError.ts"
import * as CommitReading from "./CommitReading.ts"
import * as EntityHistory from "./EntityHistory.ts"
import { planEvent } from "./EventPlan.ts"
import type { WriteOutcome } from "./Journal.ts"
import type { DeleteWatch } from "./DeleteWatch.ts"
import { type JournalTables, type PartitionRow, sources } from "./JournalTables.ts"
import { OpenedCommits } from "./OpenedCommits.ts"
import { OpenEntities, type OpenEntity } from "./OpenEntities.ts"

export interface WriterContext {
  readonly tables: JournalTables
  readonly crypto: CryptoFunctions
  readonly compression: CompressionFunctions
  readonly signer: Signer & { readonly peer: PeerId }
  readonly space: SpaceId
  readonly deleteWatch: DeleteWatch
  readonly keys: KeyRing
}

/** The author that new events name. */
export const authorOf = ({ signer, tables }: WriterContext): Author.Author =>
  Author.make(signer.peer, tables.identity().writing)

/** 16 hexadecimal digits that no other journal has. */
export const newIncarnation = (crypto: CryptoFunctions): string =>
  Bytes.toHex(crypto.randomBytes(Author.incarnationBytes))

/**
 * Turns changes into commits of at most 128 events of one partition each. Throws `EntityInvalid`, `EntityNotFound`,
 * `EntityChanged` or `SpaceLocked` for a change that cannot be made; the store undoes the transaction and hands the reason to the caller.
 */
export const write = (
  context: WriterContext,
  changes: ReadonlyArray<EntityChange>,
  nowMs: number,
  asked?: string
): WriteOutcome => {
  const group = asked ?? (changes.length > 1 ? Bytes.toHex(context.crypto.randomBytes(8)) : undefined)
  const entities = new OpenEntities(context.tables, context.crypto)
  const commits: Array<string> = []
  fill(context, entities, changes, nowMs, (pending) => commits.push(closeCommit(context, pending, group)))
  return { commits, entities: entities.finish(), head: context.tables.head() }
}

/** Why changes cannot be written, without writing them; `undefined` when they can. */
export const whyNot = (
  context: WriterContext,
  changes: ReadonlyArray<EntityChange>,
  nowMs: number
): EntityInvalid | SpaceLocked | undefined => {
  const before = context.tables.lastTime()
  try {
    fill(context, new OpenEntities(context.tables, context.crypto), changes, nowMs, (pending) => {
      sealingOf(context, pending)
    })
    return undefined
  } catch (error) {
    if (error instanceof EntityInvalid || error instanceof SpaceLocked) return error
    throw error
  } finally {
    context.tables.setLastTime(before)
  }
}

/** Makes events of the changes, and gives each commit that is full, and the last, to `close`. */
const fill = (
  context: WriterContext,
  entities: OpenEntities,
  changes: ReadonlyArray<EntityChange>,
  nowMs: number,
  close: (pending: PendingCommit) => void
): void => {
  let pending: PendingCommit | undefined
  for (const change of changes) {
    if (pending !== undefined && (isFull(pending) || !Partition.same(pending.row.partition, change.partition))) {
      // Changes that alter nothing may have left it empty.
      if (pending.events.length > 0) close(pending)
      pending = undefined
    }
    pending ??= openCommit(context, entities, partitionOf(context, change), nowMs)
    if (addEvent(context, pending, change)) continue
    // The events so far name or hold so much that this one does not fit beside them.
    if (pending.events.length > 0) close(pending)
    pending = openCommit(context, entities, pending.row, nowMs)
    if (!addEvent(context, pending, change)) throw tooManyAuthors(change)
  }
  if (pending !== undefined && pending.events.length > 0) close(pending)
}

const partitionOf = ({ tables }: WriterContext, { id, partition }: EntityChange): PartitionRow => {
  const row = tables.partitionOf(partition)
  if (row !== undefined) return row
  const problem = `would be in a further partition, and a journal has at most ${Limits.partitionsMax}`
  const field = Object.keys(partition.header).join(", ") || "(record)"
  throw new EntityInvalid({ type: partition.type, id, field, problem })
}

interface PendingCommit {
  readonly entities: OpenEntities
  readonly row: PartitionRow
  readonly at: HybridTime.HybridTime
  readonly nonce: number
  readonly authors: Array<Author.Author>
  readonly authorPlaces: Map<Author.Author, number>
  /** Encoded now, or once the event before it of the same entity has its hash. */
  readonly events: Array<Uint8Array | (() => Uint8Array)>
  /** First bytes of the hash of each event, filled in once the commit is whole: what it means is part of them. */
  readonly hashes: Array<Uint8Array>
  /** What is sealed of each event; `null` where nothing is. */
  readonly contents: Array<Uint8Array | null>
  /** Some event does something to fields. */
  hasContents: boolean
  readonly previous: Array<number>
  readonly touched: Set<OpenEntity>
  size: number
  nodes: number
}

const isFull = (pending: PendingCommit): boolean =>
  pending.events.length >= Limits.eventsPerCommitMax ||
  pending.size >= Limits.commitBytesMax - Limits.eventBytesMax - 1024 ||
  pending.authors.length >= Limits.authorsPerCommitMax - Limits.eventsPerCommitMax

const openCommit = (
  context: WriterContext,
  entities: OpenEntities,
  row: PartitionRow,
  nowMs: number
): PendingCommit => ({
  entities,
  row,
  at: HybridTime.next(context.tables.lastTime(), nowMs),
  nonce: Commit.nonceOf(context.crypto.randomBytes(Commit.nonceBytes)),
  authors: [authorOf(context)],
  authorPlaces: new Map([[authorOf(context), 0]]),
  events: [],
  hashes: [],
  contents: [],
  hasContents: false,
  previous: [],
  touched: new Set(),
  size: 0,
  nodes: 0
})

const invalid = ({ id, partition }: EntityChange, problem: string): EntityInvalid =>
  new EntityInvalid({ type: partition.type, id, field: "(record)", problem })

/** What is written again may use the room that its first form had to leave. */
const checkSize = (change: EntityChange, bytes: number, nodes: number): void => {
  const isAgain = change.change.kind === "rewrite"
  const bytesMax = isAgain ? Limits.eventBytesMax : Limits.writtenEventBytesMax
  const nodesMax = Limits.commitNodesMax - (isAgain ? 0 : Limits.rewriteNodesMax)
  if (bytes > bytesMax) throw invalid(change, `has ${bytes} bytes encoded, more than ${bytesMax}`)
  if (nodes > nodesMax) throw invalid(change, `has ${nodes} values, more than ${nodesMax}`)
}

const tooManyAuthors = (change: EntityChange): EntityInvalid =>
  invalid(
    change,
    `is changed over values of more than ${Limits.authorsPerCommitMax - 1} devices at once; change fewer at a time`
  )

/** Adds the change's event, or says that its authors or values do not fit into this commit. */
const addEvent = (context: WriterContext, pending: PendingCommit, change: EntityChange): boolean => {
  const authorsBefore = pending.authors.length
  const entity = pending.entities.open(pending.row, change.id)
  if (change.expects !== undefined && change.expects !== entity.lseq) {
    throw new EntityChanged({ type: change.partition.type, id: change.id })
  }
  const placeOf = (author: Author.Author): number => {
    let place = pending.authorPlaces.get(author)
    if (place === undefined) {
      place = pending.authors.length
      pending.authors.push(author)
      pending.authorPlaces.set(author, place)
    }
    return place
  }
  checkReadable(context, change, entity)
  const event = planEvent(entity.state, change, pending.authors[0]!, placeOf)
  if (event === undefined) return true
  const bytes = Event.encode(event)
  const nodes = MessagePack.nodesIn(bytes)
  checkSize(change, bytes.length, nodes)
  if (pending.authors.length > Limits.authorsPerCommitMax || pending.nodes + nodes > Limits.commitNodesMax) {
    for (const author of pending.authors.splice(authorsBefore)) pending.authorPlaces.delete(author)
    return false
  }
  const at = HybridTime.add(pending.at, pending.events.length)
  const contents = context.keys.sealing === "none" ? undefined : Event.encodeContents(event)
  const hash = new Uint8Array(Event.eventHashBytes)
  // The next event of the entity names it by the same bytes, and so does its state.
  EntityState.apply(entity.state, event, { at, authors: pending.authors, hash })
  const stored = () => (contents === undefined ? Event.encode(event) : Event.encodeOutline(event))
  pending.events.push(pending.touched.has(entity) ? stored : contents === undefined ? bytes : stored())
  pending.hashes.push(hash)
  pending.contents.push(contents ?? null)
  pending.hasContents ||= !Event.isOutline(event)
  pending.previous.push(entity.lseq)
  pending.touched.add(entity)
  pending.size += bytes.length + 5
  pending.nodes += nodes
  // Stamped at once, so that a following commit of the same transaction starts behind this event.
  context.tables.setLastTime(at)
  return true
}

/** How the contents of a commit are sealed; `undefined` where they are not, or it has none. */
const sealingOf = (
  { keys, tables }: WriterContext,
  { contents, hasContents }: PendingCommit
): Commit.Sealing | undefined => {
  const { sealing } = keys
  if (!hasContents) return undefined
  // Who once kept what was sealed and was given no key today would say in the clear what was not meant to be.
  if (sealing === "lacking" || (sealing === "none" && tables.hasSealed())) throw new SpaceLocked({})
  return sealing === "none" ? undefined : { key: sealing, contents }
}

/**
 * Totals and whole sets are written as what they differ by from what is here; where some of that cannot be read, they would
 * become something else for everybody who can.
 */
const checkReadable = (context: WriterContext, { change }: EntityChange, entity: OpenEntity): void => {
  const isWhole = change.kind === "put" && Object.keys({ ...change.counters, ...change.sets }).length > 0
  if (!isWhole || !context.tables.hasLocked()) return
  const commits = new OpenedCommits({ rows: context.tables, ...context })
  for (const { commit } of EntityHistory.newestFirst(commits, entity.id, entity.lseq)) {
    if (CommitReading.isLacking(commit.contents)) throw new SpaceLocked({})
  }
}

const closeCommit = (context: WriterContext, pending: PendingCommit, group: string | undefined): string => {
  const sealing = sealingOf(context, pending)
  if (sealing !== undefined) context.tables.setSealed()
  const { bytes } = Commit.seal(
    context.crypto,
    context.compression,
    context.signer,
    {
      space: context.space,
      partition: pending.row.partition,
      authors: pending.authors,
      at: pending.at,
      nonce: pending.nonce,
      group
    },
    pending.events,
    sealing,
    (leaf, place) => pending.hashes[place]!.set(leaf.subarray(0, Event.eventHashBytes))
  )
  const lseq = context.tables.appendCommit({
    partition: pending.row.index,
    author: context.tables.authorIndex(pending.authors[0]!),
    source: sources.own,
    events: pending.events.length,
    previous: pending.previous,
    bytes
  })
  for (const entity of pending.touched) pending.entities.changed(entity, lseq)
  const packed = Commit.open(bytes)
  if (typeof packed === "string") throw new Error(`a commit made here does not open: ${packed}`)
  return Commit.id(context.crypto, packed)
}
