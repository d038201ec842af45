import { fork } from "node:child_process"
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"
import Database from "better-sqlite3"
import { Context, Effect, Layer } from "effect"
import { HubStore } from "../../src/hub/HubStore.ts"
import * as SqliteHubStore from "../../src/hub/SqliteHubStore.ts"
import * as SqliteBeside from "../../src/SqliteBeside.ts"
import { temporaryFolder } from "../temporaryFolder.ts"
import { account, credential, hash, hubStoreConformance, session, token } from "./hubStoreConformance.ts"

hubStoreConformance("SQLite", Effect.map(temporaryFolder, SqliteHubStore.layer))

const open = (folder: string) =>
  Effect.map(Layer.build(SqliteHubStore.layer(folder)), (services) => Context.get(services, HubStore))

it.effect("[HS-1] what was kept is there after a restart, all of it as it was", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const ann = account("ann", { member: "ann", isDisabled: true, name: "Ännchen" })
    const first = Effect.flatMap(open(folder), (store) =>
      store.change(({ accounts, credentials, sessions, settings, throttle, tokens }) => {
        accounts.put(ann)
        credentials.put(credential("k", "ann", { usedMs: 5 }))
        sessions.put(session(1, "ann"))
        tokens.put(token("t", "ann", { scopes: ["a", 'b"'] }))
        throttle.bump(hash(7), 10, 20)
        settings.set("light", "on")
      })
    )
    yield* Effect.scoped(first)
    const store = yield* open(folder)
    const found = store.read(({ accounts, credentials, sessions, settings, throttle, tokens }) => [
      accounts.get("ann"),
      credentials.get("passkey", "k"),
      sessions.get(hash(1)),
      tokens.get("t"),
      throttle.get(hash(7)),
      settings.get("light")
    ])
    expect(yield* found).toEqual([
      ann,
      credential("k", "ann", { usedMs: 5 }),
      session(1, "ann"),
      token("t", "ann", { scopes: ["a", 'b"'] }),
      { count: 1, firstMs: 10, lastMs: 10 },
      "on"
    ])
  }).pipe(Effect.scoped)
)

/** How many accounts it makes before it is killed. */
const saidMin = 20

/** Runs a process that makes one account after another, and kills it; gives the last that it said was kept. */
const lastSaved = (folder: string): Promise<number> =>
  new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL("./savesAccounts.ts", import.meta.url)), [folder])
    let last = 0
    child.on("message", (number) => {
      last = number as number
      if (last === saidMin) child.kill("SIGKILL")
    })
    child.once("close", () => resolve(last))
  })

it.live("[HS-1] [HS-2] what was said to be kept is there after kill -9, and each change is whole", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const said = yield* Effect.promise(() => lastSaved(folder))
    const store = yield* open(folder)
    const kept = yield* store.read(({ accounts }) => accounts.list(undefined, 1_000))
    expect(said).toBeGreaterThanOrEqual(saidMin)
    expect(kept.length).toBeGreaterThanOrEqual(said)
    const signIns = store.read(({ credentials }) => kept.map(({ id }) => credentials.ofAccount(id).length))
    expect(new Set(yield* signIns)).toEqual(new Set([1]))
  }).pipe(Effect.scoped)
)

const change = (folder: string, sql: string) => {
  const db = new Database(SqliteHubStore.hubFile(folder))
  db.exec(sql)
  db.close()
}

it.effect("[HS-10] a damaged file, another program's and one of a later version are refused and stay as they are", () =>
  Effect.gen(function* () {
    const refused = Effect.fnUntraced(function* (spoil: (folder: string) => void) {
      const folder = yield* temporaryFolder
      spoil(folder)
      const file = SqliteHubStore.hubFile(folder)
      const before = readFileSync(file)
      const { reason } = yield* Effect.flip(open(folder))
      expect([readFileSync(file), readdirSync(folder)]).toEqual([before, ["hub.db"]])
      expect(reason).toMatchObject({ _tag: "HubStoreFailed", cause: { reason: { path: file } } })
      return (reason as unknown as { readonly cause: { readonly reason: object } }).cause.reason
    })
    const noDatabase = "this is no database, and never was one".repeat(200)
    const damaged = yield* refused((folder) => writeFileSync(SqliteHubStore.hubFile(folder), noDatabase))
    expect(damaged).toMatchObject({ _tag: "StoreCorrupt" })
    expect(yield* refused((folder) => change(folder, "CREATE TABLE theirs (a)"))).toMatchObject({
      _tag: "StoreForeign",
      problem: "it does not hold a hub's accounts"
    })
    const later = `PRAGMA application_id = ${0x536c_6862}; PRAGMA user_version = 2; CREATE TABLE account (other TEXT)`
    expect(yield* refused((folder) => change(folder, later))).toMatchObject({
      _tag: "StoreForeign",
      problem: "it has version 2, and this program knows up to 1"
    })
  }).pipe(Effect.scoped)
)

it.effect("[HS-10] where the file is gone a new one begins, without accounts", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const first = Effect.flatMap(open(folder), (store) => store.change(({ accounts }) => accounts.put(account("ann"))))
    yield* Effect.scoped(first)
    rmSync(SqliteHubStore.hubFile(folder))
    const store = yield* open(folder)
    expect(yield* store.read(({ accounts }) => accounts.count())).toBe(0)
  }).pipe(Effect.scoped)
)

const kind: SqliteBeside.Kind = {
  holds: "things",
  applicationId: 0x1234,
  steps: ["CREATE TABLE thing (a TEXT NOT NULL) STRICT"],
  journalMode: "WAL",
  synchronous: "FULL"
}
const second = "ALTER TABLE thing ADD COLUMN b INTEGER NOT NULL DEFAULT 0; UPDATE thing SET b = length(a)"

it.effect("[HS-11] a file of an earlier version is brought to the present one, step by step and each whole", () =>
  Effect.gen(function* () {
    const file = join(yield* temporaryFolder, "things.db")
    const first = SqliteBeside.open(kind, file)
    first.prepare("INSERT INTO thing VALUES (?)").run("three")
    first.close()
    const broken = { ...kind, steps: [...kind.steps, second, "CREATE TABLE more (c TEXT) STRICT; NO SQL"] }
    expect(() => SqliteBeside.open(broken, file)).toThrow(/syntax error/)
    const later = { ...kind, steps: [...kind.steps, second, "CREATE TABLE more (c TEXT) STRICT"] }
    expect(() => SqliteBeside.openReadOnly(later, file)).toThrow(/it has version 2 until its node starts/)
    const db = SqliteBeside.open(later, file)
    expect(db.pragma("user_version", { simple: true })).toBe(3)
    expect(db.prepare("SELECT a, b FROM thing").all()).toEqual([{ a: "three", b: 5 }])
    expect(db.prepare("SELECT count(*) FROM more").pluck().get()).toBe(0)
    db.close()
    const reading = SqliteBeside.openReadOnly(later, file)
    expect(reading.prepare("SELECT b FROM thing").pluck().get()).toBe(5)
    reading.close()
    expect(() => SqliteBeside.open(kind, file)).toThrow(/it has version 3, and this program knows up to 1/)
  }).pipe(Effect.scoped)
)

it.effect("[HS-11] the file runs with a log and full synchronisation, or it is refused", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* open(folder)
    expect(readdirSync(folder)).toContain("hub.db-wal")
    // What lies in memory can have no log, as what lies on a network cannot.
    expect(() => SqliteBeside.open(kind, ":memory:")).toThrow(/journal_mode is memory/)
  }).pipe(Effect.scoped)
)
