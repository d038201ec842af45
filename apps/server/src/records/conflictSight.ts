/** Who hears of a conflict: whoever reads the record. Where records lie and what may be read is handed to it. */
import { Partition } from "@syncline/core"

interface Place {
  readonly type: string
  readonly header?: Partition.HeaderValues | undefined
}

/**
 * `places` are those of the live records of its id. Of a conflict that was noted without its place all of them have to be read, and
 * of a record that is gone there is none.
 */
export const sees = (
  { header, type }: Place,
  places: ReadonlyArray<Partition.Partition>,
  reads: (partition: Partition.Partition) => boolean
): boolean => {
  const own = header === undefined ? places : places.filter((place) => Partition.same(place, { type, header }))
  return own.length > 0 && own.every(reads)
}
