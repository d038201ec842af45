/**
 * What must hold in a quiet cluster: every replica shows the same records and has the same fingerprints, nothing
 * confirmed is missing, nothing is counted twice, and a stranger has learnt nothing.
 */
import { Effect } from "effect"
import { Crypto } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import { Journal } from "../journal/Journal.ts"
import { waitingOf } from "../journal/Quarantine.ts"
import * as StateHash from "../journal/StateHash.ts"
import * as RangeTree from "../reconcile/RangeTree.ts"
import type { Cluster } from "./Cluster.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

export interface Problem {
  readonly rule: "down" | "state" | "fingerprint" | "held" | "lost" | "invented" | "leak"
  readonly detail: string
}

interface Summary {
  readonly state: string
  readonly root: string
  readonly held: number
  readonly votes: ReadonlyMap<string, number>
}

const summarize = Effect.gen(function* () {
  const journal = yield* Journal
  const crypto = yield* Crypto
  const state = yield* StateHash.compute()
  const { rows } = yield* journal.partitions
  const votes = new Map<string, number>()
  for (const view of yield* journal.query({
    type: "note",
    where: { text: "sum" },
    orderBy: undefined,
    limit: 100,
    offset: 0
  })) {
    votes.set(view.id, Number(view.fields["votes"] ?? 0))
  }
  const summary: Summary = {
    state: state.hash,
    root: Bytes.toHex(RangeTree.root(crypto.sha256, rows).root),
    held: waitingOf(yield* journal.quarantineCounts),
    votes
  }
  return summary
})

/** Frames to or from a stranger carry a challenge, a proof or a refusal: none of them is longer than this. */
const strangerFrameBytesMax = 160

/** Everything that is wrong now. */
export const check = Effect.fnUntraced(function* (cluster: Cluster, strangerFrames: ReadonlyArray<number>) {
  const problems: Array<Problem> = []
  const summaries: Array<Summary> = []
  for (const node of cluster.nodes) {
    const summary = yield* Effect.exit(node.run(summarize))
    if (summary._tag === "Success") summaries.push(summary.value)
    else problems.push({ rule: "down", detail: `node ${node.options.host}: ${String(summary.cause)}` })
  }
  const first = summaries[0]
  if (first === undefined) return problems
  summaries.forEach((summary, host) => {
    if (summary.state !== first.state) problems.push({ rule: "state", detail: `node ${host} shows other records` })
    if (summary.root !== first.root) problems.push({ rule: "fingerprint", detail: `node ${host} has another root` })
    if (summary.held > 0) problems.push({ rule: "held", detail: `node ${host} still holds ${summary.held}` })
  })
  problems.push(...checkVotes(cluster, first), ...checkStranger(cluster.stranger, strangerFrames))
  return problems
})

const checkVotes = (cluster: Cluster, { votes }: Summary): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  for (const [id, confirmed] of cluster.ledger.confirmed) {
    const total = votes.get(id) ?? 0
    const tried = cluster.ledger.tried.get(id) ?? 0
    if (total < confirmed) problems.push({ rule: "lost", detail: `${id} shows ${total}, confirmed were ${confirmed}` })
    if (total > tried) problems.push({ rule: "invented", detail: `${id} shows ${total}, tried were only ${tried}` })
  }
  return problems
}

const checkStranger = (stranger: SimulatedNode, frames: ReadonlyArray<number>): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  if (stranger.tables.head() > 0) problems.push({ rule: "leak", detail: "a stranger has commits" })
  const longest = Math.max(0, ...frames)
  if (longest > strangerFrameBytesMax) {
    problems.push({ rule: "leak", detail: `a frame of ${longest} bytes went to or came from a stranger` })
  }
  return problems
}
