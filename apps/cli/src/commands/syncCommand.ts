/**
 * `syncline sync`: goes to the hub and ends when both sides have proved that they hold the same. With `--watch` it
 * stays and tells of every proof.
 */
import { performance } from "node:perf_hooks"
import { Journal, type JournalError, SpaceKeys } from "@syncline/core"
import { Effect } from "effect"
import type { CliError } from "../CliError.ts"
import * as Connection from "../Connection.ts"
import * as Device from "../Device.ts"
import { command } from "../Invocation.ts"
import { Output } from "../Output.ts"
import * as Progress from "../Progress.ts"
import * as RecordCounts from "../RecordCounts.ts"

export interface SyncInput {
  readonly data: string
  readonly isWatching: boolean
  /** Seconds without anything moving. */
  readonly timeout: number
}

export const run = Effect.fnUntraced(function* (input: SyncInput) {
  const output = yield* Output
  const hub = yield* Connection.hubOf(input.data)
  const startedMs = performance.now()
  const progress = yield* Progress.make
  let [rejected, rejectedTold] = [0, 0]
  type Failure = CliError | JournalError.JournalError
  const options: Connection.FollowOptions<Failure, Journal.Journal | SpaceKeys.SpaceKeys> = {
    folder: input.data,
    hub,
    silenceMsMax: input.isWatching ? undefined : input.timeout * 1000,
    onHeadway: (headway) =>
      Effect.andThen(
        Effect.sync(() => void (rejected = headway.rejected)),
        progress.show(share(headway), () => headwayText(headway, hub))
      ),
    onFailure: noteOnce(output, progress, input.isWatching),
    onProof: (proof) =>
      Effect.gen(function* () {
        yield* progress.clear
        // Who only comes by for a moment does at once what a node that stays does by itself.
        if (!input.isWatching) yield* keepKeys(output)
        const records = yield* Journal.Journal.use(RecordCounts.all)
        const seconds = Math.round(performance.now() - startedMs) / 1000
        yield* output.line({ ...documentOf(proof, records, seconds), rejected }, proofText(proof, records, seconds))
        if (rejected > rejectedTold) yield* output.note(rejectedText(rejected - rejectedTold, input.data))
        rejectedTold = rejected
        return !input.isWatching
      })
  }
  yield* Connection.follow(options).pipe(
    Effect.ensuring(progress.clear),
    Effect.provide(Device.layerOnline(input.data, hub))
  )
})

/** The records are in step all the same; whoever syncs next tries again. */
const keepKeys = (output: Output["Service"]) =>
  Effect.catchTag(
    SpaceKeys.SpaceKeys.use(({ settle }) => settle),
    "CharterError",
    ({ message }) => output.note(`The key of the space is not handed on yet: ${message}.`)
  )

/** The same trouble again and again is told once; who does not watch is told at the end. */
const noteOnce = (output: Output["Service"], progress: Progress.Progress, isWatching: boolean) => {
  const noted = { message: "" }
  return ({ message }: CliError): Effect.Effect<void> => {
    if (!isWatching || message === noted.message) return Effect.void
    noted.message = message
    return Effect.andThen(progress.clear, output.note(`${message} Trying again.`))
  }
}

/** How much of the larger side the smaller one has; unknown before the first comparison. */
const share = ({ ours, receivedEvents, sentEvents, theirs }: Connection.Headway): number | undefined => {
  const larger = Math.max(ours, theirs)
  if (larger === 0) return undefined
  return Math.min(1, (ours < theirs ? ours + receivedEvents : theirs + sentEvents) / larger)
}

const headwayText = (headway: Connection.Headway, hub: Connection.Hub): string => {
  if (!headway.isConnected) return `connecting to ${hub.address}`
  const { ours, receivedEvents, sentEvents, theirs } = headway
  const whose = ours < theirs ? "the hub's" : "this device's"
  const larger = Math.max(ours, theirs)
  const aim = larger === 0 ? "" : `of ${whose} ${Progress.counted(larger, "record")}; `
  return `${aim}received ${Progress.count(receivedEvents)}, sent ${Progress.count(sentEvents)} events`
}

const rejectedText = (rejected: number, data: string): string =>
  `The hub refused ${Progress.counted(rejected, "commit")} of this device, and what they wrote was taken back. ` +
  `Why: ${command(`receipts --status rejected --data ${data}`)}`

const documentOf = (
  { peer, receivedEvents, root, sentEvents }: Connection.Proof,
  records: number,
  seconds: number
) => ({
  synced: true,
  peer,
  records,
  root,
  sentEvents,
  receivedEvents,
  seconds
})

const proofText = ({ receivedEvents, sentEvents }: Connection.Proof, records: number, seconds: number): string =>
  `Synced: both sides hold the same ${Progress.counted(records, "record")}; ` +
  `received ${Progress.count(receivedEvents)}, sent ${Progress.count(sentEvents)} events (${seconds.toFixed(1)} s).`
