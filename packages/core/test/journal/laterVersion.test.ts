// Commits of a later version, whose signatures nobody could check when they came, after the update that can read them.
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Journal } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import { MemoryTables } from "../../src/journal/MemoryTables.ts"
import * as CommitOpening from "../../src/journal/CommitOpening.ts"
import * as Commit from "../../src/model/Commit.ts"
import * as MessagePack from "../../src/model/MessagePack.ts"
import { commitsOf, type MakeJournal, open, put, space } from "../../src/testing/JournalFixture.ts"
import { functions, layerDevice } from "./nodeCrypto.ts"

const makeMemory: MakeJournal = (device, ofSpace) =>
  MemoryJournal.layer({ space: ofSpace }).pipe(Layer.provideMerge(layerDevice(device)))

it.effect("[JR-58] a commit of a later version that nobody signed stays, also once it can be read", () =>
  Effect.gen(function* () {
    const a = yield* open(makeMemory, 1)
    yield* a.write([put("signed", { text: "a" })])
    yield* a.write([put("forged", { text: "b" })])
    const [signed, whole] = yield* commitsOf(a)
    const outer = MessagePack.unpackOwn(whole!.bytes) as Array<unknown>
    outer[1] = new Uint8Array(64)
    const tables = new MemoryTables(functions.sha256, space, "00000000000000aa")
    const ids = [signed!.bytes, MessagePack.pack(outer)].map((bytes, i) => {
      const packed = Commit.open(bytes)
      if (typeof packed === "string") throw new Error(packed)
      const id = `${i}`.repeat(64)
      const why = { rule: "", policyVersion: 0, because: "", sinceMs: 0, dueMs: null }
      const described = CommitOpening.describe(id, packed, 1, bytes)
      tables.transact(() => tables.addQuarantine({ ...described, ...why, peer: a.device, reason: "SchemaUnknown" }))
      return id
    })
    const services = yield* Layer.build(MemoryJournal.layer({ space, tables }).pipe(Layer.provideMerge(layerDevice(2))))
    const journal = Context.get(services, Journal)
    const { kept, released } = yield* journal.release(ids)
    expect(released).toEqual([ids[0]])
    expect(kept).toMatchObject([{ id: ids[1], code: "SignatureInvalid" }])
    expect(yield* journal.get("note", "forged")).toBeUndefined()
  })
)
