/** Settings that are seen and changed while a hub runs. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { AdminSettings } from "@syncline/core/admin"
import { DeviceKey } from "@syncline/core"
import { Effect, Layer } from "effect"
import { expect, it, vi } from "vitest"
import * as Backups from "../../src/backup/Backups.ts"
import { startHub, temporaryFolder, until } from "../hubProcess.ts"
import { ask, team } from "../localDoor.ts"

vi.setConfig({ testTimeout: 60_000 })

const settingsOf = async (data: string) => {
  const { body, status } = await ask(data, "settings")
  expect(status).toBe(200)
  const { settings } = body as unknown as typeof AdminSettings.Settings.Type
  return Object.fromEntries(settings.map((setting) => [setting.key, setting]))
}
const change = (data: string, values: object) => ask(data, "settings", { values }, "PATCH")

it("[HO-8] tells each setting with what is in force and where it comes from, and nothing of paths and secrets", async () => {
  const [data, place, folder] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
  const file = join(folder, "hub.json")
  writeFileSync(
    file,
    JSON.stringify({ backupKeep: 3, oidcClientId: "hidden-id", oidcIssuer: "https://hidden.example.com" })
  )
  const env = { SYNCLINE_CONFIG: file, SYNCLINE_BACKUP_FOLDER: place, SYNCLINE_QUOTA_MIB_SPACE: "512" }
  await startHub({ data, env })
  const settings = await settingsOf(data)
  expect(settings["backupKeep"]).toMatchObject({
    kind: "number",
    value: 3,
    default: 14,
    source: "file",
    isChangeable: false
  })
  expect(settings["quotaMibSpace"]).toMatchObject({
    value: 512,
    source: "environment",
    isSet: true,
    isChangeable: false
  })
  expect(settings["logLevel"]).toMatchObject({
    kind: "choice",
    value: "info",
    source: "environment",
    isChangeable: false
  })
  expect(settings["policy"]).toMatchObject({
    value: "personal",
    default: "personal",
    source: "default",
    isChangeable: false
  })
  expect(settings["relay"]).toMatchObject({ kind: "choice", value: "off", isSet: false })
  expect(settings["backupEveryHours"]).toMatchObject({ value: 24, source: "default", isChangeable: true })
  expect(settings["backupFolder"]).toMatchObject({ kind: "hidden", value: null, default: null, isSet: true })
  expect(settings["passphraseFile"]).toMatchObject({
    kind: "hidden",
    value: null,
    isSet: false,
    variable: "SYNCLINE_PASSPHRASE_FILE"
  })
  const text = JSON.stringify(settings)
  for (const secret of [data, place, file, "hidden-id", "hidden.example.com"]) expect(text).not.toContain(secret)
})

it("[HO-9] changes take effect at once, are kept over a restart, stand in the audit, and are taken back", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const env = { ...team, SYNCLINE_LOG_LEVEL: "", SYNCLINE_BACKUP_FOLDER: place }
  const first = await startHub({ data, env })
  const values = { logLevel: "debug", quotaRecordsPerDevice: 1_000, backupEveryHours: 48, backupKeep: 2 }
  const { body, status } = await change(data, values)
  expect(status).toBe(200)
  expect(body["settings"]).toContainEqual(
    expect.objectContaining({ key: "logLevel", value: "debug", source: "runtime" })
  )
  await until(async () => {
    await ask(data, "entities/task", { fields: { title: "told" } })
    return first.log().includes(`"level":20`)
  }, 10_000)
  expect((await ask(data, "entities/task", { fields: { title: "x" } })).status).toBe(201)
  const audit = async () => JSON.stringify((await ask(data, "audit?limit=50")).body)
  await until(async () => (await audit()).includes("hub/settings.change"), 10_000)
  expect(await audit()).toContain("set logLevel to debug, quotaRecordsPerDevice to 1000")
  first.child.kill("SIGKILL")
  await first.ended()
  const second = await startHub({ data, env })
  for (const [key, value] of Object.entries(values)) {
    expect((await settingsOf(data))[key]).toMatchObject({ value, source: "runtime", isChangeable: true })
  }
  await ask(data, "entities/task", { fields: { title: "told" } })
  await until(() => second.log().includes(`"level":20`), 10_000)
  expect((await change(data, { logLevel: null, backupKeep: null })).status).toBe(200)
  expect((await settingsOf(data))["logLevel"]).toMatchObject({ value: "info", source: "default", isSet: false })
  second.child.kill("SIGKILL")
  await second.ended()
  // What the environment says counts, and what was changed comes back without it.
  await startHub({ data, env: { ...env, SYNCLINE_QUOTA_RECORDS_PER_DEVICE: "7" } })
  const settings = await settingsOf(data)
  expect(settings["quotaRecordsPerDevice"]).toMatchObject({ value: 7, source: "environment" })
  expect(settings["backupEveryHours"]).toMatchObject({ value: 48, source: "runtime" })
  expect(settings["backupKeep"]).toMatchObject({ value: 14, source: "default" })
})

it("[HO-9] what the environment sets stays, and what is not allowed is refused with every fault, and nothing is changed", async () => {
  const data = temporaryFolder()
  await startHub({ data, env: { SYNCLINE_BACKUP_KEEP: "5" } })
  const outside = await change(data, { backupKeep: 6, logLevel: "warn", quotaMibSpace: 1 })
  expect(outside).toMatchObject({ status: 409, body: { code: "SetByEnvironment" } })
  expect(String(outside.body["detail"])).toMatch(
    /backupKeep is set by SYNCLINE_BACKUP_KEEP, logLevel is set by SYNCLINE_LOG_LEVEL/
  )
  const unfit = await change(data, {
    quotaMibSpace: -1,
    backupEveryHours: "24",
    port: 1,
    nonsense: 1,
    quotaMibPerDeviceDay: 5
  })
  expect(unfit).toMatchObject({ status: 422, body: { code: "SettingsUnfit" } })
  for (const fault of [
    "quotaMibSpace must be a whole number from 0 to 1048576 (0 is no limit), and not -1",
    `backupEveryHours must be a whole number from 0 to 8760 (0 makes none by itself), and not "24"`,
    "port takes effect only at a start of the hub",
    "nonsense is no setting"
  ]) {
    expect(String(unfit.body["detail"])).toContain(fault)
  }
  expect((await change(data, { logLevel: { deep: 1 } })).status).toBe(400)
  const settings = await settingsOf(data)
  for (const key of ["quotaMibSpace", "quotaMibPerDeviceDay"])
    expect(settings[key]).toMatchObject({ value: 0, source: "default" })
})

it("[HO-9] backups by themselves are switched on while the hub runs", async () => {
  const [data, place] = [temporaryFolder(), temporaryFolder()]
  const hub = await startHub({ data })
  hub.child.kill("SIGTERM")
  await hub.ended()
  const settings = { dataFolder: data, backupFolder: place, backupEveryHours: 0, backupKeep: 2 }
  const device = Layer.succeed(DeviceKey.DeviceKey, { peer: hub.peer } as DeviceKey.DeviceKey["Service"])
  const listeners = new Set<() => void>()
  const changed = Effect.callback<void>((resume) => void listeners.add(() => resume(Effect.void)))
  const timing = { firstMs: 1, retryMs: 100 }
  const switched = Effect.gen(function* () {
    const { runs } = yield* Backups.Backups
    yield* Effect.sleep(500)
    expect(yield* runs).toEqual([])
    settings.backupEveryHours = 24
    for (const tell of listeners) tell()
    while ((yield* runs).length === 0) yield* Effect.sleep(20)
  }).pipe(Effect.timeout("20 seconds"))
  const layer = Backups.layer(settings, timing, changed)
  await Effect.runPromise(Effect.provide(switched, Layer.provide(layer, device)))
})
