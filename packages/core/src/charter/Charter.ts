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
import type { Keeping } from "./CharterKeeping.ts"
import * as CharterOffer from "./CharterOffer.ts"
import type * as CharterRecord from "./CharterRecord.ts"
import { CharterStore } from "./CharterStore.ts"
import type { CharterState } from "./CharterState.ts"
import * as StoredRecords from "./StoredRecords.ts"
import { type CharterGraph, rivalsMax } from "./CharterGraph.ts"

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
  const keeping: Keeping = { options, crypto, signer, store, graph, state: graph.state }
  const changes = yield* PubSub.sliding<CharterState>(changesMax)
  const arrivals = yield* PubSub.sliding<void>(1)
  const oneByOne = yield* Semaphore.make(1)
  const digest = digestOf(keeping)
  const told = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const { state } = keeping
      const { size } = keeping.graph
      const tell = Effect.gen(function* () {
        if (keeping.state !== state) yield* PubSub.publish(changes, keeping.state)
        if (keeping.graph.size !== size) yield* PubSub.publish(arrivals, undefined)
      })
      return Effect.ensuring(effect, tell)
    }).pipe(Effect.uninterruptible, oneByOne.withPermits(1))
  const offer = yield* CharterOffer.make(keeping, changes, oneByOne)
  const isElsewhere = ({ state: { hub } }: Keeping): boolean => hub !== undefined && hub !== signer.peer
  const charter: CharterShape = {
    state: () => keeping.state,
    stateAt: (version) => (version > keeping.state.version ? undefined : keeping.graph.stateAt(version)),
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
    digest,
    known: () => ({ marks: marksOf(keeping.graph), rivals: rivalsOf(keeping.graph) }),
    knownTo: (peer) => knownTo(keeping.graph, peer),
    beyond: (known, bytesMax) => beyond(keeping.graph, known, bytesMax),
    rivals: () => keeping.graph.rivals,
    changes: Stream.fromPubSub(changes),
    arrivals: Stream.fromPubSub(arrivals)
  }
  return charter
})

const failed = (reason: CharterError.CharterError["reason"]): Effect.Effect<never, CharterError.CharterError> =>
  Effect.fail(new CharterError.CharterError({ reason }))

const unmoved = (
  { state: { version } }: Keeping,
  digest: CharterShape["digest"],
  { expectedDigest, expectedVersion: expected = version }: Wording
) => {
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
    const { crypto, graph } = keeping
    if (last?.state !== graph.state) {
      const ids = graph.after(0).map(({ id }) => Bytes.fromHex(id)!)
      last = { state: graph.state, digest: crypto.sha256(Bytes.concat(...ids)).slice(0, digestBytes) }
    }
    return last!.digest
  }
}

/** The newest of them are named where there are too many. */
const rivalsOf = (graph: CharterGraph): ReadonlyArray<CharterRecord.RecordId> =>
  graph.rivals.slice(-rivalsMax).map(({ id }) => id)

const knownTo = (graph: CharterGraph, peer: PeerId): Known => {
  const removedAt = graph.state.removedDevices.get(peer)
  if (removedAt === undefined) return { marks: marksOf(graph), rivals: rivalsOf(graph) }
  const own = graph.rivals.filter(({ signer }) => signer === peer)
  return { marks: marksOf(graph, removedAt), rivals: own.slice(-rivalsMax).map(({ id }) => id) }
}

/** The last 16 versions one by one, then ever larger steps back to the first. */
const marksOf = (graph: CharterGraph, upto = graph.state.version): ReadonlyArray<Mark> => {
  const marks: Array<Mark> = []
  let step = 1
  for (let version = upto; version > 0; version -= step) {
    marks.push([version, graph.at(version)!])
    if (marks.length >= 16) step *= 2
  }
  return marks
}

const beyond = (graph: CharterGraph, known: Known, bytesMax: number): ReadonlyArray<Uint8Array> => {
  const sent: Array<Uint8Array> = []
  let bytes = 0
  for (const { bytes: record } of graph.beyond([...known.marks.map(([, id]) => id), ...known.rivals])) {
    bytes += record.length
    if (sent.length > 0 && bytes > bytesMax) break
    sent.push(record)
  }
  return sent
}

/** The charter as a layer. */
export const layer = (options: CharterOptions) => Layer.effect(Charter, make(options))
