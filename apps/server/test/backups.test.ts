/**
 * The hub's backups of itself: made by schedule and on demand by a process of its own, and told over REST.
 */
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { DeviceKey } from "@syncline/core"
import { FolderBackup } from "@syncline/node/hub"
import { Effect, Layer } from "effect"
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
  expect(await ask(data, "backups/20200101T000000Z-00000000/verify", {})).toMatchObject({ status: 404 })
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

it("[HX-31] stops in time in the middle of a backup, which is none then", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const hub = await startHub({ data, env: { SYNCLINE_BACKUP_FOLDER: place } })
  expect((await ask(data, "backups", {})).status).toBe(202)
  const { code, ms } = await stopped(hub)
  expect(code).toBe(0)
  expect(ms).toBeLessThan(2_000)
  expect(backupsIn(place).filter((name) => !name.endsWith(".part"))).toEqual([])
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
