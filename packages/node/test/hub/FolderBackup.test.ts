import { type ChildProcess, fork, spawn } from "node:child_process"
import { once } from "node:events"
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"
import Database from "better-sqlite3"
import { Effect, Redacted } from "effect"
import * as DataFolder from "../../src/DataFolder.ts"
import * as DeviceKeyFile from "../../src/DeviceKeyFile.ts"
import * as FolderBackup from "../../src/hub/FolderBackup.ts"
import * as SqliteJournal from "../../src/SqliteJournal.ts"
import * as SqliteSchema from "../../src/SqliteSchema.ts"
import { openJournal } from "../temporaryFolder.ts"
import { furnish, hashOf, infoOf, placeOf, site, writeKey, writeNotes } from "./backupWorld.ts"

const whole = Effect.fnUntraced(function* (place: string) {
  const listed = yield* FolderBackup.list(place)
  for (const { path } of listed) expect((yield* FolderBackup.verify(path)).faults, `faults of ${path}`).toEqual([])
  return listed.map(({ id }) => id)
})

it.live("[HX-1] a backup has all that makes the node what it is, and nothing of a running one", () =>
  Effect.gen(function* () {
    const { folder, place } = yield* site
    yield* writeNotes(folder, 0, 250)
    yield* furnish(folder)
    const { id, manifest, path } = yield* FolderBackup.make(folder, place)
    expect(id).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/)
    expect(readdirSync(path).sort()).toEqual(
      ["backup.json", "device.key", "hub.db", "journal.db", "onboarding.json", "trusted-peers"].sort()
    )
    const { author, incarnation, space } = yield* infoOf(folder)
    expect(manifest).toMatchObject({ space, incarnation, head: 3, records: 250, charterRecords: 0, isKeySealed: false })
    expect(author.startsWith(manifest.peer)).toBe(true)
    expect(manifest.stateHash).toBe((yield* hashOf(folder)).hash)
    for (const name of readdirSync(path)) expect(statSync(join(path, name)).mode & 0o077, `mode of ${name}`).toBe(0)
    expect(yield* whole(place)).toEqual([id])
  }).pipe(Effect.scoped)
)

it.live(
  "[HX-2] while a process writes, a backup holds what was durable when it began, and the writer goes on",
  () =>
    Effect.gen(function* () {
      const { folder, place } = yield* site
      yield* writeNotes(folder, 0, 20_000)
      const head = Effect.scoped(Effect.flatMap(SqliteJournal.openReadOnly({ folder }), (journal) => journal.head))
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [fileURLToPath(new URL("../writeForever.ts", import.meta.url)), folder, "0"])
        ),
        (writer) => Effect.sync(() => writer.kill("SIGKILL"))
      )
      yield* Effect.promise(() => once(child.stdout, "data"))
      const before = yield* head
      const { manifest } = yield* FolderBackup.make(folder, place)
      expect(child.exitCode).toBeNull()
      expect(manifest.head).toBeGreaterThanOrEqual(before)
      // Many commits came while it was copied, and none of them made it begin anew.
      expect(yield* head).toBeGreaterThan(manifest.head)
      expect(manifest.records).toBe(20_000 + manifest.head - 200)
      expect((yield* whole(place)).length).toBe(1)
    }).pipe(Effect.scoped),
  30_000
)

it.live("[HX-3] a key under a passphrase stays under it in the backup", () =>
  Effect.gen(function* () {
    const { folder, place } = yield* site
    yield* writeNotes(folder, 0, 1)
    writeKey(folder)
    yield* DeviceKeyFile.protect(folder, Redacted.make("correct horse battery"))
    const { manifest, path } = yield* FolderBackup.make(folder, place)
    expect(manifest.isKeySealed).toBe(true)
    expect(readFileSync(join(path, "device.key"))).toEqual(readFileSync(join(folder, "device.key")))
    expect(yield* Effect.flip(DeviceKeyFile.load(path))).toMatchObject({ reason: { _tag: "KeyLocked" } })
  }).pipe(Effect.scoped)
)

it.live(
  "[HX-4] places inside the folder, folders without a journal and a second backup at the same time are refused",
  () =>
    Effect.gen(function* () {
      const { folder, place } = yield* site
      const failed = (from: string, to: string) =>
        Effect.map(Effect.flip(FolderBackup.make(from, to)), ({ reason }) => reason._tag)
      expect(yield* failed(folder, place)).toBe("BackupForeign")
      yield* writeNotes(folder, 0, 1)
      expect(yield* failed(folder, folder)).toBe("BackupPlaceUnfit")
      expect(yield* failed(folder, join(folder, "backups"))).toBe("BackupPlaceUnfit")
      expect(existsSync(join(folder, "lock.db"))).toBe(true)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* DataFolder.acquire(place)
          expect(yield* failed(folder, place)).toBe("BackupRuns")
        })
      )
      expect(yield* FolderBackup.list(place)).toEqual([])
      yield* FolderBackup.make(folder, place)
      expect((yield* whole(place)).length).toBe(1)
    }).pipe(Effect.scoped)
)

const damages: ReadonlyArray<[what: string, file: string, damage: (path: string) => void]> = [
  ["a byte that changed", "journal.db", (path) => flip(join(path, "journal.db"), 5_000)],
  ["a file that is gone", "hub.db", (path) => rmSync(join(path, "hub.db"))],
  ["a file that grew", "trusted-peers", (path) => appendFileSync(join(path, "trusted-peers"), "x")],
  ["a log of another day", "journal.db-wal", (path) => writeFileSync(join(path, "journal.db-wal"), "")],
  ["a manifest that says another hash", "backup.json", (path) => edit(join(path, "backup.json"), otherHash)],
  [
    "a manifest that says more records",
    "backup.json",
    (path) => edit(join(path, "backup.json"), (text) => text.replace('"records": ', '"records": 1'))
  ]
]

const otherHash = (text: string): string =>
  text.replace(/("stateHash": ")(.)/, (_, name: string, digit: string) => `${name}${digit === "0" ? "1" : "0"}`)

const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file)
  bytes[at]! ^= 1
  writeFileSync(file, bytes)
}

const edit = (file: string, change: (text: string) => string): void =>
  writeFileSync(file, change(readFileSync(file, "utf8")))

for (const [what, file, damage] of damages) {
  it.live(`[HX-5] verifying tells of ${what}`, () =>
    Effect.gen(function* () {
      const { folder, place } = yield* site
      yield* writeNotes(folder, 0, 300)
      yield* furnish(folder)
      const { path } = yield* FolderBackup.make(folder, place)
      damage(path)
      const { faults } = yield* FolderBackup.verify(path)
      expect(faults.map((fault) => fault.file)).toEqual([file])
    }).pipe(Effect.scoped)
  )
}

it.live("[HX-5] a folder that is no backup, and a manifest of a later version, are told as such", () =>
  Effect.gen(function* () {
    const { folder, place } = yield* site
    yield* writeNotes(folder, 0, 1)
    const { path } = yield* FolderBackup.make(folder, place)
    const reason = (of: string) => Effect.map(Effect.flip(FolderBackup.verify(of)), (error) => error.reason)
    expect(yield* reason(folder)).toMatchObject({ _tag: "BackupForeign", problem: "it has no backup.json" })
    edit(join(path, "backup.json"), (text) => text.replace("backup/1", "backup/2"))
    expect(yield* reason(path)).toMatchObject({ _tag: "BackupForeign" })
    edit(join(path, "backup.json"), (text) =>
      text.replace("backup/2", "backup/1").replace('"journal.db"', '"../journal.db"')
    )
    expect(yield* reason(path)).toMatchObject({ _tag: "BackupForeign" })
  }).pipe(Effect.scoped)
)

it.live("[HX-5] a damaged journal is not backed up", () =>
  Effect.gen(function* () {
    const { folder, place } = yield* site
    yield* writeNotes(folder, 0, 2_000)
    const file = join(folder, "journal.db")
    const bytes = readFileSync(file)
    bytes.fill(0xff, Math.floor(bytes.length / 2 / 4096) * 4096, Math.floor(bytes.length / 2 / 4096) * 4096 + 4096)
    writeFileSync(file, bytes)
    const { reason } = yield* Effect.flip(FolderBackup.make(folder, place))
    expect(reason).toMatchObject({ _tag: "BackupDamaged", path: folder, file: "journal.db" })
    expect(readdirSync(place)).toEqual(["lock.db"])
  }).pipe(Effect.scoped)
)

it.live("[HX-6] the newest backups of a device stay, and all of others", () =>
  Effect.gen(function* () {
    const { folder, place } = yield* site
    yield* writeNotes(folder, 0, 1)
    const { manifest, path } = yield* FolderBackup.make(folder, place)
    // Names begin with the second in which a backup was begun.
    const made = ["20200101T000000Z-00000001", "20200102T000000Z-00000002", "20200103T000000Z-00000003"]
    for (const id of made) {
      mkdirSync(join(place, id))
      writeFileSync(join(place, id, "backup.json"), readFileSync(join(path, "backup.json")))
    }
    edit(join(place, made[0]!, "backup.json"), (text) => text.replace('"peer": "1', '"peer": "X'))
    writeFileSync(join(place, made[1]!, "backup.json"), "{}")
    expect(yield* FolderBackup.prune(place, manifest.peer, 1)).toEqual([made[2]])
    const ids = (yield* FolderBackup.list(place)).map(({ id }) => id)
    expect(ids).toEqual([path.slice(place.length + 1), made[1], made[0]])
    expect(yield* FolderBackup.prune(place, manifest.peer, 0)).toEqual([])
  }).pipe(Effect.scoped)
)

it.live("[HX-7] a copy of a backup's journal goes on as another incarnation wherever it lies", () =>
  Effect.gen(function* () {
    const { folder, place } = yield* site
    yield* writeNotes(folder, 0, 1)
    const { manifest, path } = yield* FolderBackup.make(folder, place)
    expect(placeOf(join(path, "journal.db"))).toBe("copied")
    const { info } = yield* openJournal(path)
    expect(info.incarnation).not.toBe(manifest.incarnation)
  }).pipe(Effect.scoped)
)

it.live("[HX-5] of an earlier version's backup the files are verified, and its records not counted", () =>
  Effect.gen(function* () {
    const { folder, place } = yield* site
    yield* writeNotes(folder, 0, 1)
    const { path } = yield* FolderBackup.make(folder, place)
    const file = join(path, "journal.db")
    const db = new Database(file)
    db.pragma(`user_version = ${SqliteSchema.version - 1}`)
    db.close()
    const { faults } = yield* FolderBackup.verify(path)
    const { sha256 } = yield* hashed(file)
    const ofJournal = /("name": "journal.db",\s+"bytes": \d+,\s+"sha256": ")[0-9a-f]+/
    edit(join(path, "backup.json"), (text) => text.replace(ofJournal, `$1${sha256}`))
    expect(faults.map((fault) => fault.file)).toEqual(["journal.db"])
    expect(yield* FolderBackup.verify(path)).toMatchObject({ faults: [], isCounted: false })
  }).pipe(Effect.scoped)
)

const hashed = (file: string) =>
  Effect.promise(async () => {
    const { createHash } = await import("node:crypto")
    return { sha256: createHash("sha256").update(readFileSync(file)).digest("hex") }
  })

const started = (script: string, args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = fork(fileURLToPath(new URL(script, import.meta.url)), args)
      await once(child, "message")
      return child
    }),
    (child: ChildProcess) => Effect.sync(() => child.kill("SIGKILL"))
  )

it.live(
  "[HX-8] kill -9 in the middle of a backup leaves only whole ones, and what is left of it goes with the next",
  () =>
    Effect.gen(function* () {
      const { folder, place } = yield* site
      yield* writeNotes(folder, 0, 4_000)
      const said: Array<string> = []
      let isLeftOver = false
      for (let round = 0; round < 6 || (!isLeftOver && round < 30); round++) {
        const child = yield* started("./backsUpForever.ts", [folder, place])
        child.on("message", (id: string) => said.push(id))
        yield* Effect.sleep(60 + ((70 * round) % 500))
        child.kill("SIGKILL")
        yield* Effect.promise(() => once(child, "close"))
        const ids = yield* whole(place)
        expect(ids).toEqual(expect.arrayContaining(said))
        isLeftOver ||= readdirSync(place).some((name) => name.endsWith(".part"))
      }
      expect(isLeftOver).toBe(true)
      yield* FolderBackup.make(folder, place)
      expect(readdirSync(place).filter((name) => name.endsWith(".part"))).toEqual([])
    }).pipe(Effect.scoped),
  60_000
)
