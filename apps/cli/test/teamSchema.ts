// A schema whose records lie in partitions of their teams.
import { Entity, Schema } from "@syncline/node"

export const Task = Entity.make(
  "task",
  { team: Entity.lww(Schema.String), title: Entity.lww(Schema.String) },
  { header: ["team"] }
)
