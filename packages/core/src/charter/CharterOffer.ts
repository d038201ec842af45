/**
 * A record of this device on its way to the hub of its space: signed here, handed over by whichever session leads there, and
 * done once it counts. When somebody else was faster it is written anew behind that, after a pause and a bounded number of
 * times: what it does shall count once.
 */
import { Effect, PubSub, Semaphore } from "effect"
import type { Wording } from "./CharterContract.ts"
import * as CharterError from "./CharterError.ts"
import * as CharterFold from "./CharterFold.ts"
import { draft, handingProblem, type Keeping, problemOf, standsBehindAll } from "./CharterKeeping.ts"
import type { CharterOperation } from "./CharterOperation.ts"
import type { CharterRecord } from "./CharterRecord.ts"
import type { CharterState } from "./CharterState.ts"

/** For how long the hub is waited for, in milliseconds; one that is dialled again needs a few seconds. */
export const hubMsMax = 10_000

/** How often it is handed over until then. */
const againMs = 1_000

/** How often it is drafted until then. */
export const draftsMax = 16

/** How long it is waited before it is drafted again, for one that was taken in may come behind another one. */
const pauseMs = 250

type Failure = CharterError.CharterError

const failed = (reason: Failure["reason"]): Effect.Effect<never, Failure> =>
  Effect.fail(new CharterError.CharterError({ reason }))

/** What would be said after a record of these operations, or why there can be none. */
export const foresee = (
  keeping: Keeping,
  operations: ReadonlyArray<CharterOperation>
): Effect.Effect<CharterState, Failure> =>
  Effect.flatMap(draft(keeping, operations, {}), (record) => judged(keeping, record))

/** The state behind a drafted record, as the hub will see it. */
const judged = (keeping: Keeping, record: CharterRecord): Effect.Effect<CharterState, Failure> => {
  const { graph } = keeping
  const after = CharterFold.apply(graph.state, record)
  const problem = typeof after === "string" ? after : (outsideProblem(keeping) ?? problemOf(keeping, record))
  if (typeof after !== "string" && problem === undefined) return Effect.succeed(after)
  return failed(new CharterError.CharterDenied({ version: graph.state.version, problem: problem! }))
}

/** Where a hub takes records in, it must be one of those that it takes some from. */
const outsideProblem = ({ graph: { state }, signer }: Keeping): string | undefined =>
  state.hub === undefined || state.hub === signer.peer ? undefined : handingProblem(state, signer.peer)

/** It counts here, and is durable. */
const counts = ({ durable }: Keeping, { id }: CharterRecord): boolean => durable.counting.some((each) => each.id === id)

/**
 * The hub may take it in still, as it is not known to count and nothing counts here that it does not stand behind; or it has, and the
 * record is on its way into the store.
 */
const isOpen = (keeping: Keeping, record: CharterRecord): boolean =>
  !counts(keeping, record) && (keeping.graph.counts(record.id) || standsBehindAll(keeping.graph, record))

export interface CharterOffer {
  /** Writes through the hub, one record at a time. `isExpected` is asked before each draft. */
  readonly handIn: (
    isExpected: Effect.Effect<void, Failure>,
    operations: ReadonlyArray<CharterOperation>,
    wording: Wording
  ) => Effect.Effect<CharterState, Failure>
  readonly offered: () => Uint8Array | undefined
}

/** `changes` wakes the sessions, and tells when the charter says something else; `oneByOne` guards the graph. */
export const make = Effect.fnUntraced(function* (
  keeping: Keeping,
  changes: PubSub.PubSub<CharterState>,
  oneByOne: Semaphore.Semaphore
) {
  const offering = yield* Semaphore.make(1)
  let offered: CharterRecord | undefined
  const handOver = Effect.fnUntraced(function* (record: CharterRecord, moved: PubSub.Subscription<CharterState>) {
    offered = record
    while (isOpen(keeping, record)) {
      // Again and again, for a session that leads to the hub may only just have begun.
      yield* PubSub.publish(changes, keeping.durable.state)
      yield* Effect.timeoutOption(movedOn(record, moved), againMs)
    }
  })
  /** What was published here tells nothing new. */
  const movedOn = Effect.fnUntraced(function* (record: CharterRecord, moved: PubSub.Subscription<CharterState>) {
    while (isOpen(keeping, record)) yield* PubSub.take(moved)
  })
  const elsewhere = Effect.suspend(() => failed(new CharterError.CharterElsewhere({ hub: keeping.durable.state.hub! })))
  const handIn: CharterOffer["handIn"] = (isExpected, operations, wording) =>
    Effect.gen(function* () {
      const moved = yield* PubSub.subscribe(changes)
      const handed: Array<CharterRecord> = []
      while (handed.length < draftsMax) {
        const record = yield* Effect.gen(function* () {
          yield* isExpected
          const drafted = yield* draft(keeping, operations, wording)
          yield* judged(keeping, drafted)
          return drafted
        }).pipe(oneByOne.withPermits(1))
        handed.push(record)
        yield* handOver(record, moved)
        if (!counts(keeping, record)) yield* Effect.sleep(pauseMs)
        if (handed.some((each) => counts(keeping, each))) return keeping.durable.state
      }
      return yield* elsewhere
    }).pipe(
      Effect.timeoutOrElse({ duration: hubMsMax, orElse: () => elsewhere }),
      Effect.ensuring(Effect.sync(() => (offered = undefined))),
      Effect.scoped,
      offering.withPermits(1)
    )
  const offer: CharterOffer = { handIn, offered: () => offered?.bytes }
  return offer
})
