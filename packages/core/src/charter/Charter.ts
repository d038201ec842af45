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
import type { SpaceId } from "../identity/SpaceId.ts"
import type { JournalError } from "../journal/JournalError.ts"
import * as CharterError from "./CharterError.ts"
import type * as CharterFold from "./CharterFold.ts"
import * as CharterKeeping from "./CharterKeeping.ts"
import type { Keeping } from "./CharterKeeping.ts"
import * as CharterOffer from "./CharterOffer.ts"
import type { CharterOperation, Named } from "./CharterOperation.ts"
import type * as CharterRecord from "./CharterRecord.ts"
import { CharterStore } from "./CharterStore.ts"
import type { CharterState } from "./CharterState.ts"
import * as StoredRecords from "./StoredRecords.ts"
import { type CharterGraph, rivalsMax } from "./CharterGraph.ts"

/** What a record says beside what it does. */
export interface Wording {
  /** The person in whose name this device signs, at most 128 characters. */
  readonly behalf?: string
  /** Why, at most 512 characters. */
  readonly note?: string
  /** The version that the charter must have, or nothing is written and it fails with `CharterMoved`. */
  readonly expectedVersion?: number
  /**
   * The digest that the charter must have, 32 hexadecimal digits; otherwise the same. Without a hub a version may come to mean
   * other records than it did.
   */
  readonly expectedDigest?: string
}

/** A version and its record: with a few of them two charters find where they part. */
export type Mark = readonly [version: number, id: CharterRecord.RecordId]

/** What one charter tells another of what it has. */
export interface Known {
  /** Of the records that count: the head, then ever further back, at most 64. */
  readonly marks: ReadonlyArray<Mark>
  /** The records that do not count, at most 1,024. Elsewhere, or later, they may. */
  readonly rivals: ReadonlyArray<CharterRecord.RecordId>
}

/** What came of records from somebody else. */
export interface Received {
  /** Records that were new. */
  readonly added: number
  /** Something stands behind a record that is not known here. */
  readonly isMissing: boolean
  readonly refused: ReadonlyArray<RefusedRecord>
  /** Records that were handed to this hub and count now, with its receipt. */
  readonly takenIn: ReadonlyArray<Uint8Array>
  /** Ids of those that are known here now, new or not. */
  readonly here: ReadonlyArray<CharterRecord.RecordId>
}

/** A record that counts nowhere. */
export interface RefusedRecord {
  readonly problem: string
  /** What it would have done, as far as it could be read and was signed as it says. */
  readonly operations: ReadonlyArray<CharterOperation["_tag"]>
}

export interface CharterShape {
  /** What counts now; version 0 when no record is known. */
  readonly state: () => CharterState
  /** What counted after a version; `undefined` beyond the present one. */
  readonly stateAt: (version: number) => CharterState | undefined
  /**
   * Writes a record that does all of this, or none. In a space with a hub the hub takes it in: it fails with
   * `CharterElsewhere` when the hub has not within 10 s.
   */
  readonly write: (
    operations: ReadonlyArray<CharterOperation>,
    wording?: Wording
  ) => Effect.Effect<CharterState, CharterError.CharterError>
  /** What the charter would say after operations of this device, or why they may not be done. Nothing is written. */
  readonly foresee: (
    operations: ReadonlyArray<CharterOperation>
  ) => Effect.Effect<CharterState, CharterError.CharterError>
  /** A record of this device that waits for the hub to take it in. */
  readonly offered: () => Uint8Array | undefined
  /** Takes in records, whoever brings them: their signatures say who wrote them. */
  readonly receive: (records: ReadonlyArray<Uint8Array>) => Effect.Effect<Received, JournalError>
  readonly known: () => Known
  /**
   * What a peer that is not let in may be told of it: where it was removed, the marks up to there and the rivals that it has
   * signed itself.
   */
  readonly knownTo: (peer: PeerId) => Known
  /** The records that are known and do not count, each behind what it stands behind. */
  readonly rivals: () => ReadonlyArray<CharterRecord.CharterRecord>
  /** 16 bytes that are equal where the same records count in the same order. */
  readonly digest: () => Uint8Array
  /** Records that somebody lacks who knows that much: first what counts, with what it needs; about `bytesMax` bytes, at least one. */
  readonly beyond: (known: Known, bytesMax: number) => ReadonlyArray<Uint8Array>
  /** Emits after the charter changed. A subscriber that lags behind sees the newest only. */
  readonly changes: Stream.Stream<CharterState>
  /** Emits after records came, also where none of them counts. */
  readonly arrivals: Stream.Stream<void>
}

/** Changes that a slow subscriber may lag behind. */
const changesMax = 16

export class Charter extends Context.Service<Charter, CharterShape>()("@syncline/core/charter/Charter") {}

/** Why a team or role may not be removed while a policy document is in force, or nothing. */
export type RemovalCheck = (text: string, removed: Named<"RemoveTeam" | "RemoveRole">) => string | undefined

export interface CharterOptions {
  readonly space: SpaceId
  /**
   * Why a policy document that this device is to put in force cannot be read, or nothing; asked before a record is signed, also
   * of one that was in force before. Documents of others are not asked about: a later version may read what this one cannot,
   * and a charter that depended on the reader would be another one here.
   */
  readonly policyProblem: (text: string) => string | undefined
  /**
   * What is wrong with a document that this device is to put in force for the first time, or nothing. What is in the charter
   * is not asked about again: neither a team that goes nor a stricter version of the program takes a document out of force.
   */
  readonly draftProblem?: CharterFold.PolicyCheck | undefined
  /**
   * What is wrong in a sealed space with a document that is in force behind a record of this device, or nothing: who judges
   * by it cannot look into contents.
   */
  readonly sealedProblem?: ((text: string) => string | undefined) | undefined
  /**
   * Asked before a record is signed that removes a team or role here, of the document that is in force behind it. Records of
   * others are not asked about.
   */
  readonly removalProblem?: RemovalCheck | undefined
}

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
