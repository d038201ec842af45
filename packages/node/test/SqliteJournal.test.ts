import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Worker } from "node:worker_threads"
import { expect, it } from "@effect/vitest"
import { Author, Commit, DeleteWatch, type EntityChange, KeyRing, type PeerId, SpaceId } from "@syncline/core"
import Database from "better-sqlite3"
import { Effect, Exit, Fiber, Redacted } from "effect"
import * as DataFolder from "../src/DataFolder.ts"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as JournalThread from "../src/JournalThread.ts"
import * as SqliteConnection from "../src/SqliteConnection.ts"
import * as SqliteJournal from "../src/SqliteJournal.ts"
import * as SqliteSchema from "../src/SqliteSchema.ts"
import * as SqliteWriter from "../src/SqliteWriter.ts"
import type { FromWriter } from "../src/WriterMessage.ts"
import { canMount, fill, setReadOnly, smallDisk } from "./smallDisk.ts"
import { openJournal, seedOf, space, temporaryFolder } from "./temporaryFolder.ts"

const put = (id: string, text: string): EntityChange.EntityChange => ({
  partition: { type: "note", header: {} },
  id,
  change: { kind: "put", lww: { text }, counters: {}, sets: {} }
})

const patch = (id: string, text: string): EntityChange.EntityChange => ({
  ...put(id, text),
  change: { kind: "patch", lww: { text }, counters: {}, sets: {} }
})

it.live("[DF-1] a second journal on the folder is refused until the first closes", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* openJournal(folder)
        const error = yield* Effect.flip(Effect.scoped(openJournal(folder)))
        expect(error.reason).toMatchObject({ _tag: "StoreInUse", path: folder })
      })
    )
    yield* Effect.scoped(openJournal(folder))
  })
)

it.live.runIf(canMount)("[DF-2] a folder on a read-only disk is refused", () =>
  Effect.gen(function* () {
    const disk = yield* smallDisk(8)
    yield* Effect.scoped(openJournal(disk))
    setReadOnly(disk, true)
    for (const folder of [disk, join(disk, "new")]) {
      expect((yield* Effect.flip(Effect.scoped(openJournal(folder)))).reason._tag).toBe("StoreReadOnly")
    }
    setReadOnly(disk, false)
    yield* Effect.scoped(openJournal(disk))
  })
)

it.live("[SJ-2] the writing connection runs with the settings that durability rests on", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const db = SqliteConnection.openForWriting(join(folder, "journal.db"))
    const setting = (name: string) => db.pragma(name, { simple: true })
    expect([
      setting("journal_mode"),
      setting("synchronous"),
      setting("foreign_keys"),
      setting("trusted_schema")
    ]).toEqual(["wal", 2, 1, 0])
    expect([setting("application_id"), setting("user_version")]).toEqual([
      SqliteSchema.applicationId,
      SqliteSchema.version
    ])
    expect(
      db.prepare("SELECT count(*) FROM pragma_table_list WHERE strict = 0 AND name NOT LIKE 'sqlite_%'").pluck().get()
    ).toBe(0)
    db.close()
    expect(() => SqliteConnection.openForWriting(":memory:")).toThrow("journal_mode is memory")
  })
)

it.live("[SJ-3] files of newer versions, other programs, other spaces and other devices are refused", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const { incarnation } = (yield* Effect.scoped(openJournal(folder))).info
    const refused = (device: number, ofSpace = space) =>
      Effect.map(Effect.flip(Effect.scoped(openJournal(folder, device, ofSpace))), ({ reason }) => reason._tag)
    expect(yield* refused(2)).toBe("StoreForeign")
    expect(yield* refused(1, "00".repeat(16) as SpaceId.SpaceId)).toBe("StoreForeign")
    expect((yield* Effect.scoped(openJournal(folder))).info.incarnation).toBe(incarnation)

    const file = DataFolder.journalFile(folder)
    const db = new Database(file)
    db.pragma(`user_version = ${SqliteSchema.version + 1}`)
    db.close()
    const before = readFileSync(file)
    expect(yield* refused(1)).toBe("StoreForeign")
    expect(readFileSync(file).equals(before)).toBe(true)

    const other = join(folder, "other")
    mkdirSync(other)
    const theirs = new Database(DataFolder.journalFile(other))
    theirs.exec("CREATE TABLE theirs (a)")
    theirs.close()
    expect((yield* Effect.flip(Effect.scoped(openJournal(other)))).reason._tag).toBe("StoreForeign")
    writeFileSync(DataFolder.journalFile(other), "no database at all, but long enough to look like one".repeat(100))
    expect((yield* Effect.flip(Effect.scoped(openJournal(other)))).reason._tag).toBe("StoreCorrupt")
  })
)

it.live("[SJ-9] a journal that became empty is damaged, not new", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* Effect.scoped(openJournal(folder))
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${DataFolder.journalFile(folder)}${suffix}`, { force: true })
    writeFileSync(DataFolder.journalFile(folder), "")
    expect((yield* Effect.flip(Effect.scoped(openJournal(folder)))).reason._tag).toBe("StoreCorrupt")
  })
)

it.live("[SE-23] commits that compress well share a transaction by what they unpack to", () =>
  Effect.gen(function* () {
    const source = yield* openJournal(yield* temporaryFolder)
    for (let i = 0; i < 100; i++) {
      yield* source.write(Array.from({ length: 4 }, (_, n) => put(`${i}/${n}`, `${i} of ${n} `.repeat(6_000))))
    }
    const { commits } = yield* source.feed(0, "nobody" as PeerId.PeerId, 1e9)
    const packed = commits.reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect(packed).toBeLessThan(1024 * 1024)
    const thread = JournalThread.start()
    let groups = 0
    thread.on("message", (message: FromWriter) => {
      if (message.kind === "answers") groups = message.groups
    })
    const journal = yield* SqliteJournal.make({ folder: yield* temporaryFolder, space, thread }).pipe(
      Effect.provide(DeviceKeyFile.layerSeed(seedOf(2)))
    )
    const batch = { peer: Author.peer(source.info.author), incarnation: source.info.incarnation, isCustodian: false }
    const limits = { denials: [], feed: undefined, aheadMsMax: 1e12, deleteLimits: DeleteWatch.defaultDeleteLimits }
    yield* Effect.forEach(
      commits,
      ({ bytes }) => {
        const opened = Commit.open(bytes)
        if (typeof opened === "string") return Effect.die(opened)
        return journal.receive({ ...batch, ...limits, commits: [bytes], unpackedBytes: opened.header.size })
      },
      { concurrency: "unbounded" }
    )
    expect(yield* journal.count("note")).toBe(400)
    // 20 MB in transactions of 8 MiB; packed it would have been one.
    expect(groups).toBeGreaterThanOrEqual(3)
  })
)

it.live("[SJ-4] 64 writes at the same time share transactions, and a refused one undoes only itself", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const file = DataFolder.journalFile(folder)
    const settings = { folder, file, space, seed: Redacted.value(seedOf(1)), held: KeyRing.noKeys }
    const durable: Array<number> = []
    const writer = yield* SqliteWriter.make(settings, (_, result) => {
      if (result !== undefined && "head" in result) durable.push(result.head)
    })
    const outcomes = yield* Effect.forEach(
      Array.from({ length: 64 }, (_, i) => i),
      (i) => {
        const change = i % 8 === 7 ? patch("missing", "x") : put(`n${i}`, "x")
        const changes = JSON.stringify([put(`also ${i}`, "x"), change])
        return Effect.exit(writer.call({ kind: "write", changes }, changes.length))
      },
      { concurrency: 64 }
    )
    expect(outcomes.filter(Exit.isSuccess).length).toBe(56)
    expect(writer.groups()).toBeLessThan(16)
    expect(durable).toEqual(Array.from({ length: 56 }, (_, i) => i + 1))
    const reader = yield* SqliteJournal.openReadOnly({ folder })
    expect(yield* reader.count("note")).toBe(112)
    expect(yield* reader.get("note", "also 7")).toBeUndefined()
  })
)

it.live.runIf(canMount)(
  "[SJ-5] on a full disk writes fail, reads go on, and writes resume once space is free",
  () =>
    Effect.gen(function* () {
      const disk = yield* smallDisk(6)
      writeFileSync(join(disk, "ballast"), new Uint8Array(2 * 1024 * 1024))
      const journal = yield* openJournal(disk)
      const text = "x".repeat(20_000)
      let kept = 0
      let reason: string | undefined
      while (reason === undefined && kept < 1000) {
        const error = yield* journal
          .write([put(`n${kept}`, `${text}${kept}`)])
          .pipe(Effect.as(undefined), Effect.flip, Effect.option)
        if (error._tag === "None") kept++
        else reason = error.value.reason._tag
      }
      expect(reason).toBe("StoreFull")
      const failed = yield* Effect.forEach([1, 2, 3], (i) => Effect.flip(journal.write([put(`f${i}`, text)])), {
        concurrency: 3
      })
      expect(failed.map((error) => error.reason._tag)).toEqual(["StoreFull", "StoreFull", "StoreFull"])
      expect(yield* journal.count("note")).toBe(kept)
      expect((yield* journal.get("note", "n0"))?.fields).toEqual({ text: `${text}0` })
      rmSync(join(disk, "ballast"))
      yield* journal.write([put("after", "x")])
      expect(yield* journal.count("note")).toBe(kept + 1)
      expect(yield* journal.head).toBe(kept + 1)
    }),
  60_000
)

it.live.runIf(canMount)(
  "[SJ-5] a full disk that keeps a large log from moving into the file ends nothing",
  () =>
    Effect.gen(function* () {
      const disk = yield* smallDisk(8)
      const journal = yield* openJournal(disk)
      for (let i = 0; i < 40; i++) yield* journal.write([put(`n${i}`, "x".repeat(30_000))])
      // As large as after a backup has been reading for a while; a hole takes no room.
      truncateSync(SqliteConnection.logFile(DataFolder.journalFile(disk)), SqliteConnection.logBytesMax + 4096)
      fill(join(disk, "ballast"))
      const reasons = new Set<string>()
      for (let i = 0; i < 70; i++) {
        const outcome = yield* Effect.result(journal.write([put(`m${i}`, "x".repeat(5_000))]))
        reasons.add(outcome._tag === "Failure" ? outcome.failure.reason._tag : "written")
      }
      expect([...reasons]).toEqual(["StoreFull"])
      rmSync(join(disk, "ballast"))
      yield* journal.write([put("after", "x")])
      expect(yield* journal.count("note")).toBe(41)
    }),
  60_000
)

it.live("[SJ-6] when the thread ends, waiting and later writes fail and reads go on", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    let thread: Worker | undefined
    process.once("worker", (worker) => (thread = worker))
    const journal = yield* openJournal(folder)
    yield* journal.write([put("n1", "x")])
    const waiting = yield* Effect.forkChild(Effect.flip(journal.write([put("n2", "x"), patch("none", "x")])))
    yield* Effect.promise(() => thread!.terminate())
    const later = yield* Effect.flip(journal.write([put("n3", "x")]))
    expect(later.reason._tag).toBe("StoreClosed")
    // It may have been answered just before the end.
    expect(["StoreClosed", "EntityNotFound"]).toContain((yield* Fiber.join(waiting)).reason._tag)
    expect((yield* journal.get("note", "n1"))?.fields).toEqual({ text: "x" })
  })
)

it.live("[SJ-7] a reader sees what a running journal wrote, and writes nothing", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    expect((yield* Effect.flip(SqliteJournal.openReadOnly({ folder }))).reason._tag).toBe("StoreForeign")
    const journal = yield* openJournal(folder)
    yield* journal.write([put("n1", "a")])
    const reader = yield* SqliteJournal.openReadOnly({ folder, space })
    expect(reader.info).toEqual(journal.info)
    yield* journal.write([put("n2", "b")])
    expect([yield* reader.head, yield* reader.count("note")]).toEqual([2, 2])
    expect((yield* Effect.flip(reader.write([put("n3", "c")]))).reason._tag).toBe("StoreReadOnly")
    expect((yield* Effect.flip(reader.release([]))).reason._tag).toBe("StoreReadOnly")
  })
)

it.live("[SJ-7] a reader needs no running journal", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* Effect.scoped(Effect.flatMap(openJournal(folder), (journal) => journal.write([put("n1", "a")])))
    const reader = yield* SqliteJournal.openReadOnly({ folder })
    expect((yield* reader.get("note", "n1"))?.fields).toEqual({ text: "a" })
  })
)

it.live("[SJ-7] a reader refuses what it cannot read: a copy without its log, and tables of an earlier version", () =>
  Effect.gen(function* () {
    const [folder, copy] = [yield* temporaryFolder, yield* temporaryFolder]
    const journal = yield* openJournal(folder)
    yield* journal.write([put("n1", "a")])
    // Everything that was written lies in the log still.
    copyFileSync(DataFolder.journalFile(folder), DataFolder.journalFile(copy))
    const empty = yield* Effect.flip(SqliteJournal.openReadOnly({ folder: copy }))
    expect(empty.reason).toMatchObject({ _tag: "StoreForeign", path: copy })
    expect(empty.message).toContain("-wal")
    const file = new Database(DataFolder.journalFile(copy))
    file.exec("CREATE TABLE meta (one INTEGER)")
    file.pragma(`application_id = ${SqliteSchema.applicationId}`)
    file.pragma(`user_version = ${SqliteSchema.version - 1}`)
    file.close()
    const earlier = yield* Effect.flip(SqliteJournal.openReadOnly({ folder: copy }))
    expect(earlier.message).toContain(`version ${SqliteSchema.version - 1} until its node starts`)
  })
)

it.live("[SJ-8] a reopened journal goes on where it was", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const other = yield* openJournal(yield* temporaryFolder, 2)
    const peer = Author.peer(other.info.author)
    const state = (journal: typeof other) =>
      Effect.all([journal.head, journal.lastTime, journal.peer(peer), journal.quarantineCounts, journal.partitions])
    yield* other.write([put("theirs", "x")])
    const commits = (yield* other.feed(0, peer, 10_000)).commits.map(({ bytes }) => bytes)
    const before = yield* Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* openJournal(folder)
        yield* journal.write([put("n1", "a")])
        const { incarnation } = other.info
        yield* journal.settle({
          peer,
          incarnation,
          isCustodian: true,
          givesWay: false,
          acknowledged: 1,
          told: 1,
          proven: undefined,
          unsent: [],
          verdicts: []
        })
        yield* journal.receive({
          peer,
          incarnation,
          isCustodian: true,
          feed: {
            from: 0,
            upto: 1
          },
          commits,
          denials: [],
          aheadMsMax: -6e5,
          deleteLimits: DeleteWatch.defaultDeleteLimits
        })
        return { info: journal.info, state: yield* state(journal) }
      })
    )
    expect(before.state[3].ClockAhead).toBe(1)
    const journal = yield* openJournal(folder)
    expect(journal.info).toEqual(before.info)
    expect(yield* state(journal)).toEqual(before.state)
    const outcome = yield* journal.write([put("n1", "b")])
    expect(outcome.head).toBe(2)
    expect((yield* journal.lastTime) > before.state[1]).toBe(true)
  })
)
