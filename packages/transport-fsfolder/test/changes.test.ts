// Hints: what is heard, how often, and what happens where nobody can listen.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import type { Mailbox } from "@syncline/core"
import { Effect, Exit, Logger, Scope, Stream } from "effect"
import { gatherMs } from "../src/FolderChanges.ts"
import { type Watch, watchFolder, watchUpTo } from "../src/FolderWatch.ts"
import { bytesOf, by, fileOf, folderIn, left, openAt, plant, right, space, tagged, temporaryFolder } from "./folders.ts"

/** Counts hints of a mailbox from now on. */
const counted = Effect.fnUntraced(function* (mailbox: Mailbox.MailboxShape) {
  const heard = { hints: 0 }
  yield* Effect.forkScoped(
    Stream.runForEach(mailbox.changes, () => Effect.sync(() => void heard.hints++)),
    { startImmediately: true }
  )
  return heard
})

const until = Effect.fnUntraced(function* (isSo: () => boolean, msMax: number) {
  const began = Date.now()
  while (!isSo() && Date.now() - began < msMax) yield* Effect.sleep(5)
  return Date.now() - began
})

/** A mailbox that listens for real and has said so. */
const listening = Effect.fnUntraced(function* (path: string) {
  const mailbox = yield* by({}, { path, watch: true }).open({ space, owner: left })
  const heard = yield* counted(mailbox)
  yield* until(() => heard.hints > 0, 5_000)
  expect(heard.hints).toBe(1)
  return { mailbox, heard }
})

it.live("[FF-14] a file of another device is heard of in time, also in a directory that was not there", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const { heard } = yield* listening(path)
    const other = yield* openAt(path, right)
    const files = [1, 2, 3]
    for (const counter of files) {
      const before = heard.hints
      yield* other.put(fileOf(counter), bytesOf(10))
      expect(yield* until(() => heard.hints > before, 5_000)).toBeLessThan(2_000)
      yield* Effect.sleep(3 * gatherMs)
    }
  })
)

it.live("[FF-14] a burst is few hints", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const { heard } = yield* listening(path)
    const began = Date.now()
    for (let counter = 1; counter <= 200; counter++) {
      plant(path, right, fileOf(counter), bytesOf(10))
      yield* Effect.sleep(2)
    }
    yield* until(() => heard.hints > 1, 5_000)
    yield* Effect.sleep(500)
    expect(heard.hints).toBeGreaterThan(1)
    expect(heard.hints).toBeLessThanOrEqual(2 + Math.ceil((Date.now() - began) / gatherMs))
  })
)

it.live("[FF-14] own files, temporary ones, copies and what a link leads to are none", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const aside = yield* temporaryFolder
    plant(path, right, fileOf(1), bytesOf(1))
    const { heard, mailbox } = yield* listening(path)
    yield* mailbox.put(fileOf(1), bytesOf(10))
    yield* mailbox.remove(fileOf(1))
    for (const name of ["t-0123456789abcdef.tmp", `${fileOf(1)} (1)`, ".DS_Store"]) plant(path, right, name, bytesOf(1))
    symlinkSync(aside, folderIn(path, "notes"))
    writeFileSync(join(aside, fileOf(1)), "x")
    mkdirSync(join(folderIn(path, right), "deep"))
    writeFileSync(join(folderIn(path, right), "deep", fileOf(2)), "x")
    writeFileSync(join(path, "holiday.jpg"), "x")
    yield* Effect.sleep(500)
    expect(heard.hints).toBe(1)
    plant(path, right, fileOf(2), bytesOf(1))
    yield* until(() => heard.hints > 1, 5_000)
    expect(heard.hints).toBeGreaterThan(1)
  })
)

it.live("[FF-14] a folder that vanishes and comes back is no failure", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const { heard, mailbox } = yield* listening(path)
    renameSync(path, `${path}-away`)
    yield* Effect.sleep(200)
    expect(yield* tagged(mailbox.list)).toBe("MailboxUnreachable")
    renameSync(`${path}-away`, path)
    yield* Effect.sleep(200)
    expect(yield* mailbox.list).toEqual([])
    expect(heard.hints).toBeLessThan(30)
  })
)

/** A mailbox by a watcher of the test's, and what it tells in the log. */
const watchedBy = Effect.fnUntraced(function* (path: string, watch: Watch) {
  const lines: Array<string> = []
  const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
  const mailbox = yield* Effect.provide(
    by({}, { path, watch: true }, { watch: Effect.succeed(watch) }).open({ space, owner: left }),
    logger
  )
  return { lines, mailbox, heard: yield* counted(mailbox) }
})

it.live("[FF-14] a watcher that fails is told once, and the mailbox goes on", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    let fail: (problem: string) => void = () => undefined
    const { heard, lines, mailbox } = yield* watchedBy(path, (_folder, _except, _heard, failed) => {
      fail = failed
      return { close: () => Promise.resolve() }
    })
    yield* Effect.sleep(20)
    for (let times = 0; times < 3; times++) {
      fail("ENOSPC: no watches are left")
      yield* Effect.sleep(2 * gatherMs)
    }
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain("ENOSPC: no watches are left; it is looked at from time to time")
    expect(heard.hints).toBe(3)
    yield* mailbox.put(fileOf(1), bytesOf(3))
    expect(yield* mailbox.list).toHaveLength(1)
  })
)

it.live("[FF-14] one that cannot begin, and one that does not close, hold nothing up", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const begins = [
      () => {
        throw new Error("cannot begin")
      },
      () => ({ close: () => Promise.reject(new Error("cannot close")) }),
      () => ({ close: () => new Promise<void>(() => undefined) })
    ]
    for (const begin of begins) {
      const scope = yield* Scope.make()
      const { mailbox } = yield* Scope.provide(watchedBy(path, begin), scope)
      yield* Effect.sleep(20)
      yield* mailbox.put(fileOf(1), bytesOf(3))
      expect(yield* Effect.timeoutOption(Scope.close(scope, Exit.void), 5_000)).toMatchObject({ _tag: "Some" })
    }
  })
)

it.live("[FF-14] without a watcher nothing is heard, and a watcher is closed with its mailbox", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    let [begun, closed] = [0, 0]
    const watch: Watch = (...told) => {
      begun++
      const watched = watchFolder(...told)
      return {
        close: () => {
          closed++
          return watched.close()
        }
      }
    }
    for (const isWatched of [false, true]) {
      const scope = yield* Scope.make()
      const mailbox = by({}, { path, watch: isWatched }, { watch: Effect.succeed(watch) })
      yield* Scope.provide(mailbox.open({ space, owner: left }), scope)
      yield* Effect.sleep(50)
      yield* Scope.close(scope, Exit.void)
      expect([begun, closed]).toEqual(isWatched ? [1, 1] : [0, 0])
    }
    rmSync(path, { recursive: true })
  })
)

it.live("[FF-14] a watcher knows a bounded number of files, and forgets those that are gone", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    mkdirSync(folderIn(path, right), { recursive: true })
    let heard = 0
    const problems: Array<string> = []
    // The space's directory, one of another device and three files in it.
    const watch = watchUpTo(5)
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        watch(
          join(path, "syncline-1", space),
          left,
          () => void heard++,
          (problem) => void problems.push(problem)
        )
      ),
      ({ close }) => Effect.promise(close)
    )
    yield* until(() => heard > 0, 5_000)
    const heardAfter = Effect.fnUntraced(function* (work: () => void, msMax = 5_000) {
      const before = heard
      work()
      yield* until(() => heard > before, msMax)
      return heard > before
    })
    const comes = (counter: number, msMax?: number) =>
      heardAfter(() => plant(path, right, fileOf(counter), bytesOf(1)), msMax)
    for (const counter of [1, 2, 3]) expect([counter, yield* comes(counter), problems]).toEqual([counter, true, []])
    expect(yield* comes(4, 300)).toBe(false)
    expect(new Set(problems)).toEqual(new Set(["more than 5 files and directories are there"]))
    for (const counter of [1, 2]) yield* heardAfter(() => rmSync(join(folderIn(path, right), fileOf(counter))))
    problems.length = 0
    expect(yield* comes(5)).toBe(true)
    expect(problems).toEqual([])
  })
)
