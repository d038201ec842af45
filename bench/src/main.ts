/**
 * `npm run bench`: runs the measurements in interleaved rounds, prints what came out and keeps it as JSON. It stops
 * before a time limit, ends every process that it has started, and fails only when a measurement fails: a missed
 * target is a figure, not an error. With `--against` it hands over to a run that measures old and new in turns.
 */
import { performance } from "node:perf_hooks"
import * as Against from "./against/Against.ts"
import { type Reading, summarize } from "./Figure.ts"
import * as Machine from "./Machine.ts"
import type { Measurement } from "./Measurement.ts"
import { changeLatency } from "./measurements/ChangeLatency.ts"
import { crowd } from "./measurements/Crowd.ts"
import { coldSync } from "./measurements/ColdSync.ts"
import { differences } from "./measurements/Differences.ts"
import { equalStores } from "./measurements/EqualStores.ts"
import { folderRoad } from "./measurements/FolderRoad.ts"
import { grant } from "./measurements/Grant.ts"
import { hostilePeers } from "./measurements/HostilePeers.ts"
import { liveStream } from "./measurements/LiveStream.ts"
import { localWrites } from "./measurements/LocalWrites.ts"
import { peerRoads } from "./measurements/PeerRoads.ts"
import { policyCost } from "./measurements/PolicyCost.ts"
import { rawStream } from "./measurements/RawStream.ts"
import { reconnect } from "./measurements/Reconnect.ts"
import { sealedContents } from "./measurements/SealedContents.ts"
import { sqliteAlone } from "./measurements/SqliteAlone.ts"
import * as Options from "./Options.ts"
import * as Ratios from "./Ratios.ts"
import * as Report from "./Report.ts"
import { Workshop } from "./Workshop.ts"

const measurements: ReadonlyArray<Measurement> = [
  rawStream,
  coldSync,
  sqliteAlone,
  localWrites,
  changeLatency,
  liveStream,
  reconnect,
  equalStores,
  differences,
  policyCost,
  grant,
  sealedContents,
  folderRoad,
  peerRoads,
  hostilePeers,
  crowd
]

/** No measurement is begun that would, taking as long as the longest so far of its kind, end after this. */
const wholeMsMax = 15 * 60_000

const names = measurements.map(({ name }) => name)

const optionsOf = (args: ReadonlyArray<string>): Options.Options => {
  try {
    return Options.parse(args, names)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${Options.usage(names)}`)
    process.exit(2)
  }
}

/** Measures in rounds; what does not fit into the time limit is left out and said so. */
const measure = async (options: Options.Options, workshop: Workshop): Promise<ReadonlyArray<Reading>> => {
  const chosen = measurements.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
  const took = new Map<string, number>()
  const all: Array<Reading> = []
  for (let round = 1; round <= options.rounds; round++) {
    const ofRound: Array<Reading> = []
    for (const { name, run } of chosen) {
      const beganMs = performance.now()
      if (beganMs + (took.get(name) ?? 0) > wholeMsMax) {
        console.log(`round ${round}: ${name} left out, there is no time for it`)
        continue
      }
      ofRound.push(...(await run(workshop)))
      await workshop.endAll()
      const tookMs = performance.now() - beganMs
      took.set(name, Math.max(tookMs, took.get(name) ?? 0))
      console.log(`round ${round}: ${name} (${(tookMs / 1000).toFixed(1)} s)`)
    }
    all.push(...ofRound, ...Ratios.ofRound(ofRound))
  }
  return all
}

const run = async (options: Options.Options): Promise<void> => {
  const startedAt = new Date().toISOString()
  const machine = Machine.facts()
  const workshop = new Workshop(options)
  const interrupt = (): void => void workshop.close().finally(() => process.exit(130))
  process.once("SIGINT", interrupt)
  process.once("SIGTERM", interrupt)
  let readings: ReadonlyArray<Reading>
  try {
    readings = await measure(options, workshop)
  } finally {
    await workshop.close()
  }
  const figures = summarize(readings)
  const file = options.out ?? Report.resultsFile(startedAt.replaceAll(":", "-"))
  Report.write(file, {
    startedAt,
    seconds: Math.round(performance.now() / 1000),
    rounds: options.rounds,
    isQuick: options.isQuick,
    machine,
    loadAfter: Machine.facts().load,
    figures
  })
  const { cores, load, memoryGigabytes, node, processor } = machine
  console.log(`\n${cores} cores (${processor}), ${memoryGigabytes} GB, node ${node}, load ${load} at the start`)
  console.log(`medians of ${options.rounds} rounds [lowest – highest]\n`)
  console.log(`${Report.table(figures)}\n\n${file}`)
}

const runAgainst = async (options: Options.Options, ref: string): Promise<void> => {
  const interrupted = new AbortController()
  process.once("SIGINT", () => interrupted.abort())
  process.once("SIGTERM", () => interrupted.abort())
  try {
    if (!(await Against.run(options, ref, interrupted.signal))) process.exitCode = 1
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 2
  }
}

const options = optionsOf(process.argv.slice(2))
await (options.against === undefined ? run(options) : runAgainst(options, options.against))
