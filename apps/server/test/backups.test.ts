/**
 * The hub's backups of itself: made by schedule and on demand by a process of its own, and told over REST.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DeviceKey } from "@syncline/core"
import { FolderBackup } from "@syncline/node/hub"
import { Effect, Layer, Logger } from "effect"
import { expect, it, vi } from "vitest"
import * as Backups from "../src/backup/Backups.ts"
import { failHub, type HubProcess, startHub, temporaryFolder, until } from "./hubProcess.ts"
import { ask } from "./localDoor.ts"

vi.setConfig({ testTimeout: 60_000 })

interface Told {
  readonly backups: ReadonlyArray<{ readonly id: string; readonly records?: number }>
  readonly runs: ReadonlyArray<{
    readonly kind: string
    readonly endedMs: number | null
    readonly problem: string | null
    readonly faults: ReadonlyArray<object>
  }>
}

const told = async (data: string): Promise<Told> => (await ask(data, "backups")).body as unknown as Told
const isDone = (data: string) => until(async () => (await told(data)).runs[0]!.endedMs !== null, 30_000)
const backupsIn = (place: string) =>
  existsSync(place) ? readdirSync(place).filter((name) => !name.startsWith("lock")) : []

it("[HX-31] [HX-32] makes and verifies backups when it is asked, one at a time, and answers meanwhile", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  await startHub({ data, env: { SYNCLINE_BACKUP_FOLDER: place } })
  expect(await told(data)).toEqual({ backups: [], runs: [] })
  const [first, second] = await Promise.all([ask(data, "backups", {}), ask(data, "backups", {})])
  expect(new Set([first.status, second.status])).toEqual(new Set([202, 409]))
  await isDone(data)
  const { backups, runs } = await told(data)
  expect(runs).toMatchObject([{ kind: "make", problem: null, backup: backups[0]!.id }])
  expect(backups).toMatchObject([{ records: 0, commits: 0, isKeySealed: false }])
  const path = join(place, backups[0]!.id)
  expect((await Effect.runPromise(FolderBackup.verify(path))).faults).toEqual([])

  expect((await ask(data, `backups/${backups[0]!.id}/verify`, {})).status).toBe(202)
  await isDone(data)
  expect((await told(data)).runs[0]).toMatchObject({ kind: "verify", problem: null, faults: [] })
  rmSync(join(path, "hub.db"))
  expect((await ask(data, `backups/${backups[0]!.id}/verify`, {})).status).toBe(202)
  await isDone(data)
  expect((await told(data)).runs[0]!.faults).toEqual([{ file: "hub.db", problem: "it is gone" }])
  expect(await ask(data, "backups/20200101T000000Z-00000000/verify", {})).toMatchObject({ status: 404 })
})

it("[HX-33] says what restoring would do and takes backups away, of its own list alone", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const hub = await startHub({ data, env: { SYNCLINE_BACKUP_FOLDER: place } })
  expect((await ask(data, "entities/task", { fields: { title: "a" } })).status).toBe(201)
  await ask(data, "backups", {})
  await isDone(data)
  expect((await ask(data, "entities/task", { fields: { title: "b" } })).status).toBe(201)
  const [{ id }] = (await told(data)).backups as [{ readonly id: string }]
  const plan = await ask(data, `backups/${id}/restore`)
  expect(plan).toMatchObject({ status: 200, body: { records: 1, commits: 1, commitsNow: 2, peers: 0 } })
  expect(plan.body["command"]).toContain(`backup restore "${join(place, id)}"`)
  expect((await ask(data, "entities/task")).body).toMatchObject({ items: [{}, {}] })
  const { token } = JSON.parse(readFileSync(join(data, "local-door.json"), "utf8")) as { readonly token: string }
  const remove = async (name: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`${hub.url}/api/v1/backups/${name}`, { method: "DELETE", headers })).status
  }
  expect(await remove("20200101T000000Z-00000000")).toBe(404)
  expect(await remove(encodeURIComponent("../../etc"))).toBe(404)
  expect(backupsIn(place)).toEqual([id])
  expect(await remove(id)).toBe(204)
  expect(backupsIn(place)).toEqual([])
  expect(await ask(data, `backups/${id}/restore`)).toMatchObject({ status: 404 })
})

it("[HX-32] without a folder for them there are no backups, and one inside the data folder is refused", async () => {
  const data = temporaryFolder()
  await startHub({ data })
  for (const asked of [ask(data, "backups"), ask(data, "backups", {}), ask(data, "backups/x/verify", {})]) {
    expect(await asked).toMatchObject({ status: 409, body: { code: "BackupsOff" } })
  }
  const refused = await failHub({
    data: temporaryFolder(),
    env: { SYNCLINE_DATA: "/srv/a", SYNCLINE_BACKUP_FOLDER: "/srv/a/b" }
  })
  expect(refused.code).toBe(2)
})

const stopped = async (hub: HubProcess) => {
  hub.child.kill("SIGTERM")
  return hub.ended()
}

/** The processes that another one has begun and that still run. */
const begunBy = ({ pid }: HubProcess["child"]) =>
  execFileSync("ps", ["-A", "-o", "ppid=,pid=,nice="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([parent, own = "", niceness = ""]) => (parent === String(pid) ? [{ pid: Number(own), niceness }] : []))

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it("[HX-31] a process of its own makes a backup, at a low priority", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const { child } = await startHub({ data, env: { SYNCLINE_BACKUP_FOLDER: place } })
  expect(begunBy(child)).toEqual([])
  expect((await ask(data, "backups", {})).status).toBe(202)
  await until(() => begunBy(child).some(({ niceness }) => niceness === "10"), 5_000, 1)
  await isDone(data)
  expect((await told(data)).runs[0]).toMatchObject({ problem: null })
})

it("[HX-31] stops in time in the middle of a backup, which is none then", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const hub = await startHub({ data, env: { SYNCLINE_BACKUP_FOLDER: place } })
  expect((await ask(data, "backups", {})).status).toBe(202)
  await until(() => begunBy(hub.child).length === 1, 5_000, 1)
  const [maker] = begunBy(hub.child)
  const { code, ms } = await stopped(hub)
  expect(code).toBe(0)
  expect(ms).toBeLessThan(2_000)
  // Left alone it would make a backup all the same.
  await until(() => !isRunning(maker!.pid), 10_000)
  expect(backupsIn(place).filter((name) => !name.endsWith(".part"))).toEqual([])
})

/** What a desk with these settings has done once it has done so much, and what it logged. */
const runsOf = async (
  settings: Parameters<typeof Backups.layer>[0],
  { count, firstMs, peer, retryMs }: { count: number; firstMs: number; peer: string; retryMs: number }
) => {
  const device = Layer.succeed(DeviceKey.DeviceKey, { peer } as DeviceKey.DeviceKey["Service"])
  const logged: Array<unknown> = []
  const log = Logger.layer([Logger.make(({ logLevel, message }) => void logged.push([logLevel, message]))])
  const done = Effect.gen(function* () {
    const { runs } = yield* Backups.Backups
    for (;;) {
      const all = yield* runs
      if (all.filter(({ endedMs }) => endedMs !== undefined).length >= count) return all.toReversed()
      yield* Effect.sleep(50)
    }
  }).pipe(Effect.timeoutOption("30 seconds"))
  const desk = Layer.provide(Backups.layer(settings, { firstMs, retryMs }), [device, log])
  const found = await Effect.runPromise(Effect.provide(done, desk))
  return { runs: found._tag === "Some" ? found.value : [], logged }
}

const fiveSeconds = 5 / 3_600

it("[HX-30] one that fails is told in the log and tried again after a while, and the first waits for the start to be over", async () => {
  const [data, place] = [temporaryFolder(), join(temporaryFolder(), "file")]
  writeFileSync(place, "no folder")
  const settings = { dataFolder: data, backupFolder: place, backupEveryHours: 1, backupKeep: 2 }
  const beganMs = Date.now()
  const { logged, runs } = await runsOf(settings, { count: 2, firstMs: 1_500, peer: "x", retryMs: 3_000 })
  const [first, second] = runs
  expect(runs.map(({ problem }) => problem)).toEqual([expect.any(String), expect.any(String)])
  expect(first!.beganMs - beganMs).toBeGreaterThanOrEqual(1_490)
  expect(second!.beganMs - first!.beganMs).toBeGreaterThanOrEqual(2_990)
  const told = ["Error", ["Backup", expect.objectContaining({ kind: "make", problem: first!.problem }) as object]]
  expect(logged).toContainEqual(told)
})

it("[HX-30] counts its own backups, whoever made them, and nobody else's", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const hub = await startHub({ data })
  await stopped(hub)
  const { manifest } = await Effect.runPromise(FolderBackup.make(data, place))
  const settings = { dataFolder: data, backupFolder: place, backupEveryHours: fiveSeconds, backupKeep: 2 }
  const own = await runsOf(settings, { count: 1, firstMs: 50, peer: hub.peer, retryMs: 50 })
  expect(own.runs[0]!.beganMs - manifest.madeMs).toBeGreaterThanOrEqual(4_900)
  // The newest there is another device's: its own is due at once.
  const beganMs = Date.now()
  const other = await runsOf({ ...settings, backupEveryHours: 1 }, { count: 1, firstMs: 50, peer: "x", retryMs: 50 })
  expect(other.runs[0]!.beganMs - beganMs).toBeLessThan(3_000)
})

it("[HX-30] makes a backup soon after the start, then when the last is old enough, and leaves so many", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const hub = await startHub({ data })
  await stopped(hub)
  // Every three seconds.
  const settings = { dataFolder: data, backupFolder: place, backupEveryHours: 3 / 3_600, backupKeep: 2 }
  const timing = { firstMs: 100, retryMs: 100 }
  const device = Layer.succeed(DeviceKey.DeviceKey, { peer: hub.peer } as DeviceKey.DeviceKey["Service"])
  const made = Effect.gen(function* () {
    const { runs } = yield* Backups.Backups
    for (;;) {
      const all = yield* runs
      if (all.filter(({ endedMs }) => endedMs !== undefined).length > 2) return all
      yield* Effect.sleep(100)
    }
  }).pipe(Effect.timeout("50 seconds"))
  const runs = await Effect.runPromise(Effect.provide(made, Layer.provide(Backups.layer(settings, timing), device)))
  const began = runs.map(({ beganMs }) => beganMs).reverse()
  for (let at = 1; at < began.length; at++) expect(began[at]! - began[at - 1]!).toBeGreaterThanOrEqual(2_900)
  expect(runs.map(({ problem }) => problem)).toEqual(runs.map(() => undefined))
  const ids = backupsIn(place).filter((name) => !name.endsWith(".part"))
  expect(ids.length).toBe(2)
})
