/**
 * Random writes of a simulated cluster, and a ledger of what was acknowledged: additions to counters, which must all
 * be in the totals in the end, each once, and pairs of records, which must be whole.
 */
import { Effect, Schema } from "effect"
import { Records } from "../orchestrator/Records.ts"
import type { JournalError } from "../journal/JournalError.ts"
import { queryRowsMax } from "../journal/Journal.ts"
import { wholeBytesMin } from "../journal/JournalReads.ts"
import * as Entity from "../model/Entity.ts"
import type { WriteError } from "../model/WriteError.ts"
import type { Cluster, Ledger } from "./Cluster.ts"
import { SeededRandom } from "./SeededRandom.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"

/** One field of each merge kind. */
export const Note = Entity.make("note", {
  text: Entity.lww(Schema.String),
  color: Entity.optional(Schema.String),
  tags: Entity.orSet(Schema.String),
  votes: Entity.counter
})

/** An entity type with partitions. */
export const Job = Entity.make(
  "job",
  { team: Entity.lww(Schema.String), state: Entity.lww(Schema.String) },
  {
    header: ["team"]
  }
)

/** Writes on all nodes until the faults end. */
export const run = (cluster: Cluster): Effect.Effect<void> =>
  Effect.forEach(
    cluster.nodes,
    (node, host) => writeFor(cluster, node, new SeededRandom(cluster.random.bits(), host)),
    {
      concurrency: "unbounded",
      discard: true
    }
  )

/** One more confirmed write on each node, once all faults have ended; says where it failed. */
export const writeLast = Effect.fnUntraced(function* (cluster: Cluster) {
  const failed: Array<number> = []
  for (const node of cluster.nodes) {
    const { host } = node.options
    const write = Records.use((records) => addVotes(cluster.ledger, records, "sum/1", 1 + host))
    const outcome = yield* Effect.exit(node.run(write))
    cluster.note(`last ${host} ${outcome._tag}`)
    if (outcome._tag === "Failure") failed.push(host)
  }
  return failed
})

/** Writes on one node until the faults end. */
export const writeFor = Effect.fnUntraced(function* (cluster: Cluster, node: SimulatedNode, random: SeededRandom) {
  for (;;) {
    yield* Effect.sleep(random.between(1, 2 * cluster.plan.writeEveryMs))
    if (!cluster.isFaulty) return
    const code = yield* node.run(writeOnce(cluster, node, random)).pipe(
      Effect.match({ onSuccess: () => "kept", onFailure: codeOf }),
      Effect.catchDefect((defect) => Effect.succeed(`defect ${String(defect)}`))
    )
    cluster.note(`write ${node.options.host} ${code}`)
    cluster.ledger.writes++
    // Who got no key yet does not write into a sealed space.
    const isLocked = code === "SpaceLocked" && node.isKeyless
    if (!isLocked && !expectedCodes.has(code)) violate(cluster, node, `a write ended with ${code}`)
    if (code === "StoreFull") yield* readAll(cluster, node)
  }
})

/** What a write may end with: faults of the disk and the process, and changes that make no sense by chance. */
const expectedCodes = new Set(["kept", "down", "StoreFull", "StoreClosed", "EntityNotFound", "EntityInvalid"])

const codeOf = (failure: WriteError | JournalError | undefined): string => failure?.reason._tag ?? "down"

const violate = (cluster: Cluster, node: SimulatedNode, detail: string): void => {
  cluster.violations.push({ rule: "refused", detail: `node ${node.options.host}: ${detail}` })
}

/** A disk without room does not keep anybody from reading. */
const readAll = Effect.fnUntraced(function* (cluster: Cluster, node: SimulatedNode) {
  const all = { type: Note.name, where: {}, orderBy: undefined, limit: queryRowsMax, offset: 0 }
  const read = yield* Effect.exit(node.run(Records.use((records) => records.query(all))))
  if (read._tag === "Failure" && node.isUp) violate(cluster, node, "it cannot be read while its disk is full")
})

const writeOnce = (cluster: Cluster, node: SimulatedNode, random: SeededRandom) =>
  Effect.gen(function* () {
    const records = yield* Records
    const id = `n${random.between(1, cluster.plan.entities)}`
    const word = random.pick(["red", "green", "blue", "black", "white"])
    switch (random.between(0, 9)) {
      case 0:
      case 1:
        if (cluster.plan.wholeBytesMin < wholeBytesMin && random.chance(0.6)) {
          return yield* putMany(cluster, records, random, word)
        }
        return yield* records.put(Note, { text: word, tags: [word], votes: 0 }, `${id}/${random.between(1, 3)}`)
      case 2:
        return yield* records.put(Job, { team: random.pick(["a", "b"]), state: word }, id)
      case 3:
        return yield* records.remove(Note, `${id}/1`)
      case 4:
        return yield* records.patch(Note, `${id}/2`, { tags: Entity.add(word) })
      case 5:
        return yield* records.patch(Note, `${id}/2`, { tags: Entity.remove(word) })
      case 6:
        return yield* records.patch(Note, `${id}/3`, { color: word })
      case 7:
        return yield* putPair(cluster.ledger, records, `pair/${node.options.host}/${cluster.ledger.writes}`)
      default:
        return yield* addVotes(cluster.ledger, records, `sum/${random.between(1, 3)}`, random.between(1, 5))
    }
  })

/** Records of one transaction and one partition, of which others have some and lack some. */
const putMany = ({ plan }: Cluster, records: Records["Service"], random: SeededRandom, word: string) =>
  records.putAll(
    Note,
    Array.from({ length: random.between(2, 8) }, (_, i) => ({
      id: `n${random.between(1, plan.entities)}/${1 + (i % 3)}`,
      value: { text: word.repeat(random.between(1, 30)), tags: [word] }
    }))
  )

const addVotes = Effect.fnUntraced(function* (ledger: Ledger, records: Records["Service"], id: string, by: number) {
  const known = yield* records.get("note", id)
  if (known === undefined) yield* records.put(Note, { text: "sum", tags: [] }, id)
  ledger.tried.set(id, (ledger.tried.get(id) ?? 0) + by)
  yield* records.patch(Note, id, { votes: Entity.inc(by) })
  ledger.confirmed.set(id, (ledger.confirmed.get(id) ?? 0) + by)
})

/** Two records in two partitions by one transaction: both are there in the end, or neither. */
const putPair = Effect.fnUntraced(function* (ledger: Ledger, records: Records["Service"], name: string) {
  ledger.pairs.set(name, false)
  yield* records.putAll(
    Job,
    ["a", "b"].map((team) => ({ id: `${name}/${team}`, value: { team, state: name } }))
  )
  ledger.pairs.set(name, true)
})
