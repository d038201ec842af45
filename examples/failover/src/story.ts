/**
 * The story: a hub and two devices in three processes. The hub is killed; the devices go on through a folder, or through Google Drive,
 * which is a fourth one; the hub comes back and has everything. Told line by line, with how long each part took.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DeviceKeyFile, TrustFile } from "@syncline/node"
import { Effect } from "effect"
import type { DeviceOrder } from "./device.ts"
import { type Device, type Drive, end, roadsOf, startDevice, startDrive, startHub, until } from "./Processes.ts"

export interface StoryOptions {
  /** The other road than the hub. */
  readonly road: "folder" | "drive"
  /** How long the hub must be gone before the other road is used, in milliseconds. */
  readonly failOverMs: number
  /** How long it must be back before the other road stands by again. */
  readonly failBackMs: number
  /** How often a device looks into Drive, in milliseconds; and how long what Drive said counts as new. */
  readonly drivePace?: { readonly pollEveryMs: number; readonly freshForMs: number }
  readonly log: (line: string) => void
}

export interface StoryReport {
  /** From the hub's end until a change had gone by the other road, in milliseconds. */
  readonly overMs: number
  /** From the hub's return until both devices had left the other road. */
  readonly backMs: number
  /** Times at which both devices were looked at while they healed, and had something else than each other. */
  readonly unequal: number
  /** Records at the end, the same at all three. */
  readonly records: number
  /** What `syncline status` said of one device's ways while the hub was gone, and when it was back. */
  readonly told: { readonly gone: ReadonlyArray<string>; readonly back: ReadonlyArray<string> }
}

/** The id of the device in a folder; its key is made when it is asked for the first time. */
const peerIn = (store: string): string => DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer

/** A port that is free now. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

type Road = DeviceOrder["road"]

/** The road of each device, and how they name it when they take it. */
const roadsTo = (
  { drivePace }: StoryOptions,
  shared: string,
  drive: Drive | undefined
): { readonly roads: readonly [Road, Road]; readonly name: string } => {
  if (drive === undefined) {
    const road: Road = { kind: "folder", path: shared }
    return { roads: [road, road], name: shared }
  }
  const { freshForMs, pollEveryMs } = drivePace ?? { pollEveryMs: 15_000, freshForMs: 10_000 }
  const [a, b] = drive.logins.map((login): Road => ({ kind: "drive", login, pollEveryMs, freshForMs }))
  return { roads: [a!, b!], name: `Google Drive of ${drive.logins[0]!.account}: Syncline` }
}

/** Plays it to its end. Leaves no process and no file. */
export const play = async (options: StoryOptions): Promise<StoryReport> => {
  const { failBackMs, failOverMs, log } = options
  const base = mkdtempSync(join(tmpdir(), "syncline-failover-"))
  const [data, shared, storeA, storeB] = ["hub", "shared", "a", "b"].map((name) => join(base, name)) as [
    string,
    string,
    string,
    string
  ]
  mkdirSync(shared)
  const [peerA, peerB, peerHub] = [peerIn(storeA), peerIn(storeB), peerIn(data)]
  for (const peer of [peerA, peerB]) Effect.runSync(TrustFile.add(data, peer))
  const drive = options.road === "drive" ? await startDrive() : undefined
  const other = roadsTo(options, shared, drive)
  const port = await freePort()
  let hub = await startHub(data, port)
  const started: Array<Device> = []
  const roads = new Map<string, string>()
  const bothGoBy = (road: string): boolean => ["A", "B"].every((name) => roads.get(name) === road)
  try {
    const start = (name: string, store: string, peer: string, road: Road): Promise<Device> =>
      startDevice(
        {
          store,
          other: peer,
          road,
          hub: { address: `http://127.0.0.1:${port}`, peer: peerHub },
          failOverMs,
          failBackMs
        },
        (to, because) => {
          roads.set(name, to)
          log(`${name} goes by ${to}: ${because}`)
        }
      )
    started.push(await start("A", storeA, peerB, other.roads[0]), await start("B", storeB, peerA, other.roads[1]))
    const [a, b] = started as [Device, Device]
    await a.put("one", "by the hub")
    log(`A's note is with B by the hub after ${await until("the hub's road", 30_000, () => isSame(a, b, 1))} ms`)

    const scene: Scene = { a, b, storeA, options, bothGoBy }
    await end(hub, "SIGKILL")
    log("the hub is dead")
    const over = await goOver(scene, other.name)
    hub = await startHub(data, port)
    log("the hub is back")
    const returned = await comeBack(scene)
    const { records } = await a.look()
    const told = { gone: over.gone, back: returned.back }
    return { overMs: over.overMs, backMs: returned.backMs, unequal: returned.unequal, records, told }
  } finally {
    for (const { child } of started) await end(child, "SIGTERM")
    await end(hub, "SIGKILL")
    if (drive !== undefined) await end(drive.child, "SIGTERM")
    rmSync(base, { recursive: true, force: true })
  }
}

interface Scene {
  readonly a: Device
  readonly b: Device
  readonly storeA: string
  readonly options: StoryOptions
  readonly bothGoBy: (road: string) => boolean
}

/** Both write while the hub is gone, until each has what the other wrote. */
const goOver = async ({ a, b, bothGoBy, options, storeA }: Scene, road: string) => {
  const { failOverMs, log } = options
  const diedMs = Date.now()
  await a.put("two", "by the other road")
  await b.put("three", "by the other road")
  await until("the other road", failOverMs + 60_000, () => isSame(a, b, 3))
  const overMs = Date.now() - diedMs
  log(`A and B have each other's notes by the other road, ${overMs} ms after the hub's end`)
  await until("taking the other road", failOverMs + 30_000, () => bothGoBy(road))
  const gone = await told(storeA, (line) => /^Road: .* in use because .*1 of 1 device there has the same/.test(line))
  for (const line of gone) log(`syncline status of A: ${line}`)
  return { overMs, gone }
}

/** The hub is there again, until both go by it. */
const comeBack = async ({ a, b, bothGoBy, options, storeA }: Scene) => {
  const { failBackMs, log } = options
  const returnedMs = Date.now()
  let unequal = 0
  await until("the return", failBackMs + 120_000, async () => {
    if (!(await isSame(a, b, 3))) unequal++
    return bothGoBy("the hub")
  })
  const backMs = Date.now() - returnedMs
  log(`both go by the hub again, ${backMs} ms after its return`)
  await b.put("four", "by the hub again")
  await until("the hub's road", 30_000, () => isSame(a, b, 4))
  const back = await told(storeA, (line) => /^Changed: .* Links again/.test(line))
  for (const line of back) log(`syncline status of A: ${line}`)
  return { backMs, unequal, back }
}

/** What the command line says of a device's ways, once a line of it is as expected: devices note them every 2 s. */
const told = async (store: string, isMeant: (line: string) => boolean): Promise<ReadonlyArray<string>> => {
  let lines: ReadonlyArray<string> = []
  await until("the word of syncline status", 30_000, async () => {
    lines = await roadsOf(store)
    return lines.some(isMeant)
  })
  return lines
}

/** Both have the same, and as many records. */
const isSame = async (a: Device, b: Device, records: number): Promise<boolean> => {
  const [left, right] = await Promise.all([a.look(), b.look()])
  return left.hash === right.hash && left.records === records
}
