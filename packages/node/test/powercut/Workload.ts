/**
 * The load under which the power is cut: several writers at once, one of whole transactions, a peer whose commits come
 * in, and a publisher that reads the feed as a session does. Each reports what its journal promised. The seed decides
 * what each writes, never how their writes interleave.
 */
import {
  DeleteWatch,
  Commit,
  Crypto,
  DeviceKey,
  type EntityChange,
  type Journal,
  type JournalError,
  Limits,
  MemoryJournal,
  type PeerId,
  type WriteError
} from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Effect, Layer } from "effect"
import * as DeviceKeyFile from "../../src/DeviceKeyFile.ts"
import * as NodeCompression from "../../src/NodeCompression.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import { seedOf } from "../temporaryFolder.ts"
import type { PeerCursor, Report } from "./Report.ts"

export interface WorkloadOptions {
  readonly seed: number
  /** Tells the lives of one disk apart: its ids and numbers are used in no other. */
  readonly life: number
  readonly hasPeer: boolean
  readonly report: (report: Report) => void
}

const singlesAtOnce = 6
const textLengthMax = 800
/** More than the events of one commit, so that some transactions need several. */
const batchSizeMax = 300
/** Pauses keep what a life writes within the disk; the other lanes go on meanwhile. */
const singlePauseMsMax = 4
const pauseMsMax = 20
const offerBytesMax = 64 * 1024
const publishBytesMax = 64 * 1024
const publishEveryMs = 5
/** Numbers of one life; the next life's are larger. */
const numbersPerLife = 1_000_000
/** A peer that delivered nothing: its feed is everything. */
const nobody = "nobody" as PeerId.PeerId

type Failure = JournalError.JournalError | WriteError.WriteError

interface Lane extends WorkloadOptions {
  readonly journal: Journal.JournalShape
  readonly random: SeededRandom.SeededRandom
  readonly name: string
}

type Values = { readonly [field: string]: string | number }

const put = (id: string, lww: Values): EntityChange.EntityChange => ({
  partition: { type: "note", header: {} },
  id,
  change: { kind: "put", lww, counters: {}, sets: {} }
})

const text = (random: SeededRandom.SeededRandom): string => "x".repeat(random.between(0, textLengthMax))

/** Works until it is interrupted. */
export const run = (journal: Journal.JournalShape, options: WorkloadOptions): Effect.Effect<void, Failure> => {
  const lane = (name: string, stream: number): Lane => ({
    ...options,
    journal,
    name: `${options.life}/${name}`,
    random: new SeededRandom.SeededRandom(options.seed, options.life * 64 + stream)
  })
  const singles = Array.from({ length: singlesAtOnce }, (_, place) =>
    writeSingles(lane(`single ${place}`, place), place)
  )
  const batches = writeBatches(lane("batch", singlesAtOnce))
  const received = options.hasPeer ? [receive(lane("peer", singlesAtOnce + 1))] : []
  const lanes = [...singles, batches, ...received, publish(journal, options.report)]
  return Effect.all(lanes, { concurrency: "unbounded", discard: true })
}

/** What went on after the cut: every note that is changed again, and some new ones. */
export const writeOnce = (journal: Journal.JournalShape, options: WorkloadOptions): Effect.Effect<void, Failure> => {
  const number = (options.life + 1) * numbersPerLife - 1
  const ids = Array.from({ length: singlesAtOnce }, (_, place) => hotNote(place))
  const changes = [...ids, `${options.life}/after`].map((id) => put(id, { number }))
  return Effect.map(journal.write(changes), (outcome) => acknowledge(options, outcome, changes))
}

/** A note that one lane of every life changes again and again, so that its event numbers grow. */
const hotNote = (place: number): string => `hot ${place}`

const acknowledge = (
  { report }: Pick<WorkloadOptions, "report">,
  { commits, head }: Pick<Journal.WriteOutcome, "commits" | "head">,
  changes: ReadonlyArray<EntityChange.EntityChange>,
  cursor?: PeerCursor
): void => {
  const first = head - commits.length + 1
  const numbered = commits.map((commit, index) => [first + index, commit] as const)
  const notes = changes.map(({ change, id }) => [id, numberOf(change)] as const)
  report({ kind: "acknowledged", commits: numbered, notes, ...(cursor === undefined ? {} : { cursor }) })
}

const numberOf = (change: EntityChange.EntityChange["change"]): number =>
  change.kind === "put" ? (change.lww["number"] as number) : 0

const writeSingles = (lane: Lane, place: number) => {
  let number = lane.life * numbersPerLife
  return Effect.forever(
    Effect.gen(function* () {
      number++
      const id = lane.random.chance(0.5) ? hotNote(place) : `${lane.name} ${number}`
      const changes = [put(id, { number, text: text(lane.random) })]
      acknowledge(lane, yield* lane.journal.write(changes), changes)
      yield* Effect.sleep(lane.random.between(0, singlePauseMsMax))
    })
  )
}

const writeBatches = (lane: Lane) => {
  let number = lane.life * numbersPerLife
  return Effect.forever(
    Effect.gen(function* () {
      const batch = `${lane.name} ${number}`
      const size = lane.random.between(2, batchSizeMax)
      const changes = Array.from({ length: size }, (_, index) =>
        put(`${batch}/${index}`, { number: ++number, batch, size, text: "y".repeat(lane.random.between(0, 100)) })
      )
      acknowledge(lane, yield* lane.journal.write(changes), changes)
      yield* Effect.sleep(lane.random.between(0, pauseMsMax))
    })
  )
}

const layerPeer = (life: number) =>
  Layer.mergeAll(DeviceKeyFile.layerSeed(seedOf(100 + (life % 100))), NodeCrypto.layer, NodeCompression.layer)

/** Takes in the feed of a peer that writes as it is asked. */
const receive = (lane: Lane) =>
  Effect.gen(function* () {
    const peer = yield* MemoryJournal.make({ space: lane.journal.info.space })
    const { peer: peerId } = yield* DeviceKey.DeviceKey
    const crypto = yield* Crypto.Crypto
    const { incarnation } = peer.info
    let number = lane.life * numbersPerLife
    let from = 0
    for (;;) {
      const written: Array<EntityChange.EntityChange> = []
      for (let i = lane.random.between(1, 8); i > 0; i--) {
        const changes = Array.from({ length: lane.random.between(1, 5) }, () =>
          put(`${lane.name} ${++number}`, { number, text: text(lane.random) })
        )
        yield* peer.write(changes)
        written.push(...changes)
      }
      const page = yield* peer.feed(from, nobody, offerBytesMax)
      if (!page.isEnd) throw new Error("a peer wrote more than one page")
      const commits = page.commits.map(({ bytes }) => Commit.id(crypto, Commit.open(bytes) as Commit.PackedCommit))
      const cursor = { peer: peerId, incarnation, upto: page.upto }
      lane.report({ kind: "offered", cursor, commits })
      const { applied, head } = yield* lane.journal.receive({
        peer: peerId,
        incarnation,
        isCustodian: false,
        feed: { from, upto: page.upto },
        commits: page.commits.map(({ bytes }) => bytes),
        denials: [],
        aheadMsMax: Limits.clockAheadPeerMs,
        deleteLimits: DeleteWatch.defaultDeleteLimits
      })
      if (applied !== written.length) throw new Error(`${applied} of ${written.length} events were applied`)
      acknowledge(lane, { commits, head }, written, cursor)
      from = page.upto
      yield* Effect.sleep(lane.random.between(0, pauseMsMax))
    }
  }).pipe(Effect.provide(layerPeer(lane.life)))

/** Reads the feed on, as a session does that sends it to a peer. */
const publish = Effect.fnUntraced(function* (journal: Journal.JournalShape, report: WorkloadOptions["report"]) {
  let after = yield* journal.head
  for (;;) {
    const page = yield* journal.feed(after, nobody, publishBytesMax)
    const commits = page.commits.map(({ bytes, lseq }) => [lseq, Buffer.from(bytes).toString("base64")] as const)
    if (commits.length > 0) report({ kind: "published", commits })
    after = page.upto
    if (page.isEnd) yield* Effect.sleep(publishEveryMs)
  }
})
