// Power cuts at every step of a write, on a disk that forgets what was not flushed.
import { expect, it } from "@effect/vitest"
import { Bytes } from "@syncline/core"
import { SeededRandom } from "@syncline/core/testing"
import { Effect } from "effect"
import { bytesOf, by, fileOf, left, right, space } from "./folders.ts"
import { type Omitted, UnflushedDisk } from "./UnflushedDisk.ts"

const root = "/cloud"
/** Cuts at each step. */
const cutsMax = 100
const files = 3

const openOn = (disk: UnflushedDisk, owner = left) => by(disk.files, { path: root }).open({ space, owner })

const contentOf = (counter: number): Uint8Array => bytesOf(100 + counter, counter)

/** Opens and writes files, until the power is cut; gives those that were acknowledged. */
const written = Effect.fnUntraced(function* (disk: UnflushedDisk) {
  const acknowledged: Array<number> = []
  yield* Effect.gen(function* () {
    const mailbox = yield* openOn(disk)
    for (let counter = 1; counter <= files; counter++) {
      yield* mailbox.put(fileOf(counter), contentOf(counter))
      acknowledged.push(counter)
    }
  }).pipe(Effect.scoped, Effect.ignore)
  return acknowledged
})

/** What another device finds after the cut: whole, in part, or not at all. */
const found = Effect.fnUntraced(function* (disk: UnflushedDisk) {
  const reader = yield* openOn(disk, right)
  const listed = (yield* reader.list).filter(({ owner }) => owner === left).map(({ name }) => name)
  const state = new Map<number, "whole" | "part">()
  for (let counter = 1; counter <= files; counter++) {
    if (!listed.includes(fileOf(counter))) continue
    const isWhole = Bytes.equals(yield* reader.get(left, fileOf(counter)), contentOf(counter))
    state.set(counter, isWhole ? "whole" : "part")
  }
  return state
}, Effect.scoped)

/** Cuts the power at each step of opening and writing, so many times; counts what went wrong. */
const drill = Effect.fnUntraced(function* (omitted: Omitted, cuts: number) {
  const whole = new UnflushedDisk(root, omitted)
  yield* written(whole)
  const outcome = { steps: whole.steps, cuts: 0, acknowledged: 0, lost: 0, halves: 0 }
  for (let step = 0; step <= whole.steps; step++) {
    for (let cut = 0; cut < cuts; cut++) {
      const random = new SeededRandom.SeededRandom(step * cuts + cut + 1)
      const disk = new UnflushedDisk(root, omitted)
      disk.stepsLeft = step
      const acknowledged = yield* written(disk)
      const after = yield* found(disk.afterCut(random))
      outcome.cuts++
      outcome.acknowledged += acknowledged.length
      outcome.lost += acknowledged.filter((counter) => after.get(counter) !== "whole").length
      outcome.halves += [...after.values()].filter((state) => state === "part").length
    }
  }
  return outcome
})

it.live("[FF-1] of 100 cuts at every step none loses an acknowledged file, or leaves half of one", () =>
  Effect.gen(function* () {
    const outcome = yield* drill({}, cutsMax)
    expect(outcome).toMatchObject({ lost: 0, halves: 0 })
    // Three directories with their flushes; for each file: made, written, flushed, renamed, names flushed.
    expect(outcome.steps).toBe(3 * 2 + files * 5)
    expect(outcome.cuts).toBe((outcome.steps + 1) * cutsMax)
    expect(outcome.acknowledged).toBeGreaterThan(cutsMax)
  })
)

it.live("[FF-1] without the flush of the file or of the directory the same drill finds losses", () =>
  Effect.gen(function* () {
    const noFile = yield* drill({ file: true }, 10)
    expect(noFile.lost).toBeGreaterThan(0)
    expect(noFile.halves).toBeGreaterThan(0)
    const noFolder = yield* drill({ folder: true }, 10)
    expect(noFolder.lost).toBeGreaterThan(0)
    expect(noFolder.halves).toBe(0)
  })
)

it.live("[FF-1] a file that an earlier run renamed and did not flush is flushed when it is written again", () =>
  Effect.gen(function* () {
    for (let seed = 1; seed <= 50; seed++) {
      const disk = new UnflushedDisk(root)
      // Everything of the first file but the flush of its name: the program is killed there, and the power stays.
      disk.stepsLeft = 3 * 2 + 4
      expect(yield* written(disk)).toEqual([])
      disk.stepsLeft = Infinity
      expect(yield* written(disk)).toEqual([1, 2, 3])
      const after = yield* found(disk.afterCut(new SeededRandom.SeededRandom(seed)))
      expect([...after]).toEqual([1, 2, 3].map((counter) => [counter, "whole"]))
    }
  })
)

it.live("[FF-1] a file that a provider brought back is flushed before it counts as written", () =>
  Effect.gen(function* () {
    for (let seed = 1; seed <= 50; seed++) {
      const disk = new UnflushedDisk(root)
      yield* Effect.scoped(openOn(disk))
      const restored = yield* disk.files.openNew(`${root}/syncline-1/${space}/${left}/${fileOf(1)}`)
      yield* restored.write(contentOf(1))
      expect(yield* written(disk)).toEqual([1, 2, 3])
      const after = yield* found(disk.afterCut(new SeededRandom.SeededRandom(seed)))
      expect([...after.values()]).toEqual(["whole", "whole", "whole"])
    }
  })
)

it.live("[FF-1] directories that an earlier run made and did not flush are flushed when it is opened again", () =>
  Effect.gen(function* () {
    for (let step = 1; step < 3 * 2; step++) {
      for (let seed = 1; seed <= 20; seed++) {
        const disk = new UnflushedDisk(root)
        disk.stepsLeft = step
        expect(yield* written(disk)).toEqual([])
        disk.stepsLeft = Infinity
        expect(yield* written(disk)).toEqual([1, 2, 3])
        const after = yield* found(disk.afterCut(new SeededRandom.SeededRandom(seed)))
        expect([...after.values()]).toEqual(["whole", "whole", "whole"])
      }
    }
  })
)
