/**
 * The story: a hub and two devices in three processes. The hub is killed; the devices go on through a folder; the hub comes back
 * and has everything. Told line by line, with how long each part took.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DeviceKeyFile, TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { type Device, end, startDevice, startHub, until } from "./Processes.ts"

export interface StoryOptions {
  /** How long the hub must be gone before the folder is used, in milliseconds. */
  readonly failOverMs: number
  /** How long it must be back before the folder stands by again. */
  readonly failBackMs: number
  readonly log: (line: string) => void
}

export interface StoryReport {
  /** From the hub's end until a change had gone through the folder, in milliseconds. */
  readonly overMs: number
  /** From the hub's return until both devices had left the folder. */
  readonly backMs: number
  /** Times at which both devices were looked at while they healed, and had something else than each other. */
  readonly unequal: number
  /** Records at the end, the same at all three. */
  readonly records: number
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

/** Plays it to its end. Leaves no process and no file. */
export const play = async ({ failBackMs, failOverMs, log }: StoryOptions): Promise<StoryReport> => {
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
  const port = await freePort()
  let hub = await startHub(data, port)
  const started: Array<Device> = []
  const roads = new Map<string, string>()
  const bothGoBy = (road: string): boolean => ["A", "B"].every((name) => roads.get(name) === road)
  try {
    const start = (name: string, store: string, other: string): Promise<Device> =>
      startDevice(
        {
          store,
          other,
          hub: { address: `http://127.0.0.1:${port}`, peer: peerHub },
          folder: shared,
          failOverMs,
          failBackMs
        },
        (to, because) => {
          roads.set(name, to)
          log(`${name} goes by ${to}: ${because}`)
        }
      )
    for (const [name, store, other] of [["A", storeA, peerB] as const, ["B", storeB, peerA] as const]) {
      started.push(await start(name, store, other))
    }
    const [a, b] = started as [Device, Device]
    await a.put("one", "by the hub")
    log(`A's note is with B by the hub after ${await until("the hub's road", 30_000, () => isSame(a, b, 1))} ms`)

    await end(hub, "SIGKILL")
    log("the hub is dead")
    const diedMs = Date.now()
    await a.put("two", "by the folder")
    await b.put("three", "by the folder")
    await until("the folder's road", failOverMs + 30_000, () => isSame(a, b, 3))
    const overMs = Date.now() - diedMs
    log(`A and B have each other's notes by the folder, ${overMs} ms after the hub's end`)
    await until("the other road", failOverMs + 30_000, () => bothGoBy(shared))

    hub = await startHub(data, port)
    log("the hub is back")
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
    const { records } = await a.look()
    return { overMs, backMs, unequal, records }
  } finally {
    for (const { child } of started) await end(child, "SIGTERM")
    await end(hub, "SIGKILL")
    rmSync(base, { recursive: true, force: true })
  }
}

/** Both have the same, and as many records. */
const isSame = async (a: Device, b: Device, records: number): Promise<boolean> => {
  const [left, right] = await Promise.all([a.look(), b.look()])
  return left.hash === right.hash && left.records === records
}
