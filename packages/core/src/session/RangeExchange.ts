/**
 * One step of range reconciliation against the journal: read what the peer's nodes, clocks and wishes ask about, and
 * say what to answer and which commits to push. What does not fit into one step is left to the next pass.
 */
import { Effect } from "effect"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { FeedCommit, ItemClock, ItemKey, JournalShape } from "../journal/Journal.ts"
import type { PartitionRow } from "../journal/JournalTables.ts"
import * as RangeTree from "../reconcile/RangeTree.ts"
import type * as Wire from "../wire/WireMessage.ts"
import type { RangeNode } from "../wire/WireMessage.ts"

/** Entities of one range that one step looks at; a larger range is finished by later passes. */
const rangeItemsMax = 2048
/** Nodes, clocks and wishes that one step answers. */
const nodesMax = 512
const entitiesMax = 1024
/** Bytes of commits that one step pushes. */
const pushBytesMax = 2 * 1024 * 1024

interface Work {
  readonly nodes: Array<RangeNode>
  readonly push: Array<ItemClock>
  readonly ask: Array<ItemKey>
  readonly want: Array<ItemKey>
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

/** The answer to a peer's step. */
export const answer = Effect.fnUntraced(function* (context: Context, asked: Wire.SyncState) {
  const work: Work = { nodes: [], push: [], ask: [], want: [] }
  for (const node of asked.nodes.slice(0, nodesMax)) yield* answerNode(context, work, node)
  const visible = asked.want.filter(([hash]) => isVisible(context, hash))
  for (const [partitionHash, key] of visible) work.push.push({ partitionHash, key, clock: [] })
  const replies = yield* answerClocks(context, work, asked.clocks)
  for (const [partitionHash, key, clock] of asked.replies) {
    if (isVisible(context, partitionHash)) work.push.push({ partitionHash, key, clock })
  }
  const clocks = yield* context.journal.clocks(work.ask.slice(0, entitiesMax))
  const pushes = yield* context.journal.eventsBeyond(work.push.slice(0, 4 * entitiesMax), pushBytesMax)
  const reply = message(asked.request, {
    nodes: work.nodes.slice(0, nodesMax),
    clocks: clocks.map(toWire),
    replies,
    want: work.want.slice(0, entitiesMax).map(({ key, partitionHash }) => [partitionHash, key] as const)
  })
  const result: RangeAnswer = { reply, pushes }
  return result
})

const toWire = ({ clock, key, partitionHash }: ItemClock): Wire.ClockEntry => [partitionHash, key, clock]

const isVisible = (context: Context, hash: Uint8Array): boolean =>
  context.view.some((row) => Bytes.equals(row.hash, hash))

const answerNode = Effect.fnUntraced(function* (context: Context, work: Work, node: RangeNode) {
  const { sha256, view } = context
  switch (node[0]) {
    case 0:
      work.nodes.push(...RangeTree.answerGroup(sha256, view, node[1], node[2]))
      return
    case 1:
      for (const hash of RangeTree.differingPartitions(sha256, view, node[1], node[2])) {
        const count = view.find((row) => Bytes.equals(row.hash, hash))?.total.count ?? 0
        work.nodes.push(yield* describeRange(context, hash, "", count))
      }
      return
    case 2: {
      const mine = yield* childrenOf(context, node[1], node[2])
      for (const { count, prefix } of RangeTree.differingChildren(sha256, node[2], mine, node[3])) {
        work.nodes.push(yield* describeRange(context, node[1], prefix, count))
      }
      return
    }
    case 3:
      yield* compareItems(context, work, node[1], node[2], node[3])
  }
})

const childrenOf = (context: Context, hash: Uint8Array, prefix: string) =>
  isVisible(context, hash) ? context.journal.children(hash, prefix) : Effect.succeed([])

const describeRange = Effect.fnUntraced(function* (context: Context, hash: Uint8Array, prefix: string, count: number) {
  if (count > RangeTree.itemsListedMax) {
    const children = yield* childrenOf(context, hash, prefix)
    return RangeTree.describeChildren(context.sha256, hash, prefix, children)
  }
  const items = isVisible(context, hash) ? yield* context.journal.items(hash, prefix, rangeItemsMax) : []
  return RangeTree.describeItems(hash, prefix, items)
})

const compareItems = Effect.fnUntraced(function* (
  context: Context,
  work: Work,
  hash: Uint8Array,
  prefix: string,
  theirs: ReadonlyArray<readonly [number, Uint8Array]>
) {
  const mine = isVisible(context, hash) ? yield* context.journal.items(hash, prefix, rangeItemsMax) : []
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
  const asked = clocks.filter(([hash]) => isVisible(context, hash)).slice(0, entitiesMax)
  const mine = yield* context.journal.clocks(asked.map(([partitionHash, key]) => ({ partitionHash, key })))
  const own = new Map(mine.map((item) => [`${Bytes.toHex(item.partitionHash)}/${item.key}`, item]))
  const replies: Array<Wire.ClockEntry> = []
  for (const [partitionHash, key, clock] of asked) {
    work.push.push({ partitionHash, key, clock })
    const item = own.get(`${Bytes.toHex(partitionHash)}/${key}`)
    const known = new Map((item?.clock ?? []).map(([author, eseq, head]) => [Bytes.toHex(author), { eseq, head }]))
    const lacks = clock.some(([author, eseq, head]) => {
      const mine = known.get(Bytes.toHex(author))
      // Under equal numbers another head is another branch of a fork, and each side may have one that the other lacks.
      return mine === undefined || mine.eseq < eseq || (mine.eseq === eseq && !Bytes.equals(mine.head, head))
    })
    if (lacks) replies.push([partitionHash, key, item?.clock ?? []])
  }
  return replies
})
