/**
 * Random writes of a simulated cluster, and a ledger of what was acknowledged: additions to counters, which must all
 * be in the totals in the end, each once.
 */
import { Effect, Schema } from "effect"
import { Records } from "../orchestrator/Records.ts"
import * as Entity from "../model/Entity.ts"
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

const writeFor = Effect.fnUntraced(function* (cluster: Cluster, node: SimulatedNode, random: SeededRandom) {
  for (;;) {
    yield* Effect.sleep(random.between(1, 2 * cluster.plan.writeEveryMs))
    if (!cluster.isFaulty) return
    const outcome = yield* Effect.exit(node.run(writeOnce(cluster, random)))
    cluster.note(`write ${node.options.host} ${outcome._tag}`)
    cluster.ledger.writes++
  }
})

const writeOnce = (cluster: Cluster, random: SeededRandom) =>
  Effect.gen(function* () {
    const records = yield* Records
    const id = `n${random.between(1, cluster.plan.entities)}`
    const word = random.pick(["red", "green", "blue", "black", "white"])
    switch (random.between(0, 9)) {
      case 0:
      case 1:
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
      default:
        return yield* addVotes(cluster.ledger, records, `sum/${random.between(1, 3)}`, random.between(1, 5))
    }
  })

const addVotes = Effect.fnUntraced(function* (ledger: Ledger, records: Records["Service"], id: string, by: number) {
  const known = yield* records.get("note", id)
  if (known === undefined) yield* records.put(Note, { text: "sum", tags: [] }, id)
  ledger.tried.set(id, (ledger.tried.get(id) ?? 0) + by)
  yield* records.patch(Note, id, { votes: Entity.inc(by) })
  ledger.confirmed.set(id, (ledger.confirmed.get(id) ?? 0) + by)
})
