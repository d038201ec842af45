// Devices with folders between them: what is written arrives, whatever a provider makes of the files on the way.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join as joinPath } from "node:path"
import { expect, it } from "@effect/vitest"
import { SeededRandom } from "@syncline/core/testing"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { folder } from "../src/FsFolder.ts"
import { type Device, join, note, storageOf } from "./folderDevices.ts"
import { everythingIn, temporaryFolder } from "./folders.ts"

const startMs = 1_800_000_000_000
const roundsMax = 60

/** Everybody looks in turn until nobody has anything to do and the provider has brought everything. */
const settled = Effect.fnUntraced(function* (devices: ReadonlyArray<Device>, bring: () => boolean = () => true) {
  for (let round = 0; round < roundsMax; round++) {
    let isQuiet = bring()
    for (const device of devices) {
      const { hasWritten, isNews, isWaiting } = yield* device.step
      isQuiet &&= !hasWritten && !isNews && !isWaiting
    }
    yield* TestClock.adjust("1 minute")
    if (isQuiet && round > 2) return
  }
  return yield* Effect.die("they never come to rest")
})

const expectSame = Effect.fnUntraced(function* (devices: ReadonlyArray<Device>) {
  const hashes = new Set<string>()
  for (const device of devices) {
    hashes.add(JSON.stringify(yield* device.hash))
    expect((yield* device.peers).map(({ isEqual }) => isEqual)).toEqual(devices.slice(1).map(() => true))
  }
  expect(hashes.size).toBe(1)
})

it.effect("[FF-20] two devices that share a folder come to have the same records", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const path = yield* temporaryFolder
    const [a, b] = [yield* join(folder({ path }), 1, [1, 2]), yield* join(folder({ path }), 2, [1, 2])]
    yield* a.write(...Array.from({ length: 300 }, (_, i) => note(`a ${i}`, "of a")))
    yield* b.write(note("b", "of b"))
    yield* settled([a, b])
    expect(yield* b.get("a 299")).toMatchObject({ fields: { text: "of a" } })
    expect(yield* a.get("b")).toMatchObject({ fields: { text: "of b" } })
    yield* b.write(note("a 0", "of b, later"))
    yield* settled([a, b])
    expect(yield* a.get("a 0")).toMatchObject({ fields: { text: "of b, later" } })
    yield* expectSame([a, b])
    const before = everythingIn(path)
    yield* settled([a, b])
    expect(everythingIn(path)).toEqual(before)
    expect(before.filter((name) => name.endsWith(".tmp"))).toEqual([])
  })
)

/** A cloud program between folders of several devices: brings files late, in part first, and with copies of conflicts. */
class Provider {
  readonly #folders: ReadonlyArray<string>
  readonly #random: SeededRandom.SeededRandom

  constructor(folders: ReadonlyArray<string>, random: SeededRandom.SeededRandom) {
    this.#folders = folders
    this.#random = random
  }

  /** Brings some of what is missing; true when nothing was. */
  bring(): boolean {
    let isQuiet = true
    for (const from of this.#folders) {
      for (const name of filesIn(from)) {
        for (const to of this.#folders) if (to !== from && this.#copies(from, to, name)) isQuiet = false
      }
    }
    return isQuiet
  }

  #copies(from: string, to: string, name: string): boolean {
    const [source, target] = [joinPath(from, name), joinPath(to, name)]
    const bytes = readFileSync(source)
    const there = existsSync(target) ? readFileSync(target) : undefined
    // Whichever is longer is the whole one: nobody changes a file.
    if (there !== undefined && there.length >= bytes.length) return false
    if (this.#random.chance(0.5)) return true
    mkdirSync(dirname(target), { recursive: true })
    if (this.#random.chance(0.3)) writeFileSync(target, bytes.subarray(0, this.#random.between(0, bytes.length - 1)))
    else copyFileSync(source, target)
    if (this.#random.chance(0.3)) {
      writeFileSync(target.replace(/\.age$/, " (conflicted copy).age"), bytes.subarray(0, 10))
      writeFileSync(target.replace(/\.age$/, ".sync-conflict-20261122-101500-ABCDEFG.age"), bytes)
    }
    return true
  }
}

const filesIn = (path: string): ReadonlyArray<string> =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /-[a-z2-7]{26}\.age$/.test(entry.name))
    .map((entry) => joinPath(entry.parentPath, entry.name).slice(path.length + 1))

for (const seed of [1, 2, 3]) {
  it.effect(`[FF-20] three devices and a provider that brings files late, in part and as copies, seed ${seed}`, () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(startMs)
      const random = new SeededRandom.SeededRandom(seed)
      const [paths, devices]: [Array<string>, Array<Device>] = [[], []]
      for (const number of [1, 2, 3]) {
        const path = yield* temporaryFolder
        paths.push(path)
        devices.push(yield* join(folder({ path }), number, [1, 2, 3]))
      }
      const provider = new Provider(paths, random)
      for (let turn = 0; turn < 6; turn++) {
        for (const [index, device] of devices.entries()) {
          yield* device.write(note(`${random.between(0, 9)}`, `${index} in turn ${turn}`))
          yield* device.step
        }
        provider.bring()
        yield* TestClock.adjust("10 seconds")
      }
      const copies = paths.flatMap((path) => everythingIn(path).filter((name) => name.includes("conflict")))
      yield* settled(devices, () => provider.bring())
      yield* expectSame(devices)
      for (const copy of copies) expect(paths.some((path) => existsSync(joinPath(path, copy)))).toBe(true)
      expect(copies.length).toBeGreaterThan(0)
    })
  )
}

it.effect("[FF-20] a device whose folder was cleared publishes again", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const path = yield* temporaryFolder
    const a = yield* join(folder({ path }), 1, [1, 2])
    yield* a.write(note("n", "of a"))
    yield* settled([a])
    for (const name of readdirSync(path)) rmSync(joinPath(path, name), { recursive: true })
    yield* a.write(note("m", "of a"))
    const b = yield* join(folder({ path }), 2, [1, 2])
    yield* settled([a, b])
    expect(yield* b.get("n")).toMatchObject({ fields: { text: "of a" } })
    yield* expectSame([a, b])
  })
)

it.effect("[FF-22] two devices ask a folder as a storage of events: what goes up comes down, once", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMs)
    const path = yield* temporaryFolder
    const [first, second] = [
      yield* storageOf(folder({ path }), 1, [1, 2]),
      yield* storageOf(folder({ path }), 2, [1, 2])
    ]
    yield* first.write(note("n1", "milk"))
    yield* first.write(note("n2", "bread"))
    expect(yield* first.storage.uploadEvents).toBe(true)
    const { commits, isEnd, next } = yield* second.storage.downloadEvents(null)
    expect([commits.map(({ entities }) => entities[0]!.id), isEnd]).toEqual([["n1", "n2"], true])
    yield* first.write(note("n3", "salt"))
    yield* first.storage.uploadEvents
    const later = yield* second.storage.downloadEvents(next)
    expect(later.commits.map(({ entities }) => entities[0]!.id)).toEqual(["n3"])
    expect((yield* second.storage.listPeers).map(({ isEqual }) => isEqual)).toEqual([true])
  })
)
