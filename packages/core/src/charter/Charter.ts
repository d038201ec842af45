/**
 * The charter of this node's space, as everything else sees it: what it says now, writing a record, taking in those of
 * others, and a word when it changes. A record counts here once it is durable. How records travel is the session's
 * business, and what a policy document means the policy's.
 */
import { Context, Effect, Layer, PubSub, Semaphore, Stream } from "effect"
import { Crypto } from "../crypto/Crypto.ts"
import { DeviceKey } from "../crypto/DeviceKey.ts"
import * as Bytes from "../identity/Bytes.ts"
import type { PeerId } from "../identity/PeerId.ts"
import type { JournalError } from "../journal/JournalError.ts"
import type { CharterOptions, CharterShape, Known, Mark, Wording } from "./CharterContract.ts"
import * as CharterError from "./CharterError.ts"
import * as CharterKeeping from "./CharterKeeping.ts"
import type { Durable, Keeping } from "./CharterKeeping.ts"
import * as CharterOffer from "./CharterOffer.ts"
import type * as CharterRecord from "./CharterRecord.ts"
import { CharterStore } from "./CharterStore.ts"
import type { CharterState } from "./CharterState.ts"
import * as StoredRecords from "./StoredRecords.ts"
import { rivalsMax } from "./CharterGraph.ts"

export type {
  CharterOptions,
  CharterShape,
  Known,
  Mark,
  Received,
  RefusedRecord,
  RemovalCheck,
  Wording
} from "./CharterContract.ts"

/** Changes that a slow subscriber may lag behind. */
const changesMax = 16

export class Charter extends Context.Service<Charter, CharterShape>()("@syncline/core/charter/Charter") {}

/** The charter as its store has it. */
export const make = Effect.fnUntraced(function* (options: CharterOptions) {
  const crypto = yield* Crypto
  const signer = yield* DeviceKey
  const store = yield* CharterStore
  const graph = yield* StoredRecords.load(crypto, options.space, store)
  const keeping: Keeping = { options, crypto, signer, store, graph, durable: CharterKeeping.durableIn(graph) }
  const changes = yield* PubSub.sliding<CharterState>(changesMax)
  const arrivals = yield* PubSub.sliding<void>(1)
  const oneByOne = yield* Semaphore.make(1)
  const digest = digestOf(keeping)
  const told = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const { state } = keeping.durable
      const { size } = keeping.graph
      const tell = Effect.gen(function* () {
        const now = keeping.durable.state
        if (now !== state) yield* PubSub.publish(changes, now)
        if (keeping.graph.size !== size) yield* PubSub.publish(arrivals, undefined)
      })
      return Effect.ensuring(effect, tell)
    }).pipe(Effect.uninterruptible, oneByOne.withPermits(1))
  const offer = yield* CharterOffer.make(keeping, changes, oneByOne)
  const isElsewhere = ({ durable: { state } }: Keeping): boolean => state.hub !== undefined && state.hub !== signer.peer
  const charter: CharterShape = {
    state: () => keeping.durable.state,
    stateAt: (version) => stateAt(keeping, version),
    write: (operations, wording = {}) => {
      const isExpected = Effect.suspend(() => unmoved(keeping, digest, wording))
      return Effect.suspend(() =>
        isElsewhere(keeping)
          ? offer.handIn(isExpected, operations, wording)
          : told(Effect.andThen(isExpected, asCharterError(CharterKeeping.write(keeping, operations, wording))))
      )
    },
    foresee: (operations) => Effect.suspend(() => CharterOffer.foresee(keeping, operations)),
    offered: offer.offered,
    receive: (records) => told(CharterKeeping.receive(keeping, records)),
    records: (limit, before) => recordsOf(keeping, limit, before),
    digest,
    known: () => ({ marks: marksOf(keeping.durable), rivals: idsOf(keeping.durable.rivals) }),
    knownTo: (peer) => knownTo(keeping.durable, peer),
    beyond: (known, bytesMax) => beyond(keeping, known, bytesMax),
    rivals: () => keeping.durable.rivals,
    changes: Stream.fromPubSub(changes),
    arrivals: Stream.fromPubSub(arrivals)
  }
  return charter
})

const failed = (reason: CharterError.CharterError["reason"]): Effect.Effect<never, CharterError.CharterError> =>
  Effect.fail(new CharterError.CharterError({ reason }))

const unmoved = (
  { durable: { state } }: Keeping,
  digest: CharterShape["digest"],
  { expectedDigest, expectedVersion: expected = state.version }: Wording
) => {
  const { version } = state
  const isSame = expectedDigest === undefined || Bytes.toHex(digest()) === expectedDigest
  return expected === version && isSame ? Effect.void : failed(new CharterError.CharterMoved({ expected, version }))
}

const asCharterError = <A>(
  effect: Effect.Effect<A, CharterError.CharterError | JournalError>
): Effect.Effect<A, CharterError.CharterError> =>
  Effect.catchTag(effect, "JournalError", (cause) => failed(new CharterError.CharterStoreFailed({ cause })))

const digestBytes = 16

/** Over what counts alone: what does not may differ, and bars nobody. Computed once for each change. */
const digestOf = (keeping: Keeping): CharterShape["digest"] => {
  let last: { readonly state: CharterState; readonly digest: Uint8Array } | undefined
  return () => {
    const { crypto } = keeping
    const { counting, state } = keeping.durable
    if (last?.state !== state) {
      const ids = counting.map(({ id }) => Bytes.fromHex(id)!)
      last = { state, digest: crypto.sha256(Bytes.concat(...ids)).slice(0, digestBytes) }
    }
    return last!.digest
  }
}

/** Also while another record is on its way into the store. */
const stateAt = ({ durable: { state }, graph }: Keeping, version: number): CharterState | undefined => {
  if (version === state.version) return state
  return version > state.version ? undefined : graph.stateAt(version)
}

const recordsOf = ({ durable: { state }, graph }: Keeping, limit: number, before = state.version + 1) => {
  const end = Math.min(before - 1, state.version)
  const from = Math.max(0, end - limit)
  return graph
    .after(from)
    .slice(0, Math.max(0, end - from))
    .toReversed()
}

/** The newest of them are named where there are too many. */
const idsOf = (rivals: Durable["rivals"]): ReadonlyArray<CharterRecord.RecordId> =>
  rivals.slice(-rivalsMax).map(({ id }) => id)

const knownTo = (durable: Durable, peer: PeerId): Known => {
  const removedAt = durable.state.removedDevices.get(peer)
  if (removedAt === undefined) return { marks: marksOf(durable), rivals: idsOf(durable.rivals) }
  const own = durable.rivals.filter(({ signer }) => signer === peer)
  return { marks: marksOf(durable, removedAt), rivals: idsOf(own) }
}

/** The last 16 versions one by one, then ever larger steps back to the first. */
const marksOf = ({ counting }: Durable, upto = counting.length): ReadonlyArray<Mark> => {
  const marks: Array<Mark> = []
  let step = 1
  for (let version = upto; version > 0; version -= step) {
    marks.push([version, counting[version - 1]!.id])
    if (marks.length >= 16) step *= 2
  }
  return marks
}

/** Nothing goes out that is not durable: what the store does not keep has never been. */
const beyond = ({ durable, graph }: Keeping, known: Known, bytesMax: number): ReadonlyArray<Uint8Array> => {
  const { counting, rivals } = durable
  const isAll = counting.length + rivals.length === graph.size
  const kept = isAll ? undefined : new Set([...counting, ...rivals].map(({ id }) => id))
  const sent: Array<Uint8Array> = []
  let bytes = 0
  for (const { bytes: record, id } of graph.beyond([...known.marks.map(([, mark]) => mark), ...known.rivals])) {
    if (kept?.has(id) === false) continue
    bytes += record.length
    if (sent.length > 0 && bytes > bytesMax) break
    sent.push(record)
  }
  return sent
}

/** The charter as a layer. */
export const layer = (options: CharterOptions) => Layer.effect(Charter, make(options))
