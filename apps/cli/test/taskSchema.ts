// A schema with fields that may be missing: one that knows null as a value and one that does not.
import { Entity, Schema } from "@syncline/node"

export const task = Entity.make("task", {
  title: Entity.lww(Schema.String),
  due: Entity.optional(Schema.Number),
  parent: Entity.optional(Schema.NullOr(Schema.String))
})
