/**
 * Records on their way into a charter: drafted here, or brought by others, judged, made durable and only then counted. In a
 * space with a hub the hub alone takes records in; whoever manages the space hands it what it has signed itself. Who is told
 * of changes is the charter's business.
 */
import { Clock, Effect } from "effect"
import type { CryptoFunctions, Signer } from "../crypto/Crypto.ts"
import * as HybridTime from "../identity/HybridTime.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { CharterOptions, Received, RefusedRecord, Wording } from "./CharterContract.ts"
import * as CharterError from "./CharterError.ts"
import * as CharterFold from "./CharterFold.ts"
import type { Added, CharterGraph } from "./CharterGraph.ts"
import { type CharterOperation, managingLevel } from "./CharterOperation.ts"
import * as CharterRecord from "./CharterRecord.ts"
import { type CharterState, levelOf, memberOf } from "./CharterState.ts"
import type { CharterStoreShape } from "./CharterStore.ts"
import * as StoredRecords from "./StoredRecords.ts"

/** What is durable, and therefore counts and is told; the graph has what is on its way into the store as well. */
export interface Durable {
  readonly state: CharterState
  /** The records that count, in order. */
  readonly counting: ReadonlyArray<CharterRecord.CharterRecord>
  /** Those that do not, each behind what it stands behind. */
  readonly rivals: ReadonlyArray<CharterRecord.CharterRecord>
}

/** All that a graph has, which is durable. */
export const durableIn = (graph: CharterGraph): Durable => ({
  state: graph.state,
  counting: graph.after(0),
  rivals: graph.rivals
})

/** Records on their way into the store, and what they do to the graph. */
export interface Keeping {
  readonly options: CharterOptions
  readonly crypto: CryptoFunctions
  readonly signer: Signer & { readonly peer: PeerId }
  readonly store: CharterStoreShape
  graph: CharterGraph
  durable: Durable
}

/** Makes records durable that the graph has taken in already; when that fails it is as if they had never come. */
const keep = Effect.fnUntraced(function* (keeping: Keeping, records: ReadonlyArray<CharterRecord.CharterRecord>) {
  const { crypto, graph, options, store } = keeping
  const rollBack = Effect.sync(() => {
    keeping.graph = StoredRecords.without(graph, crypto, options.space, records)
  })
  const stored = records.map((record) => StoredRecords.toStore(graph, record))
  yield* Effect.onError(store.append(stored), () => rollBack)
  keeping.durable = durableIn(graph)
})

/** Nothing is written behind what this version cannot judge: it might not be allowed there. */
const unreadProblem = (unread: number): string =>
  `this version of the program cannot judge record ${unread}, which a later one wrote; update it`

/** A record of this device behind all that counts, or why there is none: nothing is kept of it. */
export const draft = Effect.fnUntraced(function* (
  { crypto, graph, options, signer }: Keeping,
  operations: ReadonlyArray<CharterOperation>,
  { behalf = "", note = "" }: Wording
) {
  const { unread, version } = graph.state
  if (version === 0 && operations[0]?._tag !== "Found") return yield* failed(new CharterError.CharterMissing({}))
  if (unread !== undefined) return yield* denied(version, unreadProblem(unread))
  const at = HybridTime.make(yield* Clock.currentTimeMillis, 0)
  const behind = graph.heads
  const made = { space: options.space, version: graph.versionBehind(behind), behind, at, behalf, note, operations }
  const record = CharterRecord.sealOrSay(crypto, signer, made)
  return typeof record === "string" ? yield* denied(version, record) : record
})

/** Why a record that was drafted here, or handed to this hub, is not to be taken in, though it would count. */
export const problemOf = (keeping: Keeping, record: CharterRecord.CharterRecord): string | undefined =>
  draftProblemIn(keeping, record) ?? removalProblemIn(keeping, record.operations)

/** Writes a record where this device may: as the hub, or in a space without one. */
export const write = Effect.fnUntraced(function* (
  keeping: Keeping,
  operations: ReadonlyArray<CharterOperation>,
  wording: Wording
) {
  const { graph, signer } = keeping
  const { hub, version } = graph.state
  const record = yield* draft(keeping, operations, wording)
  const counting = hub === undefined ? record : CharterRecord.withReceipt(record, signer)
  const problem = problemOf(keeping, counting)
  if (problem !== undefined) return yield* denied(version, problem)
  const added = graph.add(counting)
  if (added.kind === "refused") return yield* denied(version, added.problem)
  yield* keep(keeping, [counting])
  return keeping.durable.state
})

/** What is wrong with the documents of a record that this device is about to write. */
const draftProblemIn = ({ options, graph }: Keeping, record: CharterRecord.CharterRecord): string | undefined => {
  const { draftProblem, policyProblem } = options
  if (!record.operations.some(({ _tag }) => _tag === "SetPolicy" || _tag === "SealSpace")) return undefined
  const judged = CharterFold.apply(
    graph.state,
    record,
    (text, state) => policyProblem(text) ?? (wasInForce(graph, text) ? undefined : draftProblem?.(text, state))
  )
  if (typeof judged === "string") return judged
  const { policy, seal } = judged
  return policy === undefined || seal === undefined ? undefined : options.sealedProblem?.(policy.text)
}

/** What keeps a team or role here: the document that will be in force once the whole record counts. */
const removalProblemIn = (
  { graph, options }: Keeping,
  operations: ReadonlyArray<CharterOperation>
): string | undefined => {
  let text = graph.state.policy?.text
  for (const operation of operations) {
    if (operation._tag === "SetPolicy") ({ text } = operation)
    if (operation._tag === "RemovePolicy") text = undefined
  }
  if (text === undefined) return undefined
  for (const operation of operations) {
    if (operation._tag !== "RemoveTeam" && operation._tag !== "RemoveRole") continue
    const problem = options.removalProblem?.(text, operation)
    if (problem !== undefined) return problem
  }
  return undefined
}

const wasInForce = (graph: CharterGraph, text: string): boolean =>
  graph.after(0).some(({ operations }) => operations.some((each) => each._tag === "SetPolicy" && each.text === text))

/** Takes in records of others; as the hub, also those that devices hand to it to be taken in. */
export const receive = Effect.fnUntraced(function* (keeping: Keeping, records: ReadonlyArray<Uint8Array>) {
  const { crypto, graph } = keeping
  const opened = records.map((bytes) => CharterRecord.open(crypto, bytes))
  const refused = opened.flatMap((record): ReadonlyArray<RefusedRecord> =>
    typeof record === "string" ? [{ problem: record, operations: [] }] : []
  )
  const good = opened.filter((record) => typeof record !== "string")
  const handed = good.filter((record) => isHanded(keeping, record))
  const fresh: Array<CharterRecord.CharterRecord> = []
  const here: Array<CharterRecord.RecordId> = []
  const takenIn: Array<Uint8Array> = []
  let isMissing = false
  const note = (record: CharterRecord.CharterRecord, added: Added): void => {
    if (added.kind === "missing") isMissing = true
    if (added.kind === "refused") refused.push({ problem: added.problem, operations: namesIn(record) })
    if (added.kind === "added") fresh.push(record)
    if (added.kind === "added" || added.kind === "known") here.push(record.id)
  }
  const whole = good.filter((record) => !handed.includes(record))
  for (const [place, added] of graph.addAll(whole).entries()) note(whole[place]!, added)
  for (const record of handed) {
    const counting = CharterRecord.withReceipt(record, keeping.signer)
    const added = countersign(keeping, counting)
    note(counting, added)
    if (added.kind === "added") takenIn.push(counting.bytes)
  }
  if (fresh.length > 0) yield* keep(keeping, fresh)
  const outcome: Received = { added: fresh.length, isMissing, refused, takenIn, here }
  return outcome
})

/**
 * Why a hub takes nothing in from a device: only whoever manages the space hands records to it. What members may do to themselves
 * is done at the hub, where somebody has let them.
 */
export const handingProblem = (state: CharterState, signer: PeerId): string | undefined => {
  const member = memberOf(state, signer)
  if (member === undefined) return `${signer} is no device of a member`
  if (levelOf(state, member) >= managingLevel) return undefined
  return `${member.name} has the role ${member.role}, which does not manage the space; its hub takes records in of those who do`
}

/** Somebody else wrote it, and this is the hub that orders what is written. */
const isHanded = ({ graph, signer }: Keeping, record: CharterRecord.CharterRecord): boolean =>
  graph.state.hub === signer.peer && record.signer !== signer.peer && record.receipt === undefined

/** Takes a handed record in behind all that counts, or not at all: its writer then looks again. */
const countersign = (keeping: Keeping, record: CharterRecord.CharterRecord): Added => {
  const { graph } = keeping
  if (graph.knows(record.id)) return { kind: "known" }
  const problem = unjudgedProblem(graph.state, record) ?? handingProblem(graph.state, record.signer)
  if (problem !== undefined) return { kind: "refused", problem }
  if (!standsBehindAll(graph, record))
    return { kind: "refused", problem: "it does not stand behind all newest records" }
  const draftedBadly = problemOf(keeping, record)
  return draftedBadly === undefined ? graph.add(record) : { kind: "refused", problem: draftedBadly }
}

/** A hub signs for nothing that it cannot judge. */
const unjudgedProblem = (state: CharterState, { unread }: CharterRecord.CharterRecord): string | undefined => {
  if (state.unread !== undefined) return unreadProblem(state.unread)
  return unread === undefined ? undefined : "a later version of the program wrote it; the hub is to be updated first"
}

/** Its writer knew everything that counts here. After a restore several records may be the newest. */
export const standsBehindAll = ({ heads }: CharterGraph, { behind }: CharterRecord.CharterRecord): boolean =>
  behind.length === heads.length && behind.every((id, place) => id === heads[place])

const namesIn = ({ operations }: CharterRecord.CharterRecord): RefusedRecord["operations"] => [
  ...new Set(operations.map(({ _tag }) => _tag))
]

const failed = (reason: CharterError.CharterError["reason"]): Effect.Effect<never, CharterError.CharterError> =>
  Effect.fail(new CharterError.CharterError({ reason }))

const denied = (version: number, problem: string) => failed(new CharterError.CharterDenied({ version, problem }))
