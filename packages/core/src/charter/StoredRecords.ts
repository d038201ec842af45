/**
 * The records of a charter as its store has them, and a charter of what was stored. What was taken in without being judged is
 * marked: a program that can judge it may refuse it then, with all that stands behind it, as it would have when they came.
 * Everything else was judged before, and counts or closes the space.
 * Where a record is damaged or gone there is no charter at all: without it somebody might have a right that was taken.
 */
import { Effect } from "effect"
import type { CryptoFunctions } from "../crypto/Crypto.ts"
import type { SpaceId } from "../identity/SpaceId.ts"
import { JournalError, StoreCorrupt, StoreForeign } from "../journal/JournalError.ts"
import { type Added, CharterGraph, notTakenIn } from "./CharterGraph.ts"
import * as CharterRecord from "./CharterRecord.ts"
import type { CharterStoreShape } from "./CharterStore.ts"

/** No record begins with this byte: MessagePack never uses it. */
const unjudgedMark = 0xc1

/** What the store is to keep of a record that the graph knows. */
export const toStore = (graph: CharterGraph, { bytes, id }: CharterRecord.CharterRecord): Uint8Array =>
  graph.isJudged(id) ? bytes : new Uint8Array([unjudgedMark, ...bytes])

/** The graph of what is stored. Fails where a record is damaged or missing. */
export const load = Effect.fnUntraced(function* (
  crypto: CryptoFunctions,
  space: SpaceId,
  store: Pick<CharterStoreShape, "load" | "path">
) {
  const stored = yield* store.load
  const nameOf = (place: number): string => `record ${place + 1} of ${stored.length}`
  const rows: Array<{ readonly record: CharterRecord.CharterRecord; readonly name: string }> = []
  const judged = new Set<CharterRecord.RecordId>()
  const unjudged = new Set<CharterRecord.RecordId>()
  const dropped = new Set<CharterRecord.RecordId>()
  for (const [place, bytes] of stored.entries()) {
    const isMarked = bytes[0] === unjudgedMark
    const opened = CharterRecord.openKept(crypto, isMarked ? bytes.subarray(1) : bytes)
    if (opened === CharterRecord.newer) return yield* foreign(store.path, nameOf(place))
    if (typeof opened === "string") return yield* damaged(store.path, `${nameOf(place)}: ${opened}`)
    const { problem, record } = opened
    if (problem !== undefined && !isMarked) return yield* damaged(store.path, `${nameOf(place)}: ${problem}`)
    // Whoever judged one that stands behind such a one did not know what that is.
    const isUnjudged = isMarked || record.behind.some((id) => unjudged.has(id))
    if (isUnjudged) unjudged.add(record.id)
    else judged.add(record.id)
    if (problem === undefined) rows.push({ record, name: `${nameOf(place)}, ${record.id}` })
    else dropped.add(record.id)
  }
  const graph = new CharterGraph(crypto, space)
  const records = rows.map(({ record }) => record)
  for (const [place, added] of graph.addAll(records, judged).entries()) {
    const { name, record } = rows[place]!
    const problem = lossOf(added, record, (id) => graph.knows(id) || dropped.has(id), judged.has(record.id))
    if (problem !== undefined) return yield* damaged(store.path, `${name}: ${problem}`)
    if (!graph.knows(record.id)) dropped.add(record.id)
  }
  return graph
})

/** What is damaged where a record of the store is not taken in again; nothing where it had not been judged before. */
const lossOf = (
  added: Added,
  { behind }: CharterRecord.CharterRecord,
  isThere: (id: CharterRecord.RecordId) => boolean,
  wasJudged: boolean
): string | undefined => {
  if (added.kind === "missing" && (wasJudged || !behind.every(isThere))) return "a record that it stands behind is gone"
  return added.kind === "refused" && (wasJudged || added.problem === notTakenIn) ? added.problem : undefined
}

/** A graph without these records, which did not become durable. */
export const without = (
  graph: CharterGraph,
  crypto: CryptoFunctions,
  space: SpaceId,
  records: ReadonlyArray<CharterRecord.CharterRecord>
): CharterGraph => {
  const gone = new Set(records.map(({ id }) => id))
  const left = graph.records.filter(({ id }) => !gone.has(id))
  const before = new CharterGraph(crypto, space)
  before.addAll(left, new Set(left.filter(({ id }) => graph.isJudged(id)).map(({ id }) => id)))
  return before
}

const remedy =
  "restore a backup of the whole data folder; on a device that takes its charter from a hub you may move this one file away instead, never on the hub itself"

const damaged = (path: string, problem: string): Effect.Effect<never, JournalError> =>
  Effect.fail(new JournalError({ reason: new StoreCorrupt({ path, problem, remedy }) }))

const foreign = (path: string, name: string): Effect.Effect<never, JournalError> =>
  Effect.fail(
    new JournalError({
      reason: new StoreForeign({ path, problem: `a later version of the program wrote ${name}; update this one` })
    })
  )
