/**
 * A journal's thread that a program started before it knew what to open.
 */
import { once } from "node:events"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as JournalThread from "../src/JournalThread.ts"
import * as SqliteJournal from "../src/SqliteJournal.ts"
import { seedOf, space, temporaryFolder } from "./temporaryFolder.ts"

const open = (folder: string, thread: JournalThread.JournalThread) =>
  SqliteJournal.make({ folder, space, thread }).pipe(Effect.provide(DeviceKeyFile.layerSeed(seedOf(1))))

const put = {
  partition: { type: "note", header: {} },
  id: "a",
  change: { kind: "put" as const, lww: { text: "x" }, counters: {}, sets: {} }
}

it.live("[SJ-12] a thread that was started ahead writes the journal and ends with it", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const thread = JournalThread.start()
    const ended = once(thread, "exit")
    yield* Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* open(folder, thread)
        yield* journal.write([put])
        expect((yield* journal.get("note", "a"))?.fields).toEqual({ text: "x" })
      })
    )
    expect(yield* Effect.promise(() => ended)).toEqual([0])
  })
)

it.live("[SJ-12] a thread whose journal cannot be opened ends", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* open(folder, JournalThread.start())
    const late = JournalThread.start()
    const ended = once(late, "exit")
    const error = yield* Effect.flip(Effect.scoped(open(folder, late)))
    expect(error.reason._tag).toBe("StoreInUse")
    yield* Effect.promise(() => ended)
    expect(late.threadId).toBe(-1)
  })
)
