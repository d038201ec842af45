// Writing and removing on Drive: one file for one name, whatever becomes of the answers.
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { describe } from "vitest"
import { fileProperties, folderProperties } from "../src/DriveNames.ts"
import * as DriveFake from "../src/testing/DriveFake.ts"
import {
  bytesOf,
  folderOf,
  left,
  mailboxAt,
  namesOf,
  nameOf,
  openAt,
  reasonOf,
  right,
  running,
  space
} from "./Harness.ts"

const bytes = bytesOf(1_000)
const name = nameOf(bytes)
const filesOf = (fake: DriveFake.DriveFake) => fake.files().filter((file) => file.bytes !== undefined)

describe("writing", () => {
  it.effect("[GD-3] a file says space, owner and name in properties that Drive takes, and lies in the folder", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const a = yield* openAt(fake, left)
      yield* a.put(name, bytes)
      const [file] = filesOf(fake)
      expect(file).toMatchObject({ name, parents: [folderOf(fake)], appProperties: { s: space, o: left, n: name } })
      for (const [key, value] of Object.entries(file!.appProperties)) {
        expect(Buffer.byteLength(key + value)).toBeLessThanOrEqual(124)
      }
      expect(Buffer.from(file!.bytes!)).toEqual(Buffer.from(bytes))
    })
  )

  it.effect("[GD-4] an answer that is lost makes no second file", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const a = yield* openAt(fake, left)
      for (const status of [0, 503]) {
        const before = fake.count("create")
        const file = nameOf(bytes, status + 1)
        fake.plan({ method: "create", status, reason: "backendError", when: "after" })
        yield* running(a.put(file, bytes))
        expect(fake.count("create") - before).toBe(2)
        expect(filesOf(fake).filter((each) => each.name === file)).toHaveLength(1)
      }
    })
  )

  it.effect("[GD-4] nor does one that is lost for good, when it is written again", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const a = yield* openAt(fake, left)
      fake.plan({ method: "create", status: 503, reason: "backendError", when: "after", times: 6 })
      expect((yield* running(reasonOf(a.put(name, bytes))))._tag).toBe("MailboxUnreachable")
      yield* a.put(name, bytes)
      expect(filesOf(fake)).toHaveLength(1)
    })
  )

  it.effect("[GD-4] an id whose file was deleted meanwhile is given up", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const a = yield* openAt(fake, left)
      fake.plan({ method: "create", status: 503, reason: "backendError", when: "after", times: 6 })
      yield* running(reasonOf(a.put(name, bytes)))
      const [begun] = filesOf(fake)
      fake.erase(begun!.id)
      yield* a.put(name, bytes)
      expect(filesOf(fake).map(({ id }) => id === begun!.id)).toEqual([false])
    })
  )

  it.effect("[GD-4] what Drive kept in part only is made again under another id, or told", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right)]
      fake.faults.spoilt = 1
      yield* a.put(name, bytes)
      yield* b.list
      expect(Buffer.from(yield* b.get(left, name))).toEqual(Buffer.from(bytes))
      fake.faults.spoilt = 2
      expect((yield* reasonOf(a.put(nameOf(bytes, 2), bytes)))._tag).toBe("MailboxUnreachable")
    })
  )

  it.effect("[GD-5] writing again asks whether it is still there, and writes it when it is not", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const a = yield* openAt(fake, left)
      yield* a.put(name, bytes)
      yield* a.put(name, bytes)
      expect(fake.count("create")).toBe(2)
      fake.trash(filesOf(fake)[0]!.id)
      yield* a.put(name, bytes)
      const shown = yield* openAt(fake, right)
      expect(yield* namesOf(shown)).toEqual([name])
      expect(fake.count("create")).toBe(3)
    })
  )

  it.effect("[GD-10] all copies of an own file are removed, and nothing of others", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right)]
      yield* a.put(name, bytes)
      yield* b.put(name, bytes)
      const parents = [folderOf(fake)]
      fake.plant({ name, parents, appProperties: fileProperties(space, left, name), bytes })
      // Nobody has listed since, so this is found by a question only.
      const unseen = nameOf(bytes, 2)
      fake.plant({ name: unseen, parents, appProperties: fileProperties(space, left, unseen), bytes })
      yield* a.remove(unseen)
      yield* a.list
      yield* a.remove(name)
      expect(filesOf(fake).map(({ appProperties }) => appProperties["o"])).toEqual([right])
    })
  )
})

describe("the folder", () => {
  it.effect("[GD-6] is found again by its mark, whatever its name is", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const id = fake.plant({ name: "renamed by a person", parents: [], appProperties: folderProperties })
      fake.plant({ name: "Syncline", parents: [], appProperties: {} })
      yield* (yield* openAt(fake, left)).put(name, bytes)
      expect(filesOf(fake)[0]!.parents).toEqual([id])
    })
  )

  it.effect("[GD-6] made by two devices at once: both are read, and all write into the smallest id", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      fake.faults.lagMsOf = () => 30_000
      const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right)]
      yield* a.put(name, bytes)
      yield* b.put(name, bytes)
      const folders = fake.files().filter((file) => file.bytes === undefined)
      expect(folders).toHaveLength(2)
      for (let minute = 0; minute < 3; minute++) {
        yield* running(Effect.sleep("1 minute"))
        yield* Effect.all([a.list, b.list])
      }
      for (const mailbox of [a, b])
        expect((yield* mailbox.list).map(({ owner }) => owner).sort()).toEqual([left, right])
      const later = nameOf(bytes, 2)
      yield* a.put(later, bytes)
      yield* b.put(later, bytes)
      const homes = filesOf(fake).filter((file) => file.name === later)
      expect(homes.map(({ parents }) => parents)).toEqual([[folders[0]!.id], [folders[0]!.id]])
    })
  )

  it.effect("[GD-6] gone or in the bin, it is made again by the next write", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const [a, b] = [yield* openAt(fake, left), yield* openAt(fake, right)]
      yield* a.put(name, bytes)
      expect(yield* namesOf(b)).toEqual([name])
      fake.trash(folderOf(fake))
      expect(yield* namesOf(b)).toEqual([])
      fake.erase(folderOf(fake))
      const later = nameOf(bytes, 2)
      yield* a.put(later, bytes)
      expect(yield* namesOf(b)).toEqual([later])
    })
  )

  it.effect("[GD-6] that a person named must be there", () =>
    Effect.gen(function* () {
      const fake = yield* DriveFake.make()
      const folderId = fake.plant({ name: "Chosen", parents: [], appProperties: {} })
      const a = yield* openAt(fake, left, { folderId })
      yield* a.put(name, bytes)
      expect(filesOf(fake)[0]!.parents).toEqual([folderId])
      const absent = mailboxAt(fake, "b", { folderId: "fake-file-none" }).open({ space, owner: right })
      expect((yield* reasonOf(absent))._tag).toBe("MailboxDenied")
      fake.trash(folderId)
      expect((yield* reasonOf(openAt(fake, right, { folderId })))._tag).toBe("MailboxDenied")
    })
  )
})
