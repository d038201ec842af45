import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema, Stream } from "effect"
import { describe } from "vitest"
import { Gate } from "../../src/gate/Gate.ts"
import { Journal, type JournalShape } from "../../src/journal/Journal.ts"
import * as MemoryJournal from "../../src/journal/MemoryJournal.ts"
import * as Entity from "../../src/model/Entity.ts"
import { Records } from "../../src/orchestrator/Records.ts"
import { layerDevice } from "../nodeCrypto.ts"
import { space } from "../session/SessionUnderTest.ts"

const before = Entity.make("note", {
  text: Entity.lww(Schema.Unknown as never),
  tags: Entity.lww(Schema.Unknown as never)
})
const Note = Entity.make("note", {
  text: Entity.lww(Schema.String),
  due: Entity.optional(Schema.Number),
  tags: Entity.orSet(Schema.String)
})

/** What the test changes while it runs. */
interface Control {
  /** Called between planning an undo and writing it. */
  meanwhile: Effect.Effect<unknown>
  isDenied: boolean
  readonly audited: Array<string>
}

/** Records of one device over a journal that lets others in between reading and writing. */
const open = Effect.gen(function* () {
  const control: Control = { meanwhile: Effect.void, isDenied: false, audited: [] }
  const decision = () => ({ allowed: !control.isDenied, rule: "test", policyVersion: 1, because: "closed" })
  const decide = () => Effect.sync(decision)
  const gate = Layer.succeed(Gate, {
    devices: Effect.succeed([]),
    admits: decide,
    canSend: decide,
    canReceive: decide,
    canRead: decide,
    mustForget: () => Effect.undefined,
    accepts: decide,
    givesWay: Effect.succeed(false),
    isRenumbered: Effect.succeed(false),
    isCustodian: () => Effect.succeed(false),
    canWrite: decide,
    audit: ({ action, decision }) =>
      Effect.sync(() => (decision.allowed ? undefined : void control.audited.push(action))),
    changes: Stream.never
  })
  const slow = Effect.map(MemoryJournal.make({ space }), (journal): JournalShape => ({
    ...journal,
    info: journal.info,
    restoration: (...args) => Effect.tap(journal.restoration(...args), () => control.meanwhile),
    reversal: (...args) => Effect.tap(journal.reversal(...args), () => control.meanwhile)
  }))
  const services = yield* Layer.build(
    Records.layer.pipe(
      Layer.provideMerge(Layer.effect(Journal, slow)),
      Layer.provideMerge(gate),
      Layer.provideMerge(layerDevice(1))
    )
  )
  return { control, records: Context.get(services, Records), journal: Context.get(services, Journal) }
})

const fieldsOf = (journal: JournalShape, id: string) => Effect.map(journal.get("note", id), (view) => view?.fields)

describe("restore and undo", () => {
  it.effect("[OR-60] write as everybody does, and say what became of it", () =>
    Effect.gen(function* () {
      const { journal, records } = yield* open
      yield* records.put(Note, { text: "a", tags: ["x"] }, "n1")
      const time = yield* journal.lastTime
      const { commits } = yield* records.patch(Note, "n1", { text: "b", due: 3, tags: Entity.add("y") })
      const undone = yield* records.undo({ commit: commits[0]! }, [Note])
      expect(undone).toMatchObject({ entities: [{ id: "n1", fields: ["text", "due", "tags"], skipped: [] }] })
      expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "a", due: null, tags: ["x"] })
      yield* records.undo({ commit: undone.commits[0]! })
      expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "b", due: 3, tags: ["x", "y"] })
      expect((yield* records.restore(Note, "n1", time)).commits.length).toBe(1)
      expect(yield* fieldsOf(journal, "n1")).toEqual({ text: "a", due: null, tags: ["x"] })
      expect((yield* records.restore(Note, "n1", time)).commits).toEqual([])
      const missing = yield* Effect.flip(records.restore(Note, "n2", time))
      expect(missing.reason).toMatchObject({ _tag: "EntityNotFoundAt", id: "n2" })
    })
  )

  it.effect("[OR-60] are refused by policy and schema, and leave nothing then", () =>
    Effect.gen(function* () {
      const { control, journal, records } = yield* open
      yield* records.put(before, { text: 1, tags: "none" }, "n1")
      const time = yield* journal.lastTime
      yield* records.put(before, { text: 2, tags: "none" }, "n1")
      const { commits } = yield* records
        .put(before, { text: "three", tags: [] }, "n1")
        .pipe(Effect.andThen(records.patch(Note, "n1", { text: "four" })))
      const head = yield* journal.head
      const refusal = (effect: ReturnType<typeof records.restore>) =>
        Effect.map(Effect.flip(effect), ({ reason }) => reason)
      expect(yield* refusal(records.restore(Note, "n1", time))).toMatchObject({
        _tag: "EntityInvalid",
        field: "text"
      })
      const Tags = Entity.make("note", { tags: Entity.orSet(Schema.String) })
      expect(yield* refusal(records.restore(Tags, "n1", time))).toMatchObject({
        field: "tags",
        problem: "is declared as orSet and was lww then"
      })
      control.isDenied = true
      expect(yield* refusal(records.restore(before, "n1", time))).toMatchObject({ _tag: "WriteDenied", rule: "test" })
      const undone = yield* Effect.flip(records.undo({ commit: commits[0]! }))
      expect(undone.reason).toMatchObject({ _tag: "WriteDenied", because: "closed" })
      expect(control.audited).toEqual(["write", "write"])
      expect(yield* journal.head).toBe(head)
      control.isDenied = false
      yield* records.undo({ commit: commits[0]! }, [Note])
      expect(yield* fieldsOf(journal, "n1")).toMatchObject({ text: "three" })
    })
  )

  it.effect("[OR-61] are planned anew when the entity is changed at the same time, at most eight times", () =>
    Effect.gen(function* () {
      const { control, journal, records } = yield* open
      yield* records.put(Note, { text: "a", tags: [] }, "n1")
      const time = yield* journal.lastTime
      const { commits } = yield* records.patch(Note, "n1", { text: "b", due: 1 })
      let left = 1
      const write = Effect.suspend(() =>
        left-- > 0 ? records.patch(Note, "n1", { text: `meanwhile ${left}` }) : Effect.void
      )
      control.meanwhile = Effect.orDie(write)
      const undone = yield* records.undo({ commit: commits[0]! }, [Note])
      expect(undone.entities[0]).toMatchObject({
        fields: ["due"],
        skipped: [{ field: "text", because: "overwritten" }]
      })
      expect(yield* fieldsOf(journal, "n1")).toMatchObject({ text: "meanwhile 0", due: null })
      left = 1000
      const busy = yield* Effect.flip(records.restore(Note, "n1", time))
      expect(busy.reason).toMatchObject({ _tag: "EntityChanged", isRetryable: true })
      expect(left).toBe(1000 - 8)
    })
  )
})
