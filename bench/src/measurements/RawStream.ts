/**
 * The same records over a plain WebSocket from one process into better-sqlite3 in another: the limit for a cold sync
 * on this machine.
 */
import * as Cities from "../Cities.ts"
import * as Names from "../FigureNames.ts"
import type { Measurement } from "../Measurement.ts"

export const rawStream: Measurement = {
  name: "raw",
  run: async (workshop) => {
    const server = workshop.child()
    const client = workshop.child()
    const { address } = await server.call("serveStream", { count: Cities.total })
    const file = `${workshop.folder("stream")}/records.db`
    const { count, cpuSeconds, seconds } = await client.call("receiveStream", { address, file })
    if (count !== Cities.total) throw new Error(`the raw stream delivered ${count} of ${Cities.total} records`)
    return [
      { figure: Names.rawStream, unit: "records/s", value: count / seconds },
      { figure: Names.rawStreamCpu, unit: "s", value: cpuSeconds }
    ]
  }
}
