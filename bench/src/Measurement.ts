/**
 * What a measurement is: a name to choose it by, and something that gives readings each time it is run.
 */
import type { Reading } from "./Figure.ts"
import type { Workshop } from "./Workshop.ts"

export interface Measurement {
  readonly name: string
  readonly run: (workshop: Workshop) => Promise<ReadonlyArray<Reading>>
}
