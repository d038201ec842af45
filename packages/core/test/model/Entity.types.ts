// What must compile and what must not: the types of entity definitions.
import { Schema } from "effect"
import * as Entity from "../../src/model/Entity.ts"

const Task = Entity.make("task", {
  title: Entity.lww(Schema.NonEmptyString),
  done: Entity.lww(Schema.Boolean),
  note: Entity.optional(Schema.String),
  tags: Entity.orSet(Schema.String),
  votes: Entity.counter
})
type Input = Entity.Input<typeof Task.fields>
type Patch = Entity.PatchInput<typeof Task.fields>

export const whole: Input = { title: "a", done: true, note: "n", tags: ["x"], votes: 1 }
export const smallest: Input = { title: "a", done: true }
export const patch: Patch = { tags: Entity.add("x"), votes: Entity.inc(1), done: false }

// @ts-expect-error a required field is missing
export const missing: Input = { title: "a" }
// @ts-expect-error a value has the wrong type
export const wrong: Input = { title: 1, done: true }
// @ts-expect-error a counter changes by an increment
export const counter: Patch = { votes: 1 }
// @ts-expect-error a set holds texts
export const element: Patch = { tags: Entity.add(1) }
// @ts-expect-error an unknown field
export const unknownField: Patch = { nope: 1 }
