/**
 * What must hold in a quiet cluster: every replica shows the same records and has the same fingerprints, nothing
 * confirmed is missing, nothing is counted twice or there by half, nothing broke on the way, and whoever is not trusted has learnt nothing.
 */
import { Effect } from "effect"
import { Crypto } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import { Journal, queryRowsMax } from "../journal/Journal.ts"
import * as StateHash from "../journal/StateHash.ts"
import * as RangeTree from "../reconcile/RangeTree.ts"
import type { Cluster, Problem } from "./Cluster.ts"

interface Summary {
  readonly state: string
  readonly root: string
  readonly votes: ReadonlyMap<string, number>
  /** How many records of each pair there are. */
  readonly pairs: ReadonlyMap<string, number>
}

const summarize = Effect.gen(function* () {
  const journal = yield* Journal
  const crypto = yield* Crypto
  const state = yield* StateHash.compute()
  const { rows } = yield* journal.partitions
  const all = { where: {}, orderBy: undefined, limit: queryRowsMax, offset: 0 }
  const votes = new Map<string, number>()
  for (const { fields, id } of yield* journal.query({ ...all, type: "note", where: { text: "sum" } })) {
    votes.set(id, Number(fields["votes"] ?? 0))
  }
  const pairs = new Map<string, number>()
  for (const { fields } of yield* journal.query({ ...all, type: "job" })) {
    const name = fields["state"]
    if (typeof name === "string") pairs.set(name, (pairs.get(name) ?? 0) + 1)
  }
  const summary: Summary = {
    state: state.hash,
    root: Bytes.toHex(RangeTree.root(crypto.sha256, rows).root),
    votes,
    pairs
  }
  return summary
})

/** Everything that is wrong now. */
export const check = Effect.fnUntraced(function* (cluster: Cluster) {
  const problems: Array<Problem> = []
  const summaries: Array<Summary> = []
  for (const node of cluster.nodes) {
    const summary = yield* Effect.exit(node.run(summarize))
    if (summary._tag === "Success") summaries.push(summary.value)
    else problems.push({ rule: "down", detail: `node ${node.options.host}: ${String(summary.cause)}` })
  }
  problems.push(...cluster.violations, ...leaksOf(cluster))
  for (const node of cluster.nodes) {
    const waiting = node.waiting(cluster.time.nowMs)
    if (waiting > 0) problems.push({ rule: "held", detail: `node ${node.options.host} still holds ${waiting}` })
  }
  const first = summaries[0]
  if (first === undefined) return problems
  summaries.forEach((summary, host) => {
    if (summary.state !== first.state) problems.push({ rule: "state", detail: `node ${host} shows other records` })
    if (summary.root !== first.root) problems.push({ rule: "fingerprint", detail: `node ${host} has another root` })
  })
  problems.push(...checkVotes(cluster, first), ...checkPairs(cluster, first))
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

const checkPairs = (cluster: Cluster, { pairs }: Summary): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  for (const [name, isConfirmed] of cluster.ledger.pairs) {
    const count = pairs.get(name) ?? 0
    if (count === 1) problems.push({ rule: "torn", detail: `${name} is there by half` })
    if (count === 0 && isConfirmed) problems.push({ rule: "lost", detail: `${name} was confirmed` })
  }
  return problems
}

const leaksOf = ({ leaks, stranger }: Cluster): ReadonlyArray<Problem> => {
  const problems = leaks.leaks.map((detail): Problem => ({ rule: "leak", detail }))
  if (stranger.tables.head() > 0) problems.push({ rule: "leak", detail: "a stranger has commits" })
  return problems
}
