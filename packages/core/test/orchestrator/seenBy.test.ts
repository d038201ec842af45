/** Records in the name of somebody who may less than the device. */
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { Gate, type GateShape } from "../../src/gate/Gate.ts"
import { Journal } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Entity from "../../src/model/Entity.ts"
import { Records, type Viewer } from "../../src/orchestrator/Records.ts"
import { layerDevice } from "../nodeCrypto.ts"
import { gateFor, space } from "../session/SessionUnderTest.ts"

const Note = Entity.make(
  "note",
  { team: Entity.optional(Schema.String), text: Entity.lww(Schema.String), votes: Entity.counter },
  { header: ["team"] }
)

/** Sees the team `a` and what is of no team; may write all of it but delete, and no field `votes`. */
const asked: Array<string> = []
const viewer: Viewer = {
  sees: ({ header }) => header["team"] !== "b",
  mayDo: ({ header }, { creates, deletes, fields, updates }) => {
    asked.push([...(creates ? ["create"] : []), ...(updates ? ["update"] : []), ...(deletes ? ["delete"] : [])].join())
    const allowed = header["team"] !== "b" && !deletes && !fields.has("votes")
    return { allowed, rule: "viewer", policyVersion: 3, because: "not that" }
  }
}

const open = Effect.gen(function* () {
  const told: Array<string> = []
  const telling = Layer.effect(
    Gate,
    Effect.map(Gate, (gate): GateShape => ({
      ...gate,
      audit: ({ action, decision }) => Effect.sync(() => void told.push(`${action} ${decision.allowed}`))
    }))
  ).pipe(Layer.provide(gateFor([])))
  const services = yield* Layer.build(
    Records.layer.pipe(
      Layer.provideMerge(Layer.effect(Journal, MemoryJournal.make({ space }))),
      Layer.provideMerge(telling),
      Layer.provideMerge(layerDevice(1))
    )
  )
  asked.length = 0
  const records = Context.get(services, Records)
  return { told, journal: Context.get(services, Journal), records, own: records.seenBy(viewer) }
})

const reasonOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), (error) => (error as unknown as { readonly reason: object }).reason)
const missing = { _tag: "EntityNotFound" }
const denied = { _tag: "WriteDenied", rule: "viewer", because: "not that" }

it.effect("[OR-97] what a viewer does not see is not there, whatever it asks", () =>
  Effect.gen(function* () {
    const { journal, own, records } = yield* open
    yield* records.putAll(Note, [
      { id: "1", value: { team: "a", text: "one" } },
      { id: "2", value: { team: "b", text: "two" } },
      { id: "3", value: { text: "three" } }
    ])
    const then = yield* journal.lastTime
    const { commits } = yield* records.patch(Note, "2", { text: "changed" })
    const question = { type: "note", where: {}, orderBy: undefined, limit: 10, offset: 0 }
    const ids = (all: ReadonlyArray<{ readonly id: string }>) => all.map(({ id }) => id)
    expect([ids(yield* own.query(question)), ids(yield* own.queryAt(question, then))]).toEqual([
      ["1", "3"],
      ["1", "3"]
    ])
    for (const header of [undefined, { team: "b" }]) {
      expect(yield* own.get("note", "2", header)).toBeUndefined()
      expect(yield* own.at("note", "2", then, header)).toBeUndefined()
      expect(yield* reasonOf(own.patch(Note, "2", { text: "mine" }, header))).toMatchObject(missing)
      expect(yield* reasonOf(own.remove(Note, "2", header))).toMatchObject(missing)
      expect(yield* reasonOf(own.restore(Note, "2", then, header))).toMatchObject({ _tag: "EntityNotFoundAt" })
    }
    expect(yield* own.history({ type: "note", id: "2", limit: 10 })).toEqual([])
    expect(yield* reasonOf(own.undo({ commit: commits[0]! }))).toMatchObject({ _tag: "CommitNotFound" })
    expect(asked).toEqual([])

    yield* own.put(Note, { team: "a", text: "mine" }, "2")
    expect(asked).toEqual(["create"])
    expect((yield* own.get("note", "2"))?.fields).toMatchObject({ text: "mine" })
    expect(yield* reasonOf(records.get("note", "2"))).toMatchObject({ _tag: "EntityAmbiguous" })
    expect((yield* records.get("note", "2", { team: "b" }))?.fields).toMatchObject({ text: "changed" })
  })
)

it.effect("[OR-97] what a viewer may not do is refused in its words, and nothing of it is written", () =>
  Effect.gen(function* () {
    const { journal, own, records, told } = yield* open
    yield* records.put(Note, { team: "a", text: "one" }, "1")
    const { commits } = yield* records.patch(Note, "1", { votes: Entity.inc(2) })
    const then = yield* journal.lastTime
    yield* own.patch(Note, "1", { text: "two" })
    const head = yield* journal.head
    told.length = 0
    const both = [{ value: { team: "a", text: "may" } }, { value: { team: "b", text: "may not" } }]
    expect(yield* reasonOf(own.putAll(Note, both))).toMatchObject(denied)
    expect(yield* reasonOf(own.patch(Note, "1", { votes: Entity.inc(1) }))).toMatchObject(denied)
    expect(yield* reasonOf(own.remove(Note, "1"))).toMatchObject(denied)
    expect(yield* reasonOf(own.undo({ commit: commits[0]! }))).toMatchObject(denied)
    expect(yield* journal.head).toBe(head)
    expect(told).toEqual([])
    expect((yield* own.restore(Note, "1", then)).commits).toHaveLength(1)
    expect((yield* records.remove(Note, "1")).commits).toHaveLength(1)
    expect(yield* own.put(Note, { team: "a", text: "again" }, "1")).toBe("1")
    expect(asked.at(-1)).toBe("create,update")
  })
)
