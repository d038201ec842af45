/**
 * One step of range reconciliation against the journal: read what the peer's nodes, clocks and wishes ask about, and
 * say what to answer and which commits to push. What does not fit into one step is left to the next pass.
 */
import { Effect } from "effect"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { FeedCommit, ItemClock, ItemKey, JournalShape } from "../journal/Journal.ts"
import type { PartitionRow } from "../journal/JournalTables.ts"
import * as Limits from "../model/Limits.ts"
import * as RangeTree from "../reconcile/RangeTree.ts"
import type * as Wire from "../wire/WireMessage.ts"
import { authorsPerClockMax, type RangeNode } from "../wire/WireMessage.ts"

/** Entities of one range that one step looks at; a larger range is finished by later passes. */
const rangeItemsMax = 2048
/** Entities of all ranges that one step looks at. */
const itemsReadMax = 16 * 1024
/** Nodes, clocks and wishes that one step answers. */
const nodesMax = 512
const entitiesMax = 1024
/** Bytes of one step: what is beyond is left to a later pass. One clock may exceed it, and fits into a frame. */
const replyBytesMax = Limits.frameBytesMax / 2
/** Bytes of commits that one step pushes. */
const pushBytesMax = 2 * 1024 * 1024

/** Entries that the start of a step moves on from one pass to the next: a prime, so that every entry is the first in time. */
const turnStride = 1009
/** An entity whose clock cannot be sent goes when a step is otherwise empty, and in every pass of this number. */
const largeEvery = 4

interface Work {
  readonly nodes: Array<RangeNode>
  readonly push: Array<ItemClock>
  readonly ask: Array<ItemKey>
  readonly want: Array<ItemKey>
  itemsRead: number
}

export interface RangeAnswer {
  readonly reply: Wire.SyncState
  readonly pushes: ReadonlyArray<FeedCommit>
}

interface Context {
  readonly journal: JournalShape
  readonly sha256: CryptoFunctions["sha256"]
  /** Partitions that the peer may see; nothing outside them is read, compared or named. */
  readonly view: ReadonlyArray<PartitionRow>
}

const message = (request: number, parts: Partial<Wire.SyncState>): Wire.SyncState => ({
  _tag: "SyncState",
  request,
  verdict: "differ",
  head: 0,
  nodes: [],
  clocks: [],
  replies: [],
  want: [],
  ...parts
})

/** The first answer to a root that differs. */
export const describe = (context: Context, request: number): RangeAnswer => ({
  reply: message(request, { nodes: [RangeTree.describeGroup(context.sha256, context.view, "")] }),
  pushes: []
})

/** The partitions that a step speaks of, in hexadecimal. */
export const partitionsNamed = ({ clocks, nodes, replies, want }: Wire.SyncState): ReadonlySet<string> => {
  const named = new Set<string>()
  for (const [hash] of [...clocks, ...replies, ...want]) named.add(Bytes.toHex(hash))
  for (const node of nodes) {
    if (node[0] === 1) for (const [hash] of node[2]) named.add(Bytes.toHex(hash))
    if (node[0] === 2 || node[0] === 3) named.add(Bytes.toHex(node[1]))
  }
  return named
}

/** The answer to a peer's step. What it names again and again is answered once. */
export const answer = Effect.fnUntraced(function* (context: Context, asked: Wire.SyncState) {
  const work: Work = { nodes: [], push: [], ask: [], want: [], itemsRead: 0 }
  yield* answerNodes(context, work, inTurn(asked.nodes, asked.request))
  const visible = asked.want.filter(([hash]) => isVisible(context, hash))
  for (const [partitionHash, key] of visible) work.push.push({ partitionHash, key, clock: [] })
  const replies = yield* answerClocks(context, work, asked.clocks)
  for (const [partitionHash, key, clock] of asked.replies) {
    if (isVisible(context, partitionHash)) work.push.push({ partitionHash, key, clock })
  }
  const { request } = asked
  const clocks = yield* context.journal.clocks(inTurn(distinct(work.ask), request).slice(0, entitiesMax))
  const budget = { bytes: replyBytesMax }
  const parts = {
    replies: within(budget, replies, clockBytes),
    clocks: within(budget, clocks.map(toWire).filter(isSendable), clockBytes),
    want: within(budget, inTurn(distinct(work.want), request).slice(0, entitiesMax).map(toWish), () => wishBytes),
    nodes: within(budget, work.nodes.slice(0, nodesMax), nodeBytes)
  }
  const large = clocks.filter((item) => !isSendable(toWire(item)))
  const isEmpty = budget.bytes === replyBytesMax && work.push.length === 0
  const push = inTurn(work.push, request)
  if (large.length > 0 && (isEmpty || request % largeEvery === 0)) {
    // Too many devices have written it for its clock to be sent: each side sends all that it has of it.
    const item = large[Math.floor(request / largeEvery) % large.length]!
    push.unshift({ ...item, clock: [] })
    parts.want.push(toWish(item))
  }
  const pushes = yield* context.journal.eventsBeyond(push.slice(0, 4 * entitiesMax), pushBytesMax)
  const result: RangeAnswer = { reply: message(request, parts), pushes }
  return result
})

/**
 * The same entries from another start in every pass, for a step does not reach all of them, and what keeps differing must
 * not block what is behind it.
 */
const inTurn = <A>(entries: ReadonlyArray<A>, request: number): Array<A> => {
  const start = entries.length === 0 ? 0 : (request * turnStride) % entries.length
  return [...entries.slice(start), ...entries.slice(0, start)]
}

/** Each entity once, as it is named first. */
const distinct = <A extends ItemKey>(keys: ReadonlyArray<A>): ReadonlyArray<A> => {
  const found = new Map<string, A>()
  for (const item of keys) {
    const name = nameOf(item)
    if (!found.has(name)) found.set(name, item)
  }
  return [...found.values()]
}

const nameOf = ({ key, partitionHash }: ItemKey): string => `${Bytes.toHex(partitionHash)}/${key}`

/** The first entries that fit into what is left of a step; at least one when nothing is in it yet. */
const within = <A>(budget: { bytes: number }, entries: ReadonlyArray<A>, sizeOf: (entry: A) => number): Array<A> => {
  const taken: Array<A> = []
  for (const entry of entries) {
    const bytes = sizeOf(entry)
    if (bytes > budget.bytes && budget.bytes < replyBytesMax) break
    budget.bytes -= bytes
    taken.push(entry)
  }
  return taken
}

// Encoded, with the largest numbers: an author has 42 bytes, a hash 18, a number 9, and lists their heads.
const clockBytes = ([, , clock]: Wire.ClockEntry): number => 32 + clock.length * 70
const wishBytes = 28
const nodeBytes = (node: RangeNode): number =>
  64 + (node[0] === 0 ? 16 * 10 : node[0] === 1 ? node[2].length * 29 : node[0] === 2 ? 16 * 10 : node[3].length * 20)

const isSendable = ([, , clock]: Wire.ClockEntry): boolean => clock.length <= authorsPerClockMax

const toWish = ({ key, partitionHash }: ItemKey): Wire.SyncState["want"][number] => [partitionHash, key]

const toWire = ({ clock, key, partitionHash }: ItemClock): Wire.ClockEntry => [partitionHash, key, clock]

const isVisible = (context: Context, hash: Uint8Array): boolean =>
  context.view.some((row) => Bytes.equals(row.hash, hash))

/** Others get a turn between two nodes, for each may read thousands of rows. */
const answerNodes = Effect.fnUntraced(function* (context: Context, work: Work, nodes: ReadonlyArray<RangeNode>) {
  const seen = new Set<string>()
  for (const node of nodes.slice(0, nodesMax)) {
    if (isFull(work)) return
    const name = rangeOf(node)
    if (seen.has(name)) continue
    seen.add(name)
    yield* answerNode(context, work, node)
    yield* Effect.yieldNow
  }
})

const rangeOf = (node: RangeNode): string =>
  node[0] === 0 || node[0] === 1 ? `${node[0]}/${node[1]}` : `${node[0]}/${Bytes.toHex(node[1])}/${node[2]}`

const isFull = ({ itemsRead, nodes }: Work): boolean => nodes.length >= nodesMax || itemsRead >= itemsReadMax

const answerNode = Effect.fnUntraced(function* (context: Context, work: Work, node: RangeNode) {
  const { sha256, view } = context
  switch (node[0]) {
    case 0:
      work.nodes.push(...RangeTree.answerGroup(sha256, view, node[1], node[2]))
      return
    case 1:
      for (const hash of RangeTree.differingPartitions(sha256, view, node[1], node[2])) {
        if (isFull(work)) return
        const count = view.find((row) => Bytes.equals(row.hash, hash))?.total.count ?? 0
        work.nodes.push(yield* describeRange(context, work, hash, "", count))
      }
      return
    case 2: {
      const mine = yield* childrenOf(context, node[1], node[2])
      for (const { count, prefix } of RangeTree.differingChildren(sha256, node[2], mine, node[3])) {
        if (isFull(work)) return
        work.nodes.push(yield* describeRange(context, work, node[1], prefix, count))
      }
      return
    }
    case 3:
      yield* compareItems(context, work, node[1], node[2], node[3])
  }
})

const childrenOf = (context: Context, hash: Uint8Array, prefix: string) =>
  isVisible(context, hash) ? context.journal.children(hash, prefix) : Effect.succeed([])

const itemsOf = Effect.fnUntraced(function* (context: Context, work: Work, hash: Uint8Array, prefix: string) {
  const items = isVisible(context, hash) ? yield* context.journal.items(hash, prefix, rangeItemsMax) : []
  work.itemsRead += items.length
  return items
})

const describeRange = Effect.fnUntraced(function* (
  context: Context,
  work: Work,
  hash: Uint8Array,
  prefix: string,
  count: number
) {
  if (count > RangeTree.itemsListedMax) {
    const children = yield* childrenOf(context, hash, prefix)
    return RangeTree.describeChildren(context.sha256, hash, prefix, children)
  }
  return RangeTree.describeItems(hash, prefix, yield* itemsOf(context, work, hash, prefix))
})

const compareItems = Effect.fnUntraced(function* (
  context: Context,
  work: Work,
  hash: Uint8Array,
  prefix: string,
  theirs: ReadonlyArray<readonly [number, Uint8Array]>
) {
  const mine = yield* itemsOf(context, work, hash, prefix)
  const found = RangeTree.differingItems(mine, theirs)
  // A list cut at the limit says nothing about entities behind its end.
  const end = mine.length === rangeItemsMax ? mine[mine.length - 1]!.key : Infinity
  for (const key of found.onlyMine) work.push.push({ partitionHash: hash, key, clock: [] })
  for (const key of found.different) work.ask.push({ partitionHash: hash, key })
  for (const key of found.onlyTheirs) if (key <= end) work.want.push({ partitionHash: hash, key })
})

/** Pushes what each clock lacks and gives the own clock where the peer has more. */
const answerClocks = Effect.fnUntraced(function* (
  context: Context,
  work: Work,
  clocks: ReadonlyArray<Wire.ClockEntry>
) {
  const entries = clocks.map(([partitionHash, key, clock]) => ({ partitionHash, key, clock }))
  const asked = distinct(entries.filter(({ partitionHash }) => isVisible(context, partitionHash))).slice(0, entitiesMax)
  const own = new Map((yield* context.journal.clocks(asked)).map((item) => [nameOf(item), item]))
  const replies: Array<Wire.ClockEntry> = []
  for (const entry of asked) {
    const { clock, key, partitionHash } = entry
    work.push.push(entry)
    const item = own.get(nameOf(entry))
    const known = new Map((item?.clock ?? []).map(([author, eseq, head]) => [Bytes.toHex(author), { eseq, head }]))
    const lacks = clock.some(([author, eseq, head]) => {
      const mine = known.get(Bytes.toHex(author))
      // Under equal numbers another head is another branch of a fork, and each side may have one that the other lacks.
      return mine === undefined || mine.eseq < eseq || (mine.eseq === eseq && !Bytes.equals(mine.head, head))
    })
    if (!lacks) continue
    const reply: Wire.ClockEntry = [partitionHash, key, item?.clock ?? []]
    if (isSendable(reply)) replies.push(reply)
    else work.want.push({ partitionHash, key })
  }
  return replies
})
