/**
 * `syncline sync`: goes to the hub and ends when both sides have proved that they hold the same, and looks once into each mailbox of
 * the device. Where the hub cannot be reached a mailbox is enough. With `--watch` it stays and tells of every proof, with
 * `--every` it comes back so often.
 */
import { performance } from "node:perf_hooks"
import { Journal, Orchestrator, SpaceKeys } from "@syncline/core"
import { RoadMemory } from "@syncline/node"
import { Effect, Result } from "effect"
import { because, type CliError } from "../CliError.ts"
import * as Connection from "../Connection.ts"
import * as Device from "../Device.ts"
import { Output } from "../Output.ts"
import * as Progress from "../Progress.ts"
import * as RecordCounts from "../RecordCounts.ts"
import { NothingReached } from "../RoadError.ts"
import * as RoadLook from "../RoadLook.ts"
import * as RoadText from "../RoadText.ts"
import type { Road } from "../Roads.ts"
import * as SyncText from "../SyncText.ts"

export interface SyncInput {
  readonly data: string
  readonly isWatching: boolean
  /** Seconds between two syncs of one that stays; absent: it syncs all the time. */
  readonly every?: number | undefined
  /** Seconds without anything moving. */
  readonly timeout: number
}

export const run = Effect.fnUntraced(function* (input: SyncInput) {
  const isStaying = input.isWatching || input.every !== undefined
  const autoSync = input.every === undefined ? "live" : { everyMs: input.every * 1_000 }
  const { direct, hub, mailboxes, roads } = yield* Connection.waysOf(input.data, isStaying)
  const progress = yield* Progress.make
  const working: Working = { input, hub, roads, progress, startedMs: performance.now() }
  yield* (isStaying ? stay(working) : comeBy(working)).pipe(
    Effect.ensuring(progress.clear),
    Effect.provide(Device.layerOnline(input.data, { hub, mailboxes, direct, autoSync }))
  )
})

interface Working {
  readonly input: SyncInput
  readonly hub: Connection.Hub | undefined
  readonly roads: ReadonlyArray<Road>
  readonly progress: Progress.Progress
  readonly startedMs: number
}

const secondsSince = (startedMs: number): number => Math.round(performance.now() - startedMs) / 1000

/** Until there is a proof, and each mailbox was looked into once. */
const comeBy = Effect.fnUntraced(function* (working: Working) {
  const output = yield* Output
  const { hub, input, progress, startedMs } = working
  const met = hub === undefined ? undefined : yield* meet(working, hub)
  if (met?.proof !== undefined) yield* keepKeys(output)
  const looks = yield* lookAround(working, (met?.proof?.receivedEvents ?? 0) > 0)
  yield* progress.clear
  yield* RoadMemory.note(input.data)
  const isLooked = looks.some(({ problem }) => problem === null)
  if (met?.proof === undefined && !isLooked) return yield* nothingReached(met?.failure, looks)
  if (met?.proof === undefined) yield* keepKeys(output)
  const records = yield* Journal.Journal.use(RecordCounts.all)
  const seconds = secondsSince(startedMs)
  const rejected = met?.rejected ?? 0
  if (met?.proof !== undefined) {
    const text = [SyncText.proof(met.proof, records, seconds), ...looks.map(RoadText.look)].join("\n")
    yield* output.line({ ...SyncText.proofDocument(met.proof, records, seconds), rejected, roads: looks }, text)
  } else {
    const hubProblem =
      met?.failure === undefined ? undefined : { address: hub!.address, problem: problemOf(met.failure) }
    const synced = looks.some(({ devices, problem }) => problem === null && devices > 0) && looks.every(isSame)
    const document = { synced, records, rejected, seconds, hub: hubProblem ?? null, roads: looks }
    yield* output.line(document, SyncText.looks(hubProblem, looks, records))
  }
  if (rejected > 0) yield* output.note(SyncText.rejected(rejected, input.data))
})

const isSame = ({ devices, equal, problem }: RoadLook.RoadLook): boolean => problem === null && equal === devices

const problemOf = ({ message, reason }: CliError): string => (reason._tag === "NotConnected" ? reason.problem : message)

const nothingReached = (failure: CliError | undefined, looks: ReadonlyArray<RoadLook.RoadLook>) =>
  because(
    new NothingReached({ problems: [...(failure === undefined ? [] : [failure.message]), ...looks.map(RoadText.look)] })
  )

/** A hub that does not answer is not waited for long where there is another road. */
const connectMsMax = 3_000

/** Goes to the hub: the proof, or that it cannot be reached where that is not the end. */
const meet = Effect.fnUntraced(function* ({ input, progress, roads }: Working, hub: Connection.Hub) {
  const met: { proof?: Connection.Proof; failure?: CliError; rejected: number } = { rejected: 0 }
  const ended = yield* Effect.result(
    Connection.follow<never, never>({
      folder: input.data,
      hub,
      silenceMsMax: input.timeout * 1000,
      ...(roads.length === 0 ? {} : { connectMsMax }),
      onHeadway: (headway) =>
        Effect.andThen(
          Effect.sync(() => void (met.rejected = headway.rejected)),
          progress.show(SyncText.share(headway), () => SyncText.headway(headway, hub))
        ),
      onFailure: () => Effect.void,
      // What came of the mailboxes is told at the end.
      onRoad: () => Effect.void,
      onProof: (proof, by) =>
        Effect.sync(() => {
          if (by === "hub") met.proof = proof
          return by === "hub"
        })
    })
  )
  if (Result.isFailure(ended)) {
    const { failure } = ended
    if (failure._tag !== "CliError" || failure.reason._tag !== "NotConnected" || roads.length === 0) {
      return yield* Effect.fail(failure)
    }
    met.failure = failure
  }
  return met
})

/** One look into each mailbox; another one where the hub has brought something meanwhile. */
const lookAround = Effect.fnUntraced(function* ({ input, progress, roads }: Working, isMore: boolean) {
  if (roads.length === 0) return []
  const orchestrator = yield* Orchestrator.Orchestrator
  yield* orchestrator.send({ _tag: "Start" })
  yield* progress.show(undefined, () => "looking into mailboxes")
  const silenceMsMax = input.timeout * 1000
  const looks = yield* RoadLook.settled(roads, { sinceMs: 0, silenceMsMax })
  if (!isMore) return looks
  const sinceMs = 1 + Math.max(...looks.map(({ lookedAtMs }) => lookedAtMs ?? 0))
  yield* orchestrator.send({ _tag: "ForceSync", peer: null })
  return yield* RoadLook.settled(roads, { sinceMs, silenceMsMax })
})

/** The records are in step all the same; whoever syncs next tries again. */
const keepKeys = (output: Output["Service"]) =>
  Effect.catchTag(
    SpaceKeys.SpaceKeys.use(({ settle }) => settle),
    "CharterError",
    ({ message }) => output.note(`The key of the space is not handed on yet: ${message}.`)
  )

/** Stays, and tells of every proof and every other road, until it is interrupted. */
const stay = Effect.fnUntraced(function* ({ hub, input, progress, roads, startedMs }: Working) {
  const output = yield* Output
  let [rejected, rejectedTold] = [0, 0]
  const tell = noteOnce(output, progress)
  yield* Effect.forkScoped(RoadMemory.keep(input.data))
  yield* Connection.follow({
    folder: input.data,
    hub,
    silenceMsMax: undefined,
    onHeadway: (headway) =>
      Effect.andThen(
        Effect.sync(() => void (rejected = headway.rejected)),
        progress.show(SyncText.share(headway), () => SyncText.headway(headway, hub))
      ),
    onFailure: ({ message }) => tell(message),
    onRoad: (news) => {
      if (news._tag === "SyncError") return tell(RoadText.failed(nameOf(roads, news.route), news.route, news.detail))
      const { because, from, to } = news
      return Effect.andThen(progress.clear, output.line({ road: { from, to, because } }, RoadText.changed(news)))
    },
    onProof: (proof, provenBy) =>
      Effect.gen(function* () {
        yield* progress.clear
        const records = yield* Journal.Journal.use(RecordCounts.all)
        const seconds = secondsSince(startedMs)
        const text =
          provenBy === "hub" ? SyncText.proof(proof, records, seconds) : SyncText.standing(proof, records, provenBy)
        const by = provenBy === "mailbox" ? "mailbox" : "link"
        yield* output.line({ ...SyncText.proofDocument(proof, records, seconds), rejected, by }, text)
        if (rejected > rejectedTold) yield* output.note(SyncText.rejected(rejected - rejectedTold, input.data))
        rejectedTold = rejected
        return false
      })
  })
}, Effect.scoped)

const nameOf = (roads: ReadonlyArray<Road>, address: string): string =>
  roads.find(({ mailbox }) => mailbox.address === address)?.mailbox.name ?? ""

/** The same trouble again and again is told once. */
const noteOnce = (output: Output["Service"], progress: Progress.Progress) => {
  const noted = { message: "" }
  return (message: string): Effect.Effect<void> => {
    if (message === noted.message) return Effect.void
    noted.message = message
    return Effect.andThen(progress.clear, output.note(`${message} Trying again.`))
  }
}
