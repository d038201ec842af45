/**
 * A bad line in front of a machine, for UDP and for TCP: what passes is late by a time that varies, datagrams get lost, and a stream
 * stalls where one of its packets would have got lost. The kernel at hand may have no `netem`. It does not look into what passes, and
 * the same seed gives the same faults to the same traffic.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram"
import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"

export interface Faults {
  /** How late everything is in each direction, in milliseconds. */
  readonly delayMs: number
  /** By how much that varies, in milliseconds; datagrams overtake each other. */
  readonly jitterMs: number
  /** The share of datagrams that get lost and of pieces of a stream before which it stalls, 0 to 1. */
  readonly loss: number
  readonly seed: number
}

export interface FaultProxyOptions extends Faults {
  readonly host: string
  /** Where it listens, for UDP and TCP alike. */
  readonly port: number
  /** The machine behind it, on loopback. */
  readonly targetPort: number
}

/** How long a stream stalls, in milliseconds: what TCP waits before it sends again. */
const stallMs = 250
/** Bytes of one direction of a stream that are under way; then its sender waits. */
const streamBytesMax = 1024 * 1024
/** Datagrams under way; more are lost, as in a router. */
const datagramsMax = 8_192
/** Senders of datagrams; more are not heard. */
const sendersMax = 256

/** What passed, and what of it got lost or stalled. */
export interface Passed {
  datagrams: number
  lost: number
  pieces: number
  stalls: number
}

/** Starts it; it ends with the process. Gives its counts, which go on. */
export const start = async (options: FaultProxyOptions): Promise<Passed> => {
  const passed: Passed = { datagrams: 0, lost: 0, pieces: 0, stalls: 0 }
  const chance = chanceOf(options.seed)
  await Promise.all([startUdp(options, passed, chance), startTcp(options, passed, chance)])
  return passed
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
const chanceOf = (seed: number) => {
  let state = seed | 0
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Chance = ReturnType<typeof chanceOf>

const lateMs = ({ delayMs, jitterMs }: Faults, chance: Chance): number =>
  Math.max(0, delayMs + (2 * chance() - 1) * jitterMs)

const startUdp = async (options: FaultProxyOptions, passed: Passed, chance: Chance): Promise<void> => {
  const front = createSocket("udp4")
  const backs = new Map<string, UdpSocket>()
  let underWay = 0
  const pass = (send: () => void): void => {
    passed.datagrams++
    if (chance() < options.loss || underWay >= datagramsMax) return void passed.lost++
    underWay++
    setTimeout(
      () => {
        underWay--
        send()
      },
      lateMs(options, chance)
    )
  }
  front.on("message", (message, { address, port }) => {
    const from = `${address}:${port}`
    if (!backs.has(from) && backs.size >= sendersMax) return
    const back = backs.get(from) ?? createSocket("udp4")
    if (!backs.has(from)) {
      backs.set(from, back)
      back.on("message", (reply) => pass(() => front.send(reply, port, address)))
      // Nobody listens behind it while that machine restarts.
      back.on("error", () => {})
    }
    pass(() => back.send(message, options.targetPort, "127.0.0.1"))
  })
  front.bind(options.port, options.host)
  await once(front, "listening")
}

const startTcp = async (options: FaultProxyOptions, passed: Passed, chance: Chance): Promise<void> => {
  const server = createServer((near) => {
    const far = connect(options.targetPort, "127.0.0.1")
    forward(near, far, options, passed, chance)
    forward(far, near, options, passed, chance)
  })
  server.listen(options.port, options.host)
  await once(server, "listening")
}

/** One direction of a stream: in order, however late. */
const forward = (from: Socket, to: Socket, faults: Faults, passed: Passed, chance: Chance): void => {
  let waiting = 0
  let lastAtMs = 0
  const steps: Array<() => void> = []
  const later = (step: () => void, moreMs = 0): void => {
    lastAtMs = Math.max(lastAtMs, performance.now() + lateMs(faults, chance) + moreMs)
    steps.push(step)
    // Timers count whole milliseconds and may come in another order: each takes the step that is next.
    setTimeout(() => steps.shift()?.(), lastAtMs - performance.now())
  }
  from.setNoDelay()
  from.on("data", (piece: Buffer) => {
    passed.pieces++
    waiting += piece.length
    if (waiting > streamBytesMax) from.pause()
    const isStall = chance() < faults.loss
    if (isStall) passed.stalls++
    later(
      () => {
        waiting -= piece.length
        if (waiting <= streamBytesMax) from.resume()
        if (!to.destroyed) to.write(piece)
      },
      isStall ? stallMs : 0
    )
  })
  from.on("end", () => later(() => to.end()))
  from.on("error", () => to.destroy())
  from.on("close", () => later(() => to.destroy()))
}
