/**
 * How fast one device keeps what its application writes. Each write is awaited, so each is a commit and a flush of its
 * own. One process; no hub, no network.
 */
import * as Cities from "../Cities.ts"
import type { Reading } from "../Figure.ts"
import * as Names from "../FigureNames.ts"
import type { Measurement } from "../Measurement.ts"
import { space, type Workshop } from "../Workshop.ts"

interface Written extends Input {
  readonly seconds: number
  readonly cpuSeconds: number
}

interface Input {
  readonly count: number
  readonly perCommit: number
}

const write = async (workshop: Workshop, input: Input): Promise<Written> => {
  const child = workshop.child()
  await child.call("openPeer", { folder: workshop.folder("writes"), space, trusted: [] })
  const timing = await child.call("write", input)
  await child.call("closePeer")
  await child.end()
  return { ...input, ...timing }
}

const perSecond = (figure: string, { count, seconds }: Written): Reading => ({
  figure,
  unit: "records/s",
  value: count / seconds
})

export const localWrites: Measurement = {
  name: "writes",
  run: async (workshop) => {
    const { isQuick } = workshop
    const by1 = await write(workshop, { count: isQuick ? 500 : 5_000, perCommit: 1 })
    const by100 = await write(workshop, { count: isQuick ? 5_000 : 50_000, perCommit: 100 })
    const by1000 = await write(workshop, { count: isQuick ? 10_000 : Cities.total, perCommit: Cities.importRecords })
    const commits: Reading = {
      figure: `${Names.writesBy100}: commits`,
      unit: "commits/s",
      value: by100.count / by100.perCommit / by100.seconds
    }
    return [
      perSecond(Names.writesBy1, by1),
      perSecond(Names.writesBy100, by100),
      commits,
      { figure: Names.writesBy100Cpu, unit: "s", value: by100.cpuSeconds },
      perSecond("local writes, 1,000 per commit", by1000)
    ]
  }
}
