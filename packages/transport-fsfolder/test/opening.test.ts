// Opening: options, what is no place for a mailbox, and one opener at a time.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type { FolderOptions } from "../src/FolderOptions.ts"
import { folder } from "../src/FsFolder.ts"
import { by, everythingIn, left, openAt, reasonOf, right, space, tagged, temporaryFolder } from "./folders.ts"

const opening = (options: FolderOptions, owner = left) =>
  Effect.scoped(Effect.flatMap(by({}, options).open({ space, owner }), () => Effect.void))

it("[FF-17] options have bounds and defaults, and making the value touches nothing", () => {
  const made = folder({ path: "/nowhere/at/all/" })
  expect(made.name).toBe("folder")
  expect(made.capabilities).toEqual({ kind: "mailbox", flushAfterMs: 50, pollEveryMs: 30_000 })
  expect(made.address).toBe("/nowhere/at/all")
  expect(folder({ path: "/x", pollEveryMs: 1_000 }).capabilities.pollEveryMs).toBe(1_000)
  const wrong: ReadonlyArray<Partial<FolderOptions>> = [
    { path: "" },
    { path: "Dropbox" },
    { path: "~/Dropbox" },
    { path: "/a\0b" },
    { dataFolder: "data" },
    { pollEveryMs: 999 },
    { pollEveryMs: 3_600_001 },
    { pollEveryMs: 1_000.5 },
    { readMsMax: 99 },
    { readMsMax: 600_001 },
    { readMsMax: Number.NaN }
  ]
  for (const options of wrong) {
    const [name = ""] = Object.keys(options)
    expect(() => folder({ path: "/x", ...options })).toThrow(RangeError)
    expect(() => folder({ path: "/x", ...options })).toThrow(new RegExp(`^${name} is .*(give the whole path|from \\d)`))
  }
})

it.live("[FF-15] a device's directory is open once, by whatever path", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const link = `${path}-link`
    yield* Effect.acquireRelease(
      Effect.sync(() => symlinkSync(path, link)),
      () => Effect.sync(() => rmSync(link))
    )
    const scope = yield* Scope.make()
    yield* Scope.provide(openAt(link), scope)
    for (const same of [path, link, `${path}/.`, `${link}/../${link.split("/").at(-1)}`]) {
      expect(yield* reasonOf(opening({ path: same }))).toMatchObject({
        _tag: "MailboxUnfit",
        problem: expect.stringContaining("has it open already")
      })
    }
    expect(yield* tagged(opening({ path }, right))).toBe("succeeded")
    yield* Scope.close(scope, Exit.void)
    expect(yield* tagged(opening({ path }))).toBe("succeeded")
  })
)

it.live("[FF-15] an opening that fails leaves the directory free", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    writeFileSync(join(path, "syncline-1"), "in the way")
    expect(yield* reasonOf(opening({ path }))).toMatchObject({
      _tag: "MailboxUnfit",
      problem: expect.stringContaining("no directory but a file; remove it")
    })
    rmSync(join(path, "syncline-1"))
    expect(yield* tagged(opening({ path }))).toBe("succeeded")
  })
)

it.live("[FF-16] a folder that holds a database is refused, and nothing is made in it", () =>
  Effect.gen(function* () {
    const names = ["notes.db", "Notes.DB", "a.sqlite", "a.sqlite3", "a.db3", "a.db-wal", "a.sqlite-shm", "journal.db"]
    for (const name of names) {
      const path = yield* temporaryFolder
      writeFileSync(join(path, name), "")
      const told = yield* reasonOf(opening({ path }))
      expect([name, told?._tag]).toEqual([name, "MailboxUnfit"])
      expect(told?.message).toMatch(/is a database.*choose a folder of its own/)
      expect(everythingIn(path)).toEqual([name])
    }
    const path = yield* temporaryFolder
    for (const name of ["Thumbs.db", "ehthumbs_vista.db", "letter.dbf", "sqlite", "db"])
      writeFileSync(join(path, name), "")
    mkdirSync(join(path, "old.db"))
    expect(yield* tagged(opening({ path }))).toBe("succeeded")
  })
)

/** What makes a folder a node's data folder. */
const dataFolderAt = (path: string): string => {
  mkdirSync(path, { recursive: true })
  for (const name of ["journal.db", "lock.db", "device.key"]) writeFileSync(join(path, name), "")
  return path
}

it.live("[FF-16] a folder that holds a node's data folder, or lies in one, is refused", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const holding = join(path, "Dropbox")
    dataFolderAt(join(holding, ".syncline"))
    const told = yield* reasonOf(opening({ path: holding }))
    expect(told).toMatchObject({ _tag: "MailboxUnfit", problem: expect.stringContaining("a node's data folder") })
    const data = dataFolderAt(join(path, "data"))
    expect(yield* tagged(opening({ path: data }))).toBe("MailboxUnfit")
    const inside = join(data, "deep", "deeper")
    mkdirSync(inside, { recursive: true })
    expect(yield* reasonOf(opening({ path: inside }))).toMatchObject({
      _tag: "MailboxUnfit",
      problem: expect.stringContaining("inside the data folder")
    })
    expect(everythingIn(holding)).not.toContain("syncline-1")
  })
)

it.live("[FF-16] the node's own data folder and the folder lie apart, whatever links lead to them", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const shared = join(path, "shared")
    mkdirSync(join(shared, "there"), { recursive: true })
    mkdirSync(join(path, "data", "inner"), { recursive: true })
    symlinkSync(shared, join(path, "link"))
    const unfit = [
      { path: shared, dataFolder: shared },
      { path: shared, dataFolder: join(shared, "there") },
      { path: shared, dataFolder: join(shared, "yet", "to", "be", "made") },
      { path: shared, dataFolder: join(path, "link", "there") },
      { path: join(path, "link"), dataFolder: join(shared, "new") },
      { path: join(path, "data", "inner"), dataFolder: join(path, "data") }
    ]
    for (const options of unfit) {
      const told = yield* reasonOf(opening(options))
      expect([options, told?._tag]).toEqual([options, "MailboxUnfit"])
      expect(told?.message).toMatch(/move one of the two|choose a folder outside/)
    }
    for (const dataFolder of [join(path, "data"), `${shared}-2`, join(path, "share")]) {
      expect(yield* tagged(opening({ path: shared, dataFolder }))).toBe("succeeded")
    }
  })
)

it.live("[FF-16] a file, a link to nowhere and a folder that is not there are told apart", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    writeFileSync(join(path, "file"), "")
    symlinkSync(join(path, "nowhere"), join(path, "lost"))
    symlinkSync(join(path, "file"), join(path, "to-file"))
    symlinkSync(join(path, "round"), join(path, "round"))
    for (const name of ["file", "to-file", "lost", "round"]) {
      expect([name, yield* tagged(opening({ path: join(path, name) }))]).toEqual([name, "MailboxUnfit"])
    }
    const told = yield* reasonOf(opening({ path: join(path, "nothing") }))
    expect(told).toMatchObject({
      _tag: "MailboxUnreachable",
      problem: expect.stringContaining("is not there; make it")
    })
    expect(everythingIn(path)).toEqual(["file", "lost", "round", "to-file"])
  })
)
