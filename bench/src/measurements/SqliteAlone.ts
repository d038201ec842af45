/**
 * How fast SQLite itself keeps the same records on this disk: the limit for local writes. One process.
 */
import * as Cities from "../Cities.ts"
import type { Reading } from "../Figure.ts"
import * as Names from "../FigureNames.ts"
import type { Measurement } from "../Measurement.ts"
import type { Workshop } from "../Workshop.ts"

const insert = async (workshop: Workshop, figure: string, count: number, perCommit: number): Promise<Reading> => {
  const child = workshop.child()
  const file = `${workshop.folder("sqlite")}/records.db`
  const { seconds } = await child.call("insertPlainly", { file, count, perCommit })
  await child.end()
  return { figure, unit: "records/s", value: count / seconds }
}

export const sqliteAlone: Measurement = {
  name: "sqlite",
  run: async (workshop) => [
    await insert(workshop, Names.sqliteBy1, workshop.isQuick ? 500 : 5_000, 1),
    await insert(workshop, Names.sqliteBy100, workshop.isQuick ? 5_000 : 50_000, 100),
    await insert(
      workshop,
      "better-sqlite3 alone, 1,000 per commit",
      workshop.isQuick ? 10_000 : Cities.total,
      Cities.importRecords
    )
  ]
}
