// Reading: sizes, files that never answer, and placeholders.
import { truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Mailbox, Occupancy } from "@syncline/core"
import { Effect, Exit, Fiber, Metric, Scope } from "effect"
import * as FolderMetrics from "../src/FolderMetrics.ts"
import { type Doing, nodeFiles } from "../src/FolderFiles.ts"
import * as FolderTurns from "../src/FolderTurns.ts"
import { bytesOf, by, fileOf, folderIn, left, openAt, plant, reasonOf, right, space } from "./folders.ts"
import { tagged, temporaryFolder } from "./folders.ts"

it.live("[FF-10] a huge file is refused by its length, before any of it is read", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const reads: Array<number> = []
    const mailbox = yield* openAt(path, left, {
      openToRead: (file) =>
        Effect.map(nodeFiles.openToRead(file), (opened) => ({
          ...opened,
          read: (bytesMax: number) => {
            reads.push(bytesMax)
            return opened.read(bytesMax)
          }
        }))
    })
    plant(path, right, fileOf(1), bytesOf(0))
    truncateSync(join(folderIn(path, right), fileOf(1)), 2 ** 40)
    const told = yield* reasonOf(mailbox.get(right, fileOf(1)))
    expect(told).toMatchObject({ _tag: "FileTooLarge", bytes: 2 ** 40, bytesMax: Mailbox.fileBytesMax })
    expect(yield* mailbox.list).toEqual([{ owner: right, name: fileOf(1), bytes: 2 ** 40 }])
    expect(reads).toEqual([])
    plant(path, right, fileOf(2), bytesOf(Mailbox.fileBytesMax))
    expect(yield* mailbox.get(right, fileOf(2))).toHaveLength(Mailbox.fileBytesMax)
    expect(reads).toEqual([Mailbox.fileBytesMax])
  })
)

it.live("[FF-10] one that grows while it is opened is refused as well", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const mailbox = yield* openAt(path, left, {
      openToRead: (file) =>
        Effect.suspend(() => {
          truncateSync(file, 2 ** 40)
          return nodeFiles.openToRead(file)
        })
    })
    plant(path, right, fileOf(1), bytesOf(10))
    expect(yield* tagged(mailbox.get(right, fileOf(1)))).toBe("FileTooLarge")
  })
)

it.live("[FF-10] one that is cut short is given as it is, also while it is read", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const mailbox = yield* openAt(path, left, {
      openToRead: (file) =>
        Effect.map(nodeFiles.openToRead(file), (opened) => ({
          ...opened,
          read: (bytesMax: number) =>
            Effect.suspend(() => {
              truncateSync(file, 6)
              return opened.read(bytesMax)
            })
        }))
    })
    const whole = bytesOf(10)
    plant(path, right, fileOf(1), whole)
    expect(yield* mailbox.get(right, fileOf(1))).toEqual(whole.slice(0, 6))
  })
)

/** A device at a folder where reading the files of some numbers gets no answer until `answer` is called. */
const hanging = Effect.fnUntraced(function* (path: string, hung: ReadonlySet<number>, away: ReadonlySet<number>) {
  const turns = FolderTurns.makeTurns()
  const asked: Array<string> = []
  let answer: () => void = () => undefined
  const answered = new Promise<void>((resolve) => (answer = resolve))
  const numberOf = (file: string): number => Number(/seg-(\d+)-/.exec(file)?.[1] ?? 0)
  const wait = <A>(file: string, then: Doing<A>): Doing<A> =>
    hung.has(numberOf(file))
      ? Effect.andThen(
          Effect.promise(() => answered),
          then
        )
      : then
  const mailbox = yield* by(
    {
      factsOf: (file) =>
        Effect.map(nodeFiles.factsOf(file), (facts) => ({ ...facts, isHere: !away.has(numberOf(file)) })),
      openToRead: (file) =>
        Effect.map(nodeFiles.openToRead(file), (opened) => ({
          ...opened,
          read: (bytesMax: number) => {
            asked.push(file)
            return wait(file, opened.read(bytesMax))
          }
        }))
    },
    { path, readMsMax: 500 },
    { turns }
  ).open({ space, owner: left })
  for (let counter = 1; counter <= 6; counter++) plant(path, right, fileOf(counter), bytesOf(counter))
  return { answer, asked, mailbox, turns }
})

it.live(
  "[FF-11] a file that lies in the cloud and never comes holds up only its like, and is read once it is there",
  () =>
    Effect.gen(function* () {
      const path = yield* temporaryFolder
      const { answer, asked, mailbox } = yield* hanging(path, new Set([1]), new Set([1, 2]))
      const told = yield* reasonOf(mailbox.get(right, fileOf(1)))
      expect(told).toMatchObject({
        _tag: "FileNotThere",
        problem: expect.stringMatching(/within 500 ms; it lies in the cloud/)
      })
      for (let counter = 3; counter <= 6; counter++) {
        expect(yield* mailbox.get(right, fileOf(counter))).toEqual(bytesOf(counter))
      }
      yield* mailbox.put(fileOf(7), bytesOf(3))
      expect(yield* mailbox.list).toHaveLength(7)
      const before = asked.length
      for (let times = 0; times < 200; times++) {
        expect(yield* reasonOf(mailbox.get(right, fileOf(2)))).toMatchObject({
          _tag: "FileNotThere",
          problem: expect.stringContaining("an earlier request got no answer")
        })
      }
      expect(asked).toHaveLength(before)
      answer()
      yield* Effect.sleep(50)
      expect(yield* mailbox.get(right, fileOf(1))).toEqual(bytesOf(1))
      expect(yield* mailbox.get(right, fileOf(2))).toEqual(bytesOf(2))
    })
)

it.live("[FF-11] at most one file of a kind is read at a time, and a bounded number waits", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const { answer, asked, mailbox, turns } = yield* hanging(path, new Set([1]), new Set())
    const readers = yield* Effect.forEach(
      Array.from({ length: FolderTurns.waitingMax + 10 }),
      () => Effect.forkScoped(reasonOf(mailbox.get(right, fileOf(1))), { startImmediately: true }),
      { concurrency: "unbounded" }
    )
    expect(FolderTurns.waitingIn(turns)).toBeLessThanOrEqual(FolderTurns.waitingMax)
    const problems = (yield* Effect.forEach(readers, Fiber.join)).map((reason) =>
      reason?._tag === "FileNotThere" ? reason.problem : reason
    )
    expect(problems.filter((problem) => problem === "no answer within 500 ms").length).toBeGreaterThan(0)
    expect(problems.filter((problem) => problem === `${FolderTurns.waitingMax} requests wait before it`)).not.toEqual(
      []
    )
    expect(asked).toHaveLength(1)
    expect(FolderTurns.waitingIn(turns)).toBe(0)
    answer()
    yield* Effect.sleep(50)
    expect(yield* mailbox.get(right, fileOf(1))).toEqual(bytesOf(1))
  })
)

it.live("[FF-11] a folder that answers nothing any more does not keep the turn of whoever stopped waiting", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const { answer, mailbox, turns } = yield* hanging(path, new Set([1]), new Set())
    const reader = yield* Effect.forkScoped(mailbox.get(right, fileOf(1)), { startImmediately: true })
    yield* Effect.sleep(50)
    yield* Fiber.interrupt(reader)
    expect(turns.reading.isStuck).toBe(false)
    answer()
    expect(yield* mailbox.get(right, fileOf(2))).toEqual(bytesOf(2))
  })
)

it.live("[FF-12] a placeholder of iCloud is not listed, and reading its file says where it is", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const mailbox = yield* openAt(path)
    plant(path, right, `.${fileOf(1)}.icloud`, bytesOf(180))
    expect(yield* mailbox.list).toEqual([])
    expect(yield* reasonOf(mailbox.get(right, fileOf(1)))).toMatchObject({
      _tag: "FileNotThere",
      problem: expect.stringContaining("iCloud")
    })
    expect(yield* reasonOf(mailbox.get(right, fileOf(2)))).toMatchObject({ problem: "it is not here" })
  })
)

it.live("[FF-11] a file whose system says that it takes no room counts as away, an empty one does not", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    writeFileSync(join(path, "sparse"), "")
    expect(yield* nodeFiles.factsOf(join(path, "sparse"))).toMatchObject({ bytes: 0, isHere: true })
    truncateSync(join(path, "sparse"), 5_000)
    expect(yield* nodeFiles.factsOf(join(path, "sparse"))).toMatchObject({ bytes: 5_000, isHere: false })
    writeFileSync(join(path, "sparse"), bytesOf(5_000))
    const handle = yield* nodeFiles.openToSync(join(path, "sparse"))
    yield* handle.sync
    yield* handle.close
    expect(yield* nodeFiles.factsOf(join(path, "sparse"))).toMatchObject({ bytes: 5_000, isHere: true })
  })
)

it.live("what is read, written and waiting is counted", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const inScope = yield* Scope.make()
    const mailbox = yield* Scope.provide(openAt(path), inScope)
    const valueOf = (metric: Metric.Counter<number>, direction: string) =>
      Effect.map(Metric.value(Metric.withAttributes(metric, { direction })), ({ count }) => count)
    const before = yield* valueOf(FolderMetrics.bytesTotal, "out")
    yield* mailbox.put(fileOf(1), bytesOf(100))
    yield* mailbox.get(left, fileOf(1))
    expect((yield* valueOf(FolderMetrics.bytesTotal, "out")) - before).toBe(100)
    expect(yield* valueOf(FolderMetrics.filesTotal, "in")).toBeGreaterThan(0)
    yield* Occupancy.sample
    const limits = (yield* Metric.snapshot).filter(
      ({ attributes, id }) => id === "syncline_queue_limit" && attributes?.["queue"] === "folder_requests"
    )
    expect(limits).toMatchObject([{ state: { value: FolderTurns.waitingMax } }])
    yield* Scope.close(inScope, Exit.void)
  })
)
