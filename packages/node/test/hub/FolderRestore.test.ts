import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as FolderBackup from "../../src/hub/FolderBackup.ts"
import * as FolderRestore from "../../src/hub/FolderRestore.ts"
import { openJournal } from "../temporaryFolder.ts"
import { furnish, hashOf, infoOf, peopleIn, placeOf, put, site, writeNotes } from "./backupWorld.ts"

const now = { isDryRun: false, isReplacing: false }
const replacing = { isDryRun: false, isReplacing: true }
const dry = { isDryRun: true, isReplacing: false }

/** A folder with a hub's files and a backup of it. */
const backedUp = Effect.gen(function* () {
  const { folder, place } = yield* site
  yield* writeNotes(folder, 0, 300)
  yield* furnish(folder)
  const backup = yield* FolderBackup.make(folder, place)
  return { folder, backup, other: join(dirname(folder), "other") }
})

const refused = (backup: string, folder: string, options: FolderRestore.RestoreOptions) =>
  Effect.map(Effect.flip(FolderRestore.restore(backup, folder, options)), ({ reason }) => reason)

/** Names in a folder, without the logs that SQLite makes for whoever reads. */
const listing = (folder: string): ReadonlyArray<string> | undefined =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => !/-(?:wal|shm)$/.test(name))
        .sort()
    : undefined

it.live("[HX-10] what is restored has the records of the backup and goes on as another incarnation", () =>
  Effect.gen(function* () {
    const { backup, folder, other } = yield* backedUp
    const plan = yield* FolderRestore.restore(backup.path, other, now)
    expect(plan).toMatchObject({ state: "empty", movedTo: undefined, folder: other, peers: 0 })
    const { author, incarnation } = yield* infoOf(other)
    expect(plan.incarnation).toBe(incarnation)
    expect(incarnation).not.toBe(backup.manifest.incarnation)
    expect(author).not.toBe((yield* infoOf(folder)).author)
    expect(yield* hashOf(other)).toEqual(yield* hashOf(folder))
    for (const name of ["device.key", "trusted-peers", "onboarding.json"]) {
      expect(readFileSync(join(other, name))).toEqual(readFileSync(join(folder, name)))
    }
    // It is told by the file and not found out by its place, which another disk may give a second time.
    const place = placeOf(join(other, "journal.db"))
    const journal = yield* openJournal(other)
    expect(journal.info.incarnation).toBe(incarnation)
    expect(placeOf(join(other, "journal.db"))).toBe(place)
    yield* journal.write([put("after")])
    expect(listing(other)?.filter((name) => name.startsWith("restore") || name.startsWith("before"))).toEqual([])
  }).pipe(Effect.scoped)
)

it.live("[HX-11] accounts and tokens stay, sessions end, and no pairing code comes back", () =>
  Effect.gen(function* () {
    const { backup, folder, other } = yield* backedUp
    yield* FolderRestore.restore(backup.path, other, now)
    expect(yield* peopleIn(folder)).toEqual([1, 1, 1])
    expect(yield* peopleIn(other)).toEqual([1, 0, 1])
    expect(existsSync(join(other, "pairing.json"))).toBe(false)
  }).pipe(Effect.scoped)
)

it.live("[HX-12] a dry run tells what would be done, fails as the restore would, and changes nothing", () =>
  Effect.gen(function* () {
    const { backup, folder, other } = yield* backedUp
    const plan = yield* FolderRestore.restore(backup.path, other, dry)
    expect(plan).toMatchObject({ state: "empty", incarnation: undefined, present: undefined })
    expect(plan.backup.manifest.records).toBe(300)
    expect(listing(other)).toBeUndefined()
    yield* writeNotes(folder, 300, 400)
    const before = listing(folder)
    expect(yield* refused(backup.path, folder, dry)).toMatchObject({ _tag: "FolderNotEmpty", holds: "this very node" })
    const replaced = yield* FolderRestore.restore(backup.path, folder, { isDryRun: true, isReplacing: true })
    expect(replaced).toMatchObject({ state: "taken", present: { head: 4 }, backup: { manifest: { head: 3 } } })
    expect(listing(folder)).toEqual(before)
  }).pipe(Effect.scoped)
)

it.live("[HX-13] a folder in use is not touched, and one that holds something only when it is to be replaced", () =>
  Effect.gen(function* () {
    const { backup, folder, other } = yield* backedUp
    yield* Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* openJournal(folder)
        for (const options of [now, replacing, dry]) {
          expect(yield* refused(backup.path, folder, options)).toMatchObject({ _tag: "FolderInUse", path: folder })
        }
        yield* journal.write([put("still")])
      })
    )
    expect((yield* refused(backup.path, folder, now))._tag).toBe("FolderNotEmpty")
    mkdirSync(other)
    writeFileSync(join(other, "letter.txt"), "dear")
    expect(yield* refused(backup.path, other, now)).toMatchObject({ _tag: "FolderNotEmpty", holds: "files" })
    const { movedTo } = yield* FolderRestore.restore(backup.path, other, replacing)
    expect(readFileSync(join(movedTo!, "letter.txt"), "utf8")).toBe("dear")
    expect((yield* hashOf(other)).count).toBe(300)
  }).pipe(Effect.scoped)
)

it.live("[HX-13] what was in a replaced folder lies aside, whole", () =>
  Effect.gen(function* () {
    const { backup, folder } = yield* backedUp
    yield* writeNotes(folder, 300, 400)
    const there = yield* hashOf(folder)
    const first = yield* FolderRestore.restore(backup.path, folder, replacing)
    expect((yield* hashOf(folder)).count).toBe(300)
    expect(yield* hashOf(first.movedTo!)).toEqual(there)
    const second = yield* FolderRestore.restore(backup.path, folder, replacing)
    expect(second.movedTo).not.toBe(first.movedTo)
    expect(yield* hashOf(first.movedTo!)).toEqual(there)
  }).pipe(Effect.scoped)
)

it.live("[HX-14] a damaged backup is not restored, and the folder stays as it was", () =>
  Effect.gen(function* () {
    const { backup, folder, other } = yield* backedUp
    rmSync(join(backup.path, "hub.db"))
    expect(yield* refused(backup.path, other, now)).toMatchObject({ _tag: "BackupDamaged", file: "hub.db" })
    expect(listing(other)).toBeUndefined()
    const before = listing(folder)
    expect((yield* refused(backup.path, folder, replacing))._tag).toBe("BackupDamaged")
    expect(listing(folder)).toEqual(before)
  }).pipe(Effect.scoped)
)

it.live("[HX-15] no node starts on what a killed restore has left, and the same restore again makes it whole", () =>
  Effect.gen(function* () {
    const { backup, other } = yield* backedUp
    mkdirSync(join(other, "restore.part"), { recursive: true })
    writeFileSync(join(other, "journal.db.made"), "")
    writeFileSync(join(other, "restore.part", "journal.db"), "half")
    const { reason } = yield* Effect.flip(Effect.scoped(openJournal(other)))
    expect(reason._tag).toBe("StoreCorrupt")
    const plan = yield* FolderRestore.restore(backup.path, other, now)
    expect(plan.state).toBe("interrupted")
    expect((yield* hashOf(other)).count).toBe(300)
  }).pipe(Effect.scoped)
)

it.live(
  "[HX-15] kill -9 in the middle of a restore leaves the old records, none that a node starts on, or the restored ones",
  () =>
    Effect.gen(function* () {
      const { backup, folder } = yield* backedUp
      yield* writeNotes(folder, 300, 400)
      const [old, restored] = [(yield* hashOf(folder)).hash, backup.manifest.stateHash]
      for (let round = 0; round < 10; round++) {
        const child = yield* started(backup.path, folder)
        yield* Effect.sleep(20 + 37 * round)
        child.kill("SIGKILL")
        yield* Effect.promise(() => once(child, "close"))
        const outcome = yield* Effect.exit(Effect.scoped(openJournal(folder)))
        if (outcome._tag === "Success") expect([old, restored]).toContain((yield* hashOf(folder)).hash)
        else expect(String(outcome.cause)).toContain("it is empty, although")
        // What was there at first is somewhere, whole, whatever was moved how far.
        yield* assertKept(folder, old)
      }
      yield* FolderRestore.restore(backup.path, folder, replacing)
      expect((yield* hashOf(folder)).hash).toBe(restored)
      yield* assertKept(folder, old)
    }).pipe(Effect.scoped),
  60_000
)

it.live("[HX-15] kill -9 in the middle of a restore into a new folder leaves none on which a node begins anew", () =>
  Effect.gen(function* () {
    const { backup, other } = yield* backedUp
    const part = join(other, "restore.part", "journal.db")
    for (let round = 0; ; round++) {
      expect(round).toBeLessThan(20)
      const child = yield* started(backup.path, other)
      yield* Effect.promise(async () => {
        while (!existsSync(part)) await new Promise(setImmediate)
        child.kill("SIGKILL")
        await once(child, "close")
      })
      // It may have been faster, and be done.
      if (existsSync(part) && !existsSync(join(other, "journal.db"))) break
      rmSync(other, { recursive: true })
    }
    const { reason } = yield* Effect.flip(Effect.scoped(openJournal(other)))
    expect(reason._tag).toBe("StoreCorrupt")
    yield* FolderRestore.restore(backup.path, other, now)
    expect((yield* hashOf(other)).count).toBe(300)
  }).pipe(Effect.scoped)
)

const assertKept = Effect.fnUntraced(function* (folder: string, hash: string) {
  const asides = readdirSync(folder).filter((name) => name.startsWith("before-restore-"))
  const places = [folder, ...asides.map((name) => join(folder, name))].filter((place) =>
    existsSync(join(place, "journal.db"))
  )
  const found = yield* Effect.forEach(places, (place) => Effect.orElseSucceed(hashOf(place), () => undefined))
  expect(found.map((one) => one?.hash)).toContain(hash)
})

const started = (backup: string, folder: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = fork(fileURLToPath(new URL("./restoresForever.ts", import.meta.url)), [backup, folder])
      await once(child, "message")
      return child
    }),
    (child: ChildProcess) => Effect.sync(() => child.kill("SIGKILL"))
  )
