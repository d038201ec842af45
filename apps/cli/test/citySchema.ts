// The schema file that tests hand to the command line.
import { Entity, Schema } from "@syncline/node"

export const city = Entity.make("city", {
  name: Entity.lww(Schema.NonEmptyString),
  population: Entity.lww(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))
})
