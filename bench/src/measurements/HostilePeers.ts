/**
 * A device that listens by libp2p is attacked: a thousand hostile dials, malformed frames and floods of streams, also by somebody whom
 * it lets in. What that costs its memory, and the changes that an honest device brings meanwhile, beside the same without it.
 * Everybody is a process of its own.
 */
import type { ChildProcess } from "../ChildProcess.ts"
import type { Road } from "../child/OpenPeer.ts"
import { percentile, type Reading } from "../Figure.ts"
import type { Measurement } from "../Measurement.ts"
import type { Workshop } from "../Workshop.ts"

const megabyte = 1024 * 1024
const dials = 1_000
const streams = 1_000
/** Changes of each measured time, one after the other. */
const changes = 600
const changesQuick = 100
const everyMs = 10
/** Links and connections of the attack that had not ended end within this. */
const restMs = 7_000

interface Pair {
  readonly listener: ChildProcess
  readonly honest: ChildProcess
  readonly count: number
}

/** How long changes took from the call of `put` until the listener could read them, in milliseconds. */
const latencies = async ({ count, honest, listener }: Pair, salt: number): Promise<ReadonlyArray<number>> => {
  await listener.call("watchChanges")
  const began = await honest.call("changeSlowly", { count, everyMs, salt })
  await listener.call("arrivals", { count })
  const seen = new Map(await listener.call("seenChanges"))
  return began.map(([id, atNs]) => Number((seen.get(id) ?? atNs) - atNs) / 1e6)
}

const besiege = async (workshop: Workshop, road: Exclude<Road, "Socket.IO">): Promise<ReadonlyArray<Reading>> => {
  const { space } = workshop
  const [own, other] = [await workshop.empty("listener"), await workshop.empty("honest")]
  const [listener, honest, hostile] = [workshop.child(["--expose-gc"]), workshop.child(), workshop.child()]
  const trusted = [other.peer, await hostile.call("hostileId")]
  const { addresses } = await listener.call("openPeer", { folder: own.folder, space, trusted, listens: true, road })
  await honest.call("openPeer", { folder: other.folder, space, trusted: [own.peer], road })
  const address = addresses[0]!
  await honest.call("dial", { address })
  const pair: Pair = { listener, honest, count: workshop.isQuick ? changesQuick : changes }
  await latencies(pair, 1)
  const before = await listener.call("resident")
  const beganMs = performance.now()
  const calm = await latencies(pair, 2)
  const attacked = hostile.call("attack", { address, dials, streams, forMs: performance.now() - beganMs })
  const busy = await latencies(pair, 3)
  const { socketsAtOnce, streamsAtOnce, ...rest } = await attacked
  const during = await listener.call("resident")
  await hostile.end()
  await new Promise((resolve) => setTimeout(resolve, restMs))
  const after = await listener.call("resident")
  await honest.call("closePeer")
  await listener.call("closePeer")
  console.log(`${road}: ${JSON.stringify({ ...rest, socketsAtOnce, streamsAtOnce })}`)
  const ratio = percentile(busy, 0.99) / percentile(calm, 0.99)
  const name = `attacked over ${road}`
  return [
    { figure: `${name}: p99 of a change before`, unit: "ms", value: percentile(calm, 0.99) },
    { figure: `${name}: p99 of a change meanwhile`, unit: "ms", value: percentile(busy, 0.99) },
    { figure: `ratio: ${name}, p99 meanwhile / before`, unit: "×", value: ratio, target: { atMost: 2 } },
    {
      figure: `ratio: ${name}, p50 meanwhile / before`,
      unit: "×",
      value: percentile(busy, 0.5) / percentile(calm, 0.5)
    },
    {
      figure: `${name}: growth of memory at its end`,
      unit: "MB",
      value: (during - before) / megabyte,
      target: { atMost: 64 }
    },
    {
      figure: `${name}: growth of memory afterwards`,
      unit: "MB",
      value: (after - before) / megabyte,
      target: { atMost: 48 }
    }
  ]
}

export const hostilePeers: Measurement = {
  name: "hostile",
  run: async (workshop) => {
    const readings: Array<Reading> = []
    for (const road of ["TCP", "QUIC"] as const) {
      readings.push(...(await besiege(workshop, road)))
      await workshop.endAll()
    }
    return readings
  }
}
