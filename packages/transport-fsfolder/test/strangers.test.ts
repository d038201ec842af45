// What other programs and other people put into the folder: it is passed over, and it stays.
import { execFileSync } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { MailboxName } from "@syncline/core"
import { Effect, Logger } from "effect"
import * as FolderListing from "../src/FolderListing.ts"
import { nodeFiles } from "../src/FolderFiles.ts"
import { bytesOf, everythingIn, fileOf, folderIn, left, openAt, plant, reasonOf, right, space } from "./folders.ts"
import { tagged, tagOf, temporaryFolder } from "./folders.ts"

const own = fileOf(1)
const stem = own.slice(0, -".age".length)

/** What the five providers call a copy, and what people and programs leave beside it. */
const strange = [
  `${stem} (Eva's conflicted copy 2026-11-22).age`,
  `${stem} (Case Conflict).age`,
  `${stem} (Unicode Encoding Conflict).age`,
  `${stem}-LAPTOP.age`,
  `${stem}.sync-conflict-20261122-101500-ABCDEFG.age`,
  `${stem} (1).age`,
  `${stem} 2.age`,
  `.syncthing.${own}.tmp`,
  `~syncthing~${own}.tmp`,
  `.${own}.icloud`,
  "t-0123456789abcdef.tmp",
  ".DS_Store",
  "desktop.ini",
  own.toUpperCase(),
  own.replace("seg", "Seg"),
  own.replace(".age", ".AGE"),
  `${own} `,
  `${own}.`,
  `caf\u00e9-${own}`,
  `cafe\u0301-${own}`,
  own.replace("s", "\u017f"),
  "seg-0000000000-hhhhhhhhhhhhhhhhhhhhhhhhhh.age",
  "__proto__",
  "CON"
]

it.live("[FF-6] copies of five providers, other cases and other Unicode forms stay, and are no files of ours", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    plant(path, right, own, bytesOf(4))
    for (const name of strange) plant(path, right, name, bytesOf(5))
    for (const directory of [right.toUpperCase(), `${right} (1)`, `${right}2`, tagOf("\u00e9"), ".stfolder"]) {
      plant(path, directory, fileOf(2), bytesOf(5))
    }
    const before = everythingIn(path)
    const mailbox = yield* openAt(path)
    expect(yield* mailbox.list).toEqual([{ owner: right, name: own, bytes: 4 }])
    for (const name of strange) expect([name, yield* tagged(mailbox.get(right, name))]).toEqual([name, "FileNotThere"])
    yield* mailbox.put(own, bytesOf(6))
    yield* mailbox.remove(own)
    expect(everythingIn(path)).toEqual([...before, `syncline-1/${space}/${left}`].sort())
    for (const name of strange) {
      expect(new Uint8Array(readFileSync(join(folderIn(path, right), name)))).toEqual(bytesOf(5))
    }
  })
)

/** Node makes none itself. */
const run = (command: string, path: string): void => void execFileSync(command, [path])
const makeFifo = (path: string): void => run("mkfifo", path)

/** A folder outside, with a secret under a name of ours. */
const outside = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "syncline-outside-"))
    writeFileSync(join(folder, own), "a secret")
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const hangMsMax = 2_000

it.live("[FF-7] links, FIFOs, sockets and directories are not listed, and reading one fails at once", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const secrets = yield* outside
    const directory = folderIn(path, right)
    mkdirSync(directory, { recursive: true })
    symlinkSync(join(secrets, own), join(directory, fileOf(1)))
    symlinkSync("/nowhere", join(directory, fileOf(2)))
    makeFifo(join(directory, fileOf(3)))
    mkdirSync(join(directory, fileOf(4)))
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => createServer().listen(join(secrets, "socket"))),
      (each) => Effect.sync(() => each.close())
    )
    yield* Effect.sleep(50)
    expect(server.listening).toBe(true)
    // A socket's path may not be that long when it is made.
    renameSync(join(secrets, "socket"), join(directory, fileOf(5)))
    symlinkSync("/dev/zero", join(directory, fileOf(6)))
    plant(path, right, fileOf(9), bytesOf(3))
    const mailbox = yield* openAt(path)
    expect((yield* mailbox.list).map(({ name }) => name)).toEqual([fileOf(9)])
    for (let counter = 1; counter <= 6; counter++) {
      const told = yield* Effect.timeoutOption(tagged(mailbox.get(right, fileOf(counter))), hangMsMax)
      expect([counter, told]).toMatchObject([counter, { _tag: "Some", value: "FileNotThere" }])
    }
  })
)

it.live("[FF-7] what turns into a link or a FIFO between two looks is not followed, and nobody waits for it", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const secrets = yield* outside
    const file = join(folderIn(path, right), own)
    let swap: (() => void) | undefined
    const mailbox = yield* openAt(path, left, {
      factsOf: (at) =>
        Effect.tap(nodeFiles.factsOf(at), () =>
          Effect.sync(() => {
            if (at === file) swap?.()
          })
        )
    })
    for (const become of [() => symlinkSync(join(secrets, own), file), () => makeFifo(file), () => mkdirSync(file)]) {
      rmSync(file, { recursive: true, force: true })
      plant(path, right, own, bytesOf(8))
      swap = () => {
        unlinkSync(file)
        become()
        swap = undefined
      }
      const told = yield* Effect.timeoutOption(tagged(mailbox.get(right, own)), hangMsMax)
      expect(told).toMatchObject({ _tag: "Some", value: "FileNotThere" })
    }
  })
)

it.live("[FF-7] what turns into a FIFO while it is listed is not listed", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const file = join(folderIn(path, right), own)
    plant(path, right, own, bytesOf(8))
    const mailbox = yield* openAt(path, left, {
      factsOf: (at) =>
        Effect.suspend(() => {
          if (at === file) {
            unlinkSync(file)
            makeFifo(file)
          }
          return nodeFiles.factsOf(at)
        })
    })
    expect(yield* mailbox.list).toEqual([])
  })
)

it.live("[FF-7] a link in the place of another device's directory is passed over", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const secrets = yield* outside
    const mailbox = yield* openAt(path)
    symlinkSync(secrets, folderIn(path, right))
    expect(yield* mailbox.list).toEqual([])
    expect(yield* tagged(mailbox.get(right, own))).toBe("FileNotThere")
  })
)

it.live("[FF-7] a directory that turns into a link while a file in it is opened gives nothing", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const secrets = yield* outside
    plant(path, right, own, bytesOf(8))
    const mailbox = yield* openAt(path, left, {
      openToRead: (file) =>
        Effect.suspend(() => {
          rmSync(folderIn(path, right), { recursive: true })
          symlinkSync(secrets, folderIn(path, right))
          return nodeFiles.openToRead(file)
        })
    })
    expect(yield* tagged(mailbox.get(right, own))).toBe("FileNotThere")
  })
)

it.live(
  "[FF-7] through a link in the place of the own or the space's directory nothing is written, removed or listed",
  () =>
    Effect.gen(function* () {
      for (const at of [3, 2, 1]) {
        const path = yield* temporaryFolder
        const secrets = yield* outside
        const parts = ["syncline-1", space, left].slice(0, at)
        const mailbox = yield* openAt(path)
        const place = join(path, ...parts)
        rmSync(place, { recursive: true })
        symlinkSync(secrets, place)
        mkdirSync(join(secrets, ...["syncline-1", space, left].slice(at)), { recursive: true })
        const before = everythingIn(secrets)
        expect([at, yield* tagged(mailbox.put(fileOf(2), bytesOf(3)))]).toEqual([at, "MailboxUnfit"])
        expect([at, yield* tagged(mailbox.remove(own))]).toEqual([at, "MailboxUnfit"])
        expect(yield* Effect.orElseSucceed(mailbox.list, () => [])).toEqual([])
        expect(everythingIn(secrets)).toEqual(before)
        expect((yield* reasonOf(openAt(path, right)))?._tag).toBe(at === 3 ? undefined : "MailboxUnfit")
      }
    })
)

/** What is logged while an effect runs. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => void lines.push(String(message)))
  return Effect.map(Effect.provide(effect, Logger.layer([logger])), (value) => ({ lines, value }))
}

it.live("[FF-8] thousands of files are listed", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    for (const owner of [left, right]) {
      for (let counter = 1; counter <= 5_000; counter++) plant(path, owner, fileOf(counter), bytesOf(1))
    }
    const mailbox = yield* openAt(path)
    const { lines, value } = yield* logged(mailbox.list)
    expect(new Set(value.map(({ name, owner }) => `${owner}/${name}`)).size).toBe(10_000)
    expect(lines).toEqual([])
  })
)

/** A mailbox that finds directories of more devices than it looks at, with so many files each. */
const crowded = Effect.fnUntraced(function* (filesOfEach: number) {
  const path = yield* temporaryFolder
  plant(path, left, own, bytesOf(1))
  const others = Array.from({ length: FolderListing.ownersMax + 10 }, (_, i) => tagFrom(i))
  const looked: Array<string> = []
  const mailbox = yield* openAt(path, left, {
    entries: (folder, entriesMax) => {
      if (folder === join(path, "syncline-1", space)) {
        const entries = [...others, left].map((name) => ({ name, kind: "folder" as const }))
        return Effect.succeed({ entries, isMore: true })
      }
      if (folder === folderIn(path) || !folder.includes(space)) return nodeFiles.entries(folder, entriesMax)
      expect(entriesMax).toBe(FolderListing.entriesMax)
      looked.push(folder)
      const entries = Array.from({ length: filesOfEach }, (_, i) => ({ name: fileOf(i + 1), kind: "file" as const }))
      return Effect.succeed({ entries, isMore: false })
    },
    factsOf: (file) =>
      others.some((owner) => file.includes(owner))
        ? Effect.succeed({ kind: "file", bytes: 1, isHere: true, modifiedMs: 0, device: 1 })
        : nodeFiles.factsOf(file)
  })
  return { looked, mailbox }
})

it.live("[FF-8] what is beyond the bounds is not looked at, and told once; the own files come first", () =>
  Effect.gen(function* () {
    for (const [filesOfEach, foldersLooked, listed] of [
      [1, FolderListing.ownersMax - 1, FolderListing.ownersMax],
      [1_000, FolderListing.filesMax / 1_000, FolderListing.filesMax]
    ] as const) {
      const { looked, mailbox } = yield* crowded(filesOfEach)
      const { lines, value } = yield* logged(Effect.andThen(mailbox.list, mailbox.list))
      expect(value).toHaveLength(listed)
      expect(value[0]).toEqual({ owner: left, name: own, bytes: 1 })
      expect(looked).toHaveLength(2 * foldersLooked)
      expect(lines).toHaveLength(1)
      expect(lines[0]).toMatch(/more than .*is not seen/)
    }
  })
)

/** The how-manieth tag. */
const tagFrom = (index: number): string =>
  [index % 26, Math.floor(index / 26) % 26, Math.floor(index / 676)]
    .map((digit) => String.fromCharCode("a".charCodeAt(0) + digit))
    .join("")
    .padEnd(MailboxName.tagLength, "c")

it.live("[FF-8] of one directory no more names are read than the bound", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    for (let counter = 1; counter <= 30; counter++) writeFileSync(join(path, `${counter}`), "")
    const few = yield* nodeFiles.entries(path, 20)
    expect([few.entries.length, few.isMore]).toEqual([20, true])
    const all = yield* nodeFiles.entries(path, 30)
    expect([all.entries.length, all.isMore]).toEqual([30, false])
  })
)

it.live("[FF-9] what vanishes while it is looked at, or is closed to this user, is passed over", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const [gone, closed] = [tagOf("c"), tagOf("d")]
    for (const owner of [right, gone, closed]) for (const i of [1, 2]) plant(path, owner, fileOf(i), bytesOf(3))
    const mailbox = yield* openAt(path, left, {
      entries: (folder, entriesMax) => {
        if (folder === folderIn(path, closed)) return Effect.fail({ code: "EACCES", problem: "closed" })
        if (folder === folderIn(path, gone)) rmSync(folder, { recursive: true, force: true })
        return nodeFiles.entries(folder, entriesMax)
      },
      factsOf: (file) => {
        if (file === join(folderIn(path, right), fileOf(2))) rmSync(file, { force: true })
        return nodeFiles.factsOf(file)
      }
    })
    const { lines, value } = yield* logged(Effect.andThen(mailbox.list, mailbox.list))
    expect(value).toEqual([{ owner: right, name: fileOf(1), bytes: 3 }])
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain("closed to this user")
  })
)

it.live("[FF-9] an emptied folder is an empty mailbox, and the next write makes what it needs", () =>
  Effect.gen(function* () {
    for (const at of [3, 2, 1]) {
      const path = yield* temporaryFolder
      const mailbox = yield* openAt(path)
      yield* mailbox.put(own, bytesOf(3))
      rmSync(join(path, ...["syncline-1", space, left].slice(0, at)), { recursive: true })
      expect(yield* mailbox.list).toEqual([])
      expect(yield* tagged(mailbox.get(left, own))).toBe("FileNotThere")
      yield* mailbox.remove(own)
      yield* mailbox.put(fileOf(2), bytesOf(3))
      expect((yield* mailbox.list).map(({ name }) => name)).toEqual([fileOf(2)])
    }
  })
)

it.live(
  "[FF-9] a folder that is gone, or lies on another drive now, cannot be reached, and nothing is made there",
  () =>
    Effect.gen(function* () {
      const path = yield* temporaryFolder
      let device = 0
      const mailbox = yield* openAt(path, left, {
        factsOf: (file) =>
          Effect.map(nodeFiles.factsOf(file), (facts) =>
            file === path ? { ...facts, device: facts.device + device } : facts
          )
      })
      const attempts = [mailbox.put(own, bytesOf(3)), mailbox.list, mailbox.get(left, own), mailbox.remove(own)]
      rmSync(join(path, "syncline-1"), { recursive: true })
      device = 1
      for (const attempt of attempts) expect(yield* tagged(attempt)).toBe("MailboxUnreachable")
      expect(everythingIn(path)).toEqual([])
      device = 0
      rmSync(path, { recursive: true })
      for (const attempt of attempts) expect(yield* tagged(attempt)).toBe("MailboxUnreachable")
      mkdirSync(path)
      yield* mailbox.put(own, bytesOf(3))
      expect(yield* mailbox.list).toHaveLength(1)
    })
)

it.live("[FF-13] no name and no owner leads out of the folder", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    const mailbox = yield* openAt(path)
    writeFileSync(join(path, own), "beside")
    const hostile = [
      "",
      ".",
      "..",
      `../${own}`,
      `../../${own}`,
      `/etc/passwd`,
      `${right}/../${right}`,
      `a\0b`,
      "..\\.."
    ]
    for (const name of [...hostile, `${right}/${own}`, `./${own}`]) {
      expect(yield* tagged(mailbox.get(left, name))).toBe("FileNotThere")
      expect(yield* tagged(mailbox.get(name, own))).toBe("FileNotThere")
      for (const attempt of [mailbox.put(name, bytesOf(3)), mailbox.remove(name)]) {
        expect(String(yield* Effect.flip(Effect.sandbox(attempt)))).toContain("is no name of a mailbox's file")
      }
    }
    expect(everythingIn(path)).toEqual([own, "syncline-1", `syncline-1/${space}`, `syncline-1/${space}/${left}`].sort())
    expect(readFileSync(join(path, own), "utf8")).toBe("beside")
  })
)
