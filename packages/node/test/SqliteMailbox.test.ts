import { fork } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"
import { MailboxState } from "@syncline/core"
import Database from "better-sqlite3"
import { Context, Effect, Layer } from "effect"
import * as SqliteMailbox from "../src/SqliteMailbox.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const open = (folder: string) =>
  Effect.map(Layer.build(SqliteMailbox.layer(folder)), (services) => Context.get(services, MailboxState.MailboxStore))

const change = (folder: string, sql: string) => {
  const db = new Database(SqliteMailbox.mailboxFile(folder))
  db.exec(sql)
  db.close()
}

it.effect("[SM-1] what is remembered of each mailbox is there after a restart, the last of it only", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* Effect.scoped(
      Effect.gen(function* () {
        const store = yield* open(folder)
        yield* store.save("here", new Uint8Array([1]))
        yield* store.save("there", new Uint8Array([2]))
        yield* store.save("here", new Uint8Array([3, 0, 255]))
      })
    )
    const store = yield* open(folder)
    expect(yield* store.load("here")).toEqual(new Uint8Array([3, 0, 255]))
    expect(yield* store.load("there")).toEqual(new Uint8Array([2]))
    expect(yield* store.load("nowhere")).toBeUndefined()
  })
)

it.live("[SM-1] what was saved is there after kill -9", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const said = yield* Effect.promise(() => lastSaved(folder))
    const store = yield* open(folder)
    const [kept] = (yield* store.load("here"))!
    expect(said).toBeGreaterThanOrEqual(saidMin)
    expect(kept).toBeGreaterThanOrEqual(said)
  })
)

/** How many numbers it saves before it is killed. */
const saidMin = 20

/** Runs a process that saves one number after another, and kills it; gives the last number that it said was saved. */
const lastSaved = (folder: string): Promise<number> =>
  new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL("./savesMailbox.ts", import.meta.url)), [folder])
    let last = 0
    child.on("message", (number) => {
      last = number as number
      if (last === saidMin) child.kill("SIGKILL")
    })
    child.once("close", () => resolve(last))
  })

it.effect("[SM-2] a damaged file, another program's and one of a later version are refused and stay as they are", () =>
  Effect.gen(function* () {
    const refused = Effect.fnUntraced(function* (spoil: (folder: string) => void) {
      const folder = yield* temporaryFolder
      spoil(folder)
      const file = SqliteMailbox.mailboxFile(folder)
      const before = readFileSync(file)
      const { reason } = yield* Effect.flip(open(folder))
      expect(readFileSync(file)).toEqual(before)
      expect(reason).toMatchObject({ path: file })
      return reason
    })
    const noDatabase = "this is no database, and never was one".repeat(200)
    const damaged = yield* refused((folder) => writeFileSync(SqliteMailbox.mailboxFile(folder), noDatabase))
    expect(damaged._tag).toBe("StoreCorrupt")
    expect(yield* refused((folder) => change(folder, "CREATE TABLE theirs (a)"))).toMatchObject({
      _tag: "StoreForeign",
      problem: "it does not hold what a node remembers of its mailboxes"
    })
    const later = "PRAGMA application_id = 1399614818; PRAGMA user_version = 2; CREATE TABLE mailbox (other TEXT)"
    expect(yield* refused((folder) => change(folder, later))).toMatchObject({
      _tag: "StoreForeign",
      problem: "it has version 2, and this program knows up to 1"
    })
  })
)

it.effect("[SM-3] where the file is gone everything is begun anew", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* Effect.scoped(Effect.flatMap(open(folder), (store) => store.save("here", new Uint8Array([1]))))
    rmSync(SqliteMailbox.mailboxFile(folder))
    const store = yield* open(folder)
    expect(yield* store.load("here")).toBeUndefined()
  })
)
