/**
 * How fast one device keeps what its application writes. Each write is awaited, so each is a commit and a flush of its
 * own. One process; no hub, no network.
 */
import * as Cities from "../Cities.ts"
import type { Reading } from "../Figure.ts"
import * as Names from "../FigureNames.ts"
import type { Measurement } from "../Measurement.ts"
import { space, type Workshop } from "../Workshop.ts"

const write = async (
  workshop: Workshop,
  figure: string,
  input: { readonly count: number; readonly perCommit: number }
): Promise<ReadonlyArray<Reading>> => {
  const child = workshop.child()
  await child.call("openPeer", { folder: workshop.folder("writes"), space, trusted: [] })
  const { seconds } = await child.call("write", input)
  await child.call("closePeer")
  await child.end()
  const records: Reading = { figure, unit: "records/s", value: input.count / seconds }
  if (input.perCommit === 1) return [records]
  return [records, { figure: `${figure}: commits`, unit: "commits/s", value: input.count / input.perCommit / seconds }]
}

export const localWrites: Measurement = {
  name: "writes",
  run: async (workshop) => [
    ...(await write(workshop, Names.writesBy1, { count: workshop.isQuick ? 500 : 5_000, perCommit: 1 })),
    ...(await write(workshop, Names.writesBy100, { count: workshop.isQuick ? 5_000 : 50_000, perCommit: 100 })),
    ...(await write(workshop, "local writes, 1,000 per commit", {
      count: workshop.isQuick ? 10_000 : Cities.total,
      perCommit: Cities.importRecords
    }))
  ]
}
