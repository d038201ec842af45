/**
 * `npm run soak`: a hub with many records, many devices that change, come and go for a long time, and the question
 * whether the hub's memory grows, its garbage aside. It fails when it does or may do so, when too few looks at the hub could tell, when a device is not
 * in step in the end, or when anything ends that should not. It ends every process that it has started.
 */
import { writeFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import * as Machine from "../Machine.ts"
import { Fleet } from "./Fleet.ts"
import * as Options from "./Options.ts"
import * as Samples from "./Samples.ts"
import type { SpawnedHub } from "./SpawnedHub.ts"
import * as World from "./World.ts"

/** Time between two looks at the hub; shorter in short runs. */
const sampleEveryMs = 10_000
const samplesMin = 20
/**
 * Part of the time at the beginning in which caches fill and the allocator finds its size, which takes a quarter of an
 * hour with a million records; it is not judged.
 */
const warmUpPart = 0.5
/** Mean time between two departures of a device. */
const leaveEveryMs = 60_000
/** How long devices may take to be in step, at first and in the end. */
const syncMsMax = 5 * 60_000
/** A longer time without a look means that the machine was swamped or the run was paused. */
const gapMsMax = 60_000
/** Time between two lines that tell people how it goes. */
const tellEveryMs = 60_000

const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`)

const optionsOf = (args: ReadonlyArray<string>): Options.Options => {
  try {
    return Options.parse(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${Options.usage}`)
    process.exit(2)
  }
}

/** Waits until every device is in step with the hub. */
const allSynced = async (fleet: Fleet, clients: number): Promise<number> => {
  const beganMs = performance.now()
  let synced = 0
  while (performance.now() - beganMs < syncMsMax) {
    synced = await fleet.synced()
    if (synced === clients) break
    await sleep(250)
  }
  say(`${synced} of ${clients} devices in step after ${((performance.now() - beganMs) / 1000).toFixed(1)} s`)
  return synced
}

/**
 * What the hub needs, without its garbage. On a machine that is swamped an answer may be late: then there are none. A hub
 * that is gone is another matter.
 */
const lookAt = async (hub: SpawnedHub): Promise<Samples.Sample["metrics"]> => {
  try {
    await hub.collectGarbage()
    return await hub.metrics()
  } catch (error) {
    say(`no metrics: ${String(error)}; load ${Machine.facts().load}`)
    if (!hub.isRunning) throw error
    return new Map()
  }
}

/** Looks at the hub until the time is over. */
const watch = async (hub: SpawnedHub, fleet: Fleet, forMs: number): Promise<ReadonlyArray<Samples.Sample>> => {
  const everyMs = Math.min(sampleEveryMs, forMs / samplesMin)
  const beganMs = performance.now()
  const samples: Array<Samples.Sample> = []
  let toldMs = 0
  for (;;) {
    const atMs = performance.now() - beganMs
    const gapMs = atMs - (samples.at(-1)?.atMs ?? 0)
    if (gapMs > gapMsMax) say(`nobody looked for ${(gapMs / 1000).toFixed(0)} s; load ${Machine.facts().load}`)
    const metrics = await lookAt(hub)
    samples.push({ atMs, metrics })
    if (metrics.size > 0 && atMs >= toldMs) {
      toldMs += tellEveryMs
      const { departures, received, written } = await fleet.counts()
      const mebibytes = (name: string): string => ((metrics.get(name) ?? Number.NaN) / 2 ** 20).toFixed(1)
      say(
        `${(atMs / 60_000).toFixed(1)} min: ${mebibytes(Samples.resident)} MiB resident, ` +
          `${mebibytes(Samples.heap)} heap, ${mebibytes(Samples.external)} external; ` +
          `${metrics.get("syncline_sessions_live") ?? 0} sessions; ` +
          `${written} written, ${received} received, ${departures} departures; load ${Machine.facts().load}`
      )
    }
    if (atMs >= forMs) return samples
    await sleep(Math.min(everyMs, Math.max(0, forMs - atMs)))
  }
}

const report = (all: ReadonlyArray<Samples.Sample>): Samples.Verdict => {
  const warmUpMs = all.at(-1)!.atMs * warmUpPart
  const judged = all.filter(({ atMs }) => atMs >= warmUpMs)
  const growth = Samples.growthOf(judged, Samples.resident)
  console.log(`\nwithout garbage, after a warm-up of ${(warmUpMs / 60_000).toFixed(1)} min:`)
  for (const name of [Samples.resident, Samples.heap, Samples.external]) {
    const grown = Samples.growthOf(judged, name)
    console.log(grown === undefined ? `${name}: too few samples for a trend` : Samples.growthLine(name, grown))
  }
  console.log(`\n${Samples.roomTable(all)}\n`)
  for (const counter of ["events_applied", "events_sent", "commits_refused", "sessions_refused", "proofs_equal"]) {
    console.log(`syncline_${counter}_total rose by ${Samples.rise(all, `syncline_${counter}_total`)}`)
  }
  return Samples.verdictOf(judged, growth)
}

const soak = async (options: Options.Options, hub: SpawnedHub, fleet: Fleet): Promise<boolean> => {
  const { clients, minutes, perSecond, records } = options
  if ((await allSynced(fleet, clients)) < clients) return false
  await fleet.work({ records, everyMs: (1000 * clients) / perSecond, leaveEveryMs })
  const samples = await watch(hub, fleet, minutes * 60_000)
  if (options.out !== undefined) writeFileSync(options.out, Samples.toLines(samples))
  const counts = await fleet.counts()
  await fleet.stop()
  const synced = await allSynced(fleet, clients)
  const hashes = new Set(await fleet.stateHashes())
  const verdict = report(samples)
  console.log(`\ndevices: ${JSON.stringify(counts)}`)
  console.log(`state hashes of one device of each process: ${[...hashes].join(" | ")}`)
  if (hub.complaints > 0) console.log(`${hub.complaints} warnings of the hub, first: ${hub.firstComplaints[0]}`)
  console.log(`memory: ${verdict} (bound ${Samples.growthMax} MiB/h); ${synced} of ${clients} devices in step`)
  const isGood = verdict === "steady" || verdict === "too short to judge"
  return isGood && synced === clients && hashes.size === 1 && hub.isRunning
}

const run = async (options: Options.Options): Promise<boolean> => {
  const { clients, folder, records } = options
  say(`${JSON.stringify(options)}, ${JSON.stringify(Machine.facts())}`)
  const world = await World.build({ clients, folder, records, say })
  const hub = world.startHub(true)
  const running: { fleet?: Fleet } = {}
  const end = async (): Promise<void> => {
    // Ten gigabytes must not stay behind because something else failed before.
    await Promise.allSettled([running.fleet?.end(), hub.end()])
    world.remove()
  }
  const interrupt = (): void => void end().finally(() => process.exit(130))
  process.once("SIGINT", interrupt)
  process.once("SIGTERM", interrupt)
  try {
    say(`the hub is ready after ${Math.round(await hub.ready())} ms`)
    const fleet = await Fleet.open(world.devices)
    running.fleet = fleet
    return await soak(options, hub, fleet)
  } finally {
    await end()
  }
}

process.exitCode = (await run(optionsOf(process.argv.slice(2)))) ? 0 : 1
