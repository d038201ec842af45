// Writing and removing: what stays, what is replaced, and what failures leave behind.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { type Doing, nodeFiles, type SystemFailure } from "../src/FolderFiles.ts"
import { abandonedMs, heldUpTriesMax } from "../src/FolderWriting.ts"
import { bytesOf, by, everythingIn, fileOf, folderIn, left, openAt, plant, right, space } from "./folders.ts"
import { reasonOf, tagged, temporaryFolder } from "./folders.ts"

const failing = (code: string): Doing<never> => Effect.fail({ code, problem: "so the test" } satisfies SystemFailure)

/** How often another program holds a file before it lets go. */
const heldFor = (times: number, code: string, isHeldUp: boolean) => {
  let tries = 0
  const held = <A>(then: Doing<A>): Doing<A> => Effect.suspend(() => (++tries <= times ? failing(code) : then))
  return {
    files: {
      isHeldUp,
      rename: (from: string, to: string) => held(nodeFiles.rename(from, to)),
      remove: (path: string) => (path.endsWith(".tmp") ? nodeFiles.remove(path) : held(nodeFiles.remove(path)))
    },
    tries: () => tries
  }
}

it.live("[FF-2] a file that is there with its content is not written again", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const mailbox = yield* openAt(path)
    yield* mailbox.put(fileOf(1), bytesOf(5_000))
    const file = join(folderIn(path), fileOf(1))
    const { ino } = statSync(file)
    yield* mailbox.put(fileOf(1), bytesOf(5_000))
    expect(statSync(file).ino).toBe(ino)
  })
)

it.live("[FF-2] one that was cut short, grew or has other content is replaced", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const mailbox = yield* openAt(path)
    for (const other of [bytesOf(0), bytesOf(4_999), bytesOf(5_001), bytesOf(5_000, 8)]) {
      plant(path, left, fileOf(1), other)
      yield* mailbox.put(fileOf(1), bytesOf(5_000))
      expect(yield* mailbox.get(left, fileOf(1))).toEqual(bytesOf(5_000))
      expect(readdirSync(folderIn(path))).toEqual([fileOf(1)])
    }
  })
)

it.live("[FF-2] one that cannot be read, or lies in the cloud alone, is replaced without asking for it", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const touched: Array<string> = []
    const openToSync = (file: string) =>
      Effect.suspend(() => {
        touched.push(file)
        return failing("EACCES")
      })
    const mailbox = yield* openAt(path, left, { openToSync })
    plant(path, left, fileOf(1), bytesOf(50, 1))
    yield* mailbox.put(fileOf(1), bytesOf(50, 2))
    expect(yield* mailbox.get(left, fileOf(1))).toEqual(bytesOf(50, 2))
    expect(touched).toHaveLength(1)
    const inCloud = yield* openAt(path, right, {
      openToSync,
      factsOf: (file) => Effect.map(nodeFiles.factsOf(file), (facts) => ({ ...facts, isHere: false }))
    })
    plant(path, right, fileOf(1), bytesOf(50, 3))
    yield* inCloud.put(fileOf(1), bytesOf(50, 3))
    expect(touched).toHaveLength(1)
  })
)

it.live("[FF-3] a failing step leaves no temporary file and what was there before", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    plant(path, left, fileOf(1), bytesOf(10))
    const steps = {
      openNew: { openNew: () => failing("ENOSPC") },
      write: broken("write"),
      sync: broken("sync"),
      rename: { rename: () => failing("ENOSPC") }
    }
    for (const [step, files] of Object.entries(steps)) {
      const told = yield* Effect.scoped(
        Effect.flatMap(openAt(path, left, files), (mailbox) => reasonOf(mailbox.put(fileOf(1), bytesOf(99))))
      )
      expect([step, told?._tag]).toEqual([step, "MailboxFull"])
      expect(told?.message).toContain("make room")
      expect([step, readdirSync(folderIn(path))]).toEqual([step, [fileOf(1)]])
      expect(new Uint8Array(readFileSync(join(folderIn(path), fileOf(1))))).toEqual(bytesOf(10))
    }
  })
)

/** Files that open and whose one operation finds no room. */
const broken = (operation: "write" | "sync") => ({
  openNew: (path: string) =>
    Effect.map(nodeFiles.openNew(path), (file) => ({
      ...file,
      ...(operation === "write" ? { write: () => failing("ENOSPC") } : { sync: failing("ENOSPC") })
    }))
})

it.live("[FF-3] names that cannot be flushed are not acknowledged", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    let isBroken = false
    const mailbox = yield* openAt(path, left, {
      syncFolder: (folder) => Effect.suspend(() => (isBroken ? failing("EIO") : nodeFiles.syncFolder(folder)))
    })
    isBroken = true
    for (let times = 0; times < 2; times++) {
      expect(yield* tagged(mailbox.put(fileOf(1), bytesOf(10)))).toBe("MailboxUnreachable")
    }
    isBroken = false
    yield* mailbox.put(fileOf(1), bytesOf(10))
    expect(readdirSync(folderIn(path))).toEqual([fileOf(1)])
  })
)

it.live("[FF-3] something else of a file's name stays, and is told", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const mailbox = yield* openAt(path)
    mkdirSync(join(folderIn(path), fileOf(1)))
    writeFileSync(join(folderIn(path), fileOf(1), "inside"), "x")
    expect((yield* reasonOf(mailbox.put(fileOf(1), bytesOf(10))))?.message).toContain("something else has that name")
    expect(readdirSync(folderIn(path))).toEqual([fileOf(1)])
    expect(existsSync(join(folderIn(path), fileOf(1), "inside"))).toBe(true)
  })
)

for (const { codes, isHeldUp, system } of [
  { system: "Windows", isHeldUp: true, codes: ["EBUSY", "EPERM", "EACCES"] },
  { system: "other systems", isHeldUp: false, codes: ["EBUSY"] }
]) {
  it.live(`[FF-4] on ${system} what is held up for a moment is written and removed in the end`, () =>
    Effect.gen(function* () {
      const path = yield* temporaryFolder
      for (const code of codes) {
        const rename = heldFor(3, code, isHeldUp)
        const writer = yield* Effect.scoped(
          Effect.flatMap(openAt(path, left, rename.files), (mailbox) => tagged(mailbox.put(fileOf(1), bytesOf(9))))
        )
        expect([code, writer, rename.tries()]).toEqual([code, "succeeded", 4])
        const removal = heldFor(3, code, isHeldUp)
        const remover = yield* Effect.scoped(
          Effect.flatMap(openAt(path, left, removal.files), (mailbox) => tagged(mailbox.remove(fileOf(1))))
        )
        expect([code, remover, removal.tries(), readdirSync(folderIn(path))]).toEqual([code, "succeeded", 4, []])
      }
    })
  )
}

it.live("[FF-4] what is held up for ever is told as busy, and what is forbidden elsewhere at once", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const held = heldFor(Infinity, "EPERM", true)
    const windows = yield* openAt(path, left, held.files)
    expect(yield* tagged(windows.put(fileOf(1), bytesOf(9)))).toBe("MailboxBusy")
    expect(held.tries()).toBe(heldUpTriesMax + 1)
    expect(readdirSync(folderIn(path))).toEqual([])
    const forbidden = heldFor(Infinity, "EPERM", false)
    const linux = yield* openAt(path, right, forbidden.files)
    expect(yield* tagged(linux.put(fileOf(1), bytesOf(9)))).toBe("MailboxDenied")
    expect(forbidden.tries()).toBe(1)
  })
)

it.live("[FF-5] own leftovers of more than a day are removed, and nothing else", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const old = new Date(Date.now() - abandonedMs - 60_000)
    const young = new Date(Date.now() - abandonedMs + 60_000)
    const planted = [
      [left, "t-0123456789abcdef.tmp", old],
      [left, "t-0123456789abcdee.tmp", young],
      [left, "t-0123456789ABCDEF.tmp", old],
      [left, "t-1.tmp", old],
      [left, "notes.tmp", old],
      [left, fileOf(1), old],
      [right, "t-0123456789abcdef.tmp", old]
    ] as const
    for (const [owner, name, time] of planted) {
      plant(path, owner, name, bytesOf(3))
      utimesSync(join(folderIn(path, owner), name), time, time)
    }
    symlinkSync("/nowhere", join(folderIn(path), "t-0123456789abcdea.tmp"))
    yield* openAt(path)
    expect(readdirSync(folderIn(path)).sort()).toEqual(
      [...planted.slice(1).flatMap(([owner, name]) => (owner === left ? [name] : [])), "t-0123456789abcdea.tmp"].sort()
    )
    expect(readdirSync(folderIn(path, right))).toEqual(["t-0123456789abcdef.tmp"])
  })
)

it.live("[FF-19] nothing is written beside the files of this device", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    writeFileSync(join(path, "holiday.jpg"), "x")
    plant(path, right, fileOf(1), bytesOf(3))
    const before = everythingIn(path)
    const mailbox = yield* openAt(path)
    yield* mailbox.put(fileOf(1), bytesOf(3))
    yield* mailbox.put(fileOf(2), bytesOf(3))
    yield* mailbox.list
    yield* mailbox.get(right, fileOf(1))
    yield* mailbox.remove(fileOf(2))
    yield* mailbox.remove(fileOf(3))
    const own = `syncline-1/${space}/${left}`
    expect(everythingIn(path)).toEqual([...before, own, `${own}/${fileOf(1)}`].sort())
  })
)

it.live("[FF-19] whoever waits no longer for a write leaves it to come to its end", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const slow = by({ rename: (from, to) => Effect.andThen(Effect.sleep(100), nodeFiles.rename(from, to)) }, { path })
    const mailbox = yield* slow.open({ space, owner: left })
    const writing = yield* Effect.forkScoped(mailbox.put(fileOf(1), bytesOf(3)), { startImmediately: true })
    yield* Effect.sleep(30)
    yield* Fiber.interrupt(writing)
    yield* mailbox.put(fileOf(2), bytesOf(3))
    expect(readdirSync(folderIn(path)).sort()).toEqual([fileOf(1), fileOf(2)])
  })
)

it.live("[FF-21] every failure of the table is told as its row says", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const text = readFileSync(new URL("../SPEC.md", import.meta.url), "utf8")
    const section = text.slice(text.indexOf("## Failures"), text.indexOf("## Rules"))
    const rows = [...section.matchAll(/^\| (`E[^|]+) \| `(\w+)`/gm)].map(
      ([, codes = "", reason]) => [[...codes.matchAll(/E[A-Z]+/g)].map(([code]) => code), reason] as const
    )
    expect(rows).toHaveLength(5)
    for (const [codes, reason] of rows) {
      for (const code of codes) {
        const told = yield* Effect.scoped(
          Effect.flatMap(openAt(path, left, { openNew: () => failing(code) }), (mailbox) =>
            tagged(mailbox.put(fileOf(1), bytesOf(3)))
          )
        )
        expect([code, told]).toEqual([code, reason])
      }
    }
  })
)

it.live("[FF-21] a folder that this user may not write in is denied, also on a real disk", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    // The superuser may write anywhere, so for that user the system's answer is put in.
    chmodSync(path, 0o500)
    const isSuperuser = process.getuid?.() === 0
    const told = yield* tagged(openAt(path, left, isSuperuser ? { makeFolder: () => failing("EACCES") } : {}))
    chmodSync(path, 0o700)
    expect(told).toBe("MailboxDenied")
  })
)
