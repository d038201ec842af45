/**
 * A new device gets everything from another one, by each road from device to device: from its dial to the proof that both hold the
 * same. Both are processes of their own, fresh for each reading. Beside it the same number of bytes by a plain stream of the library.
 */
import type { Road } from "../child/OpenPeer.ts"
import * as Cities from "../Cities.ts"
import type { Reading } from "../Figure.ts"
import * as Names from "../FigureNames.ts"
import type { Measurement } from "../Measurement.ts"
import type { Workshop } from "../Workshop.ts"

const megabyte = 1024 * 1024
const quickCount = 10_000

interface PeerSync {
  readonly recordsPerSecond: number
  readonly cpuSeconds: number
  /** Bytes of the commits that went over. */
  readonly bytes: number
}

const syncOnce = async (workshop: Workshop, road: Road, count: number): Promise<PeerSync> => {
  const { space } = workshop
  const filled = await workshop.filled(count)
  const empty = await workshop.empty("device")
  const [source, device] = [workshop.child(), workshop.child()]
  const { addresses } = await source.call("openPeer", {
    folder: filled.folder,
    space,
    trusted: [empty.peer],
    listens: true,
    road
  })
  await device.call("openPeer", { folder: empty.folder, space, trusted: [filled.peer], road })
  const result = await device.call("dial", { address: addresses[0]! })
  const stateHash = await device.call("stateHash")
  if (result.entities !== count || stateHash !== filled.stateHash) throw new Error("the device has another state")
  const bytes = await device.call("commitBytes")
  await device.call("closePeer")
  await source.call("closePeer")
  await workshop.endAll()
  return { recordsPerSecond: count / result.seconds, cpuSeconds: result.cpuSeconds, bytes }
}

const streamOnce = async (workshop: Workshop, road: Exclude<Road, "Socket.IO">, bytes: number): Promise<number> => {
  const [server, client] = [workshop.child(), workshop.child()]
  const { address } = await server.call("serveBytes", { bytes, road })
  const { seconds } = await client.call("receiveBytes", { address, bytes, road })
  await workshop.endAll()
  return bytes / seconds
}

export const peerRoads: Measurement = {
  name: "peers",
  run: async (workshop) => {
    const count = workshop.isQuick ? quickCount : Cities.total
    const readings: Array<Reading> = []
    for (const road of ["Socket.IO", "TCP", "QUIC"] as const) {
      const { bytes, cpuSeconds, recordsPerSecond } = await syncOnce(workshop, road, count)
      const figure = Names.peerSync(road)
      const bytesPerSecond = bytes * (recordsPerSecond / count)
      readings.push({ figure, unit: "records/s", value: recordsPerSecond })
      readings.push({ figure: `${figure}: device's processor time`, unit: "s", value: cpuSeconds })
      if (road === "Socket.IO") continue
      const raw = await streamOnce(workshop, road, bytes)
      readings.push({ figure: `${figure}: bytes of commits`, unit: "MB/s", value: bytesPerSecond / megabyte })
      readings.push({
        figure: `a plain stream of libp2p over ${road}, the same bytes`,
        unit: "MB/s",
        value: raw / megabyte
      })
      readings.push({
        figure: `ratio: cold sync / plain stream of libp2p, ${road}`,
        unit: "×",
        value: bytesPerSecond / raw
      })
    }
    return readings
  }
}
