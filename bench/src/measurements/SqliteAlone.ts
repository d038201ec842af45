/**
 * How fast SQLite itself keeps the same records on this disk: the limit for local writes. One process.
 */
import * as Cities from "../Cities.ts"
import type { Reading } from "../Figure.ts"
import * as Names from "../FigureNames.ts"
import type { Measurement } from "../Measurement.ts"
import type { Workshop } from "../Workshop.ts"

const insert = async (workshop: Workshop, count: number, perCommit: number) => {
  const child = workshop.child()
  const file = `${workshop.folder("sqlite")}/records.db`
  const { cpuSeconds, seconds } = await child.call("insertPlainly", { file, count, perCommit })
  await child.end()
  return { recordsPerSecond: count / seconds, cpuSeconds }
}

export const sqliteAlone: Measurement = {
  name: "sqlite",
  run: async (workshop): Promise<ReadonlyArray<Reading>> => {
    const { isQuick } = workshop
    const by1 = await insert(workshop, isQuick ? 500 : 5_000, 1)
    const by100 = await insert(workshop, isQuick ? 5_000 : 50_000, 100)
    const by1000 = await insert(workshop, isQuick ? 10_000 : Cities.total, Cities.importRecords)
    return [
      { figure: Names.sqliteBy1, unit: "records/s", value: by1.recordsPerSecond },
      { figure: Names.sqliteBy100, unit: "records/s", value: by100.recordsPerSecond },
      { figure: Names.sqliteBy100Cpu, unit: "s", value: by100.cpuSeconds },
      { figure: "better-sqlite3 alone, 1,000 per commit", unit: "records/s", value: by1000.recordsPerSecond }
    ]
  }
}
