/**
 * `npm run ready`: how long a hub with many stored events is away when it is killed under load. Devices write all the
 * time; again and again the hub is killed with signal 9 and started, and the time from asking for its process to the
 * first 200 of `/readyz` is taken. It fails when the slowest start takes longer than the limit, or when in the end a
 * device is not in step.
 */
import { statSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { percentile } from "../Figure.ts"
import * as Machine from "../Machine.ts"
import { Fleet } from "../soak/Fleet.ts"
import type { SpawnedHub, StartTimes } from "../soak/SpawnedHub.ts"
import * as World from "../soak/World.ts"

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "12" },
    records: { type: "string", default: "1000000" },
    clients: { type: "string", default: "4" },
    limit: { type: "string", default: "1000" },
    folder: { type: "string" }
  }
})
const [kills, records, clients, limitMs] = [values.kills, values.records, values.clients, values.limit].map(Number) as [
  number,
  number,
  number,
  number
]

/** Transactions of all devices in a second. */
const perSecond = 100
/** Events that a hub must have taken in before it is killed again: a kill of an idle one would prove little. */
const appliedMin = 200
/** How long that may take, and how long devices may take to be in step in the end. */
const waitMsMax = 120_000
/** After that a kill comes within so many milliseconds. */
const killMsMax = 500

interface Start {
  readonly ms: number
  readonly times: StartTimes
  /** Bytes of the write-ahead log that the start found. */
  readonly logBytes: number
}

const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  const endMs = performance.now() + waitMsMax
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not within ${waitMsMax} ms: ${what}`)
    await sleep(50)
  }
}

const loaded = (hub: SpawnedHub): Promise<void> =>
  until("the hub takes in what devices write", async () => {
    // A hub that is swamped may answer with an error; the wait has its own limit.
    const metrics = await hub.metrics().catch(() => undefined)
    return (metrics?.get("syncline_events_applied_total") ?? 0) >= appliedMin
  })

const row = (cells: ReadonlyArray<string | number>): string => cells.map((cell) => String(cell).padStart(9)).join(" ")

const line = (name: string | number, { logBytes, ms, times }: Start): string => {
  const { journalMs, loadMs, processMs, readyMs } = times
  const rest = readyMs - processMs - loadMs - journalMs
  return row([
    name,
    Math.round(ms),
    processMs,
    loadMs,
    journalMs,
    rest,
    (logBytes / 1024).toFixed(0),
    Machine.facts().load
  ])
}

const drill = async (world: World.World): Promise<boolean> => {
  const running: { hub: SpawnedHub; fleet?: Fleet } = { hub: world.startHub() }
  const starts: Array<Start> = []
  try {
    await running.hub.ready()
    const fleet = await Fleet.open(world.devices)
    running.fleet = fleet
    await fleet.work({ records, everyMs: (1000 * clients) / perSecond, leaveEveryMs: Number.MAX_SAFE_INTEGER })
    console.log(row(["start", "ready ms", "process", "loading", "journal", "rest", "log KiB", "load"]))
    for (let kill = 1; kill <= kills; kill++) {
      await loaded(running.hub)
      await sleep(Math.random() * killMsMax)
      await running.hub.kill()
      const logBytes = statSync(join(world.hubFolder, "journal.db-wal"), { throwIfNoEntry: false })?.size ?? 0
      running.hub = world.startHub()
      const ms = await running.hub.ready()
      await until("the log tells of the start", async () => running.hub.startTimes !== undefined)
      starts.push({ ms, times: running.hub.startTimes!, logBytes })
      console.log(line(kill, starts.at(-1)!))
    }
    await fleet.stop()
    await until("all devices are in step", async () => (await fleet.synced()) === clients)
    const { written } = await fleet.counts()
    console.log(`${kills} kills, ${written} changes confirmed meanwhile, ${clients} of ${clients} devices in step`)
  } finally {
    await running.fleet?.end()
    await running.hub.end()
  }
  return judge(starts)
}

const judge = (starts: ReadonlyArray<Start>): boolean => {
  const middle = (of: (start: Start) => number): number => Math.round(percentile(starts.map(of), 0.5))
  const [p50, max] = [middle(({ ms }) => ms), Math.round(Math.max(...starts.map(({ ms }) => ms)))]
  const journal = {
    p50: middle(({ times }) => times.journalMs),
    max: Math.max(...starts.map((each) => each.times.journalMs))
  }
  console.log(`journal open: p50 ${journal.p50} ms, max ${journal.max} ms`)
  console.log(`ready: p50 ${p50} ms, max ${max} ms, limit ${limitMs} ms: ${max <= limitMs ? "met" : "MISSED"}`)
  return max <= limitMs
}

const world = await World.build({ records, clients, folder: values.folder, say: console.log })
const interrupt = (): void => {
  world.remove()
  process.exit(130)
}
process.once("SIGINT", interrupt)
process.once("SIGTERM", interrupt)
try {
  process.exitCode = (await drill(world)) ? 0 : 1
} finally {
  world.remove()
}
