/**
 * What is tried in the laboratory, each with its figures and their limits. Every scenario begins with devices of its own and leaves no
 * program behind that its caller does not end.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { idOf } from "../soak/Notes.ts"
import type { Seen } from "./deviceMain.ts"
import type { Device, Hash, Laboratory } from "./Laboratory.ts"
import { publicHost } from "./Network.ts"

export interface Scenario {
  readonly name: string
  readonly run: (lab: Laboratory) => Promise<void>
}

const publicTcp = `/ip4/${publicHost}/tcp/4001`
const lanSecondsMax = 5
const farSecondsMax = 30
const upgradeSecondsMax = 60
const backSecondsMax = 60
const convergedSecondsMax = 5
const badLineSecondsMax = 60
/** Bytes that a device's heap may grow with each restart of its relay, by the slope through all. */
const heapGrowthMax = 64 * 1024
/** Restarts before the heap counts: until then what each one needs is made for the first time. */
const warmUpRestarts = 4
/** How much longer than its limit something is waited for, so that a miss has a figure. */
const patience = 3

const isSynced = ({ path, state }: Seen): boolean => state === "synced" && path !== undefined

/** Two devices that trust each other. */
const pair = async (lab: Laboratory, first: Parameters<Laboratory["device"]>[0], second: typeof first) => {
  const one = await lab.device(first)
  const other = await lab.device(second)
  return [one, other] as const
}

/** Two devices of one network, which has no way out, find each other. */
const lan = (hasRouter: boolean): Scenario => ({
  name: hasRouter ? "lan" : "lan-alone",
  run: async (lab) => {
    const [one, other] = await pair(lab, "a1", "a2")
    if (!hasRouter) for (const machine of ["a1", "a2"] as const) lab.network.isolate(machine)
    try {
      await lab.open(one, { trusted: [other.peer], relays: [], lan: true })
      await one.machine.call("write", { from: 0, count: 100 })
      await lab.open(other, { trusted: [one.peer], relays: [], lan: true })
      const { seconds, seen } = await lab.until(other, one, isSynced, patience * lanSecondsMax * 1000)
      const where = hasRouter ? "" : ", without a router"
      lab.figure(`found in the local network by mDNS and in step${where}`, seconds, "s", lanSecondsMax)
      lab.check(`the path is lan (${seen?.path})`, seen?.path === "lan")
    } finally {
      if (!hasRouter) for (const machine of ["a1", "a2"] as const) lab.network.rejoin(machine)
    }
  }
})

/** Opens two devices behind NAT that have the relay, and waits until they are in step. */
const farPair = async (lab: Laboratory): Promise<readonly [Device, Device]> => {
  const relays = await lab.startRelay()
  const [one, other] = await pair(lab, "a1", "b1")
  await lab.open(one, { trusted: [other.peer], relays, lan: true })
  await one.machine.call("write", { from: 0, count: 1_000 })
  await lab.open(other, { trusted: [one.peer], relays, lan: true })
  const { seconds, seen } = await lab.until(other, one, isSynced, patience * farSecondsMax * 1000)
  lab.figure("found by its id behind another NAT and in step", seconds, "s", farSecondsMax)
  lab.check(`the path is relayed or better (${seen?.path})`, seen?.path === "relayed" || seen?.path === "direct")
  return [one, other]
}

const far: Scenario = {
  name: "far",
  run: async (lab) => {
    const [one, other] = await farPair(lab)
    lab.check("1,000 records came through the relay", (await lab.arrived(other, idOf(999), 10_000)) < 10)
    const hashes = await Promise.all([one, other].map(({ machine }) => machine.call("hash")))
    lab.check("both have the same", hashes[0]?.hash === hashes[1]?.hash)
  }
}

/** A device with a public address is reached directly, whether it names that address or the relay has confirmed it. */
const direct: Scenario = {
  name: "direct",
  run: async (lab) => {
    for (const [how, listen] of [
      ["named", [publicTcp]],
      ["confirmed by the relay", undefined]
    ] as const) {
      const [home, open] = await publicPair(lab, listen)
      const met = await lab.until(home, open, isSynced, patience * farSecondsMax * 1000)
      lab.figure(`a device with a public address, ${how}, is found and in step`, met.seconds, "s", farSecondsMax)
      const better = await lab.until(home, open, isDirect, patience * upgradeSecondsMax * 1000)
      lab.figure(`and directly, after ${met.seen?.path}`, better.seconds, "s", upgradeSecondsMax)
      await lab.endAll()
    }
  }
}

/** A link through the relay makes way for a direct one once there is a direct way, and that one stays. */
const upgrade: Scenario = {
  name: "upgrade",
  run: async (lab) => {
    lab.network.bar("gwa", publicHost, true)
    try {
      const [home, open] = await publicPair(lab, [publicTcp])
      const met = await lab.until(home, open, isSynced, patience * farSecondsMax * 1000)
      lab.figure("a device that cannot be reached directly is found and in step", met.seconds, "s", farSecondsMax)
      lab.check(`the path is relayed (${met.seen?.path})`, met.seen?.path === "relayed")
      await sleep(lab.isQuick ? 5_000 : 30_000)
      lab.network.bar("gwa", publicHost, false)
      const better = await lab.until(home, open, isDirect, patience * upgradeSecondsMax * 1000)
      lab.figure("the link is direct after the way was opened", better.seconds, "s", upgradeSecondsMax)
      await open.machine.call("write", { from: 5_000, count: 1_000 })
      lab.check("1,000 records came by it", (await lab.arrived(home, idOf(5_999), 10_000)) < 10)
      await sleep(10_000)
      const after = await home.machine.call("see", { peer: open.peer })
      const isSame = after !== undefined && isDirect(after) && after.linked === better.seen?.linked
      lab.check(`ten seconds later it is the same link (${after?.path})`, isSame)
    } finally {
      lab.network.bar("gwa", publicHost, false)
    }
  }
}

/** Opens a device behind NAT and one with a public address, that trust each other and have the relay. */
const publicPair = async (
  lab: Laboratory,
  listen: ReadonlyArray<string> | undefined
): Promise<readonly [Device, Device]> => {
  const relays = await lab.startRelay()
  const [home, open] = await pair(lab, "a1", "public")
  await lab.open(open, { trusted: [home.peer], relays, ...(listen !== undefined && { listen }), lan: false })
  await lab.open(home, { trusted: [open.peer], relays, lan: false })
  return [home, open]
}

const isDirect = (seen: Seen): boolean => isSynced(seen) && seen.path === "direct"

/** Everything comes to the relay, and from there, by a bad line. */
const badLine: Scenario = {
  name: "bad-line",
  run: async (lab) => {
    const count = lab.isQuick ? 1_000 : 5_000
    for (const [kind, part] of [
      ["QUIC", "/udp/"],
      ["TCP", "/tcp/"]
    ] as const) {
      const { line, relays } = await lab.startBadRelay({ delayMs: 100, jitterMs: 20, loss: 0.02, seed: 1 })
      const over = relays.filter((address) => address.includes(part))
      const [one, other] = await pair(lab, "a1", "b1")
      await lab.open(one, { trusted: [other.peer], relays: over, lan: false })
      await lab.open(other, { trusted: [one.peer], relays: over, lan: false })
      const met = await lab.until(other, one, isSynced, patience * farSecondsMax * 1000)
      lab.figure(`over ${kind} with 100 ms and 2 % loss, found and in step`, met.seconds, "s", farSecondsMax)
      const wroteAtMs = performance.now()
      await Promise.all([
        one.machine.call("write", { from: 100_000, count }),
        other.machine.call("write", { from: 200_000, count })
      ])
      const patienceMs = patience * badLineSecondsMax * 1000
      await lab.arrived(one, idOf(200_000 + count - 1), patienceMs)
      await lab.arrived(other, idOf(100_000 + count - 1), patienceMs)
      const seconds = (performance.now() - wroteAtMs) / 1000
      lab.figure(`${count} writes on both sides arrived`, seconds, "s", badLineSecondsMax)
      const hashes = await lab.hashes([one, other], 2 * count)
      lab.check(`lost: ${hashes.map((hash) => 2 * count - hash.count).join(" and ")}`, areAlike(hashes, 2 * count))
      lab.say(`       the line: ${JSON.stringify(await line.call("passed"))}`)
      await lab.endAll()
    }
  }
}

/** All have so many records, and the same. */
const areAlike = (hashes: ReadonlyArray<Hash>, count: number): boolean =>
  hashes.every((hash) => hash.count === count && hash.hash === hashes[0]?.hash)

const restarts: Scenario = {
  name: "restarts",
  run: async (lab) => {
    const [one, other] = await farPair(lab)
    const heaps: Array<ReadonlyArray<number>> = []
    const times = lab.isQuick ? 3 : 20
    let longest = 0
    for (let restart = 0; restart < times; restart++) {
      await lab.crashRelay()
      const from = 10_000 + restart
      await one.machine.call("write", { from, count: 1 })
      await lab.startRelay()
      const seconds = await lab.arrived(other, idOf(from), patience * backSecondsMax * 1000)
      longest = Math.max(longest, seconds)
      heaps.push(await Promise.all([one, other].map(({ machine }) => machine.call("heap"))))
      const mebibytes = heaps.at(-1)!.map((bytes) => (bytes / 2 ** 20).toFixed(2))
      lab.say(`       restart ${restart + 1}: back after ${seconds.toFixed(1)} s; heaps ${mebibytes.join(", ")} MiB`)
    }
    lab.figure(`the way through the relay is back, the longest of ${times}`, longest, "s", backSecondsMax)
    if (lab.isQuick) return
    for (const [index, name] of ["dialler", "dialled"].entries()) {
      const slope = slopeOf(heaps.slice(warmUpRestarts).map((both) => both[index]!)) / 1024
      lab.figure(`heap of the ${name} for each restart`, slope, "KiB", heapGrowthMax / 1024)
    }
  }
}

/** The slope of a line through values one step apart: the median of those between any two, so that no single value counts much. */
const slopeOf = (values: ReadonlyArray<number>): number => {
  const slopes = values.flatMap((value, at) =>
    values.slice(at + 1).map((later, between) => (later - value) / (between + 1))
  )
  return slopes.toSorted((one, other) => one - other)[Math.floor(slopes.length / 2)] ?? 0
}

const outage: Scenario = {
  name: "outage",
  run: async (lab) => {
    const [one, other] = await farPair(lab)
    const count = lab.isQuick ? 500 : 10_000
    const downMs = lab.isQuick ? 15_000 : 60_000
    lab.network.cut("gwa", true)
    const downAtMs = performance.now()
    await Promise.all([
      one.machine.call("write", { from: 100_000, count }),
      other.machine.call("write", { from: 200_000, count })
    ])
    await sleep(Math.max(0, downMs - (performance.now() - downAtMs)))
    const downSeconds = (performance.now() - downAtMs) / 1000
    const healedAtMs = Date.now()
    lab.network.cut("gwa", false)
    const isBack = (seen: Seen): boolean => isSynced(seen) && (seen.provenAtMs ?? 0) > healedAtMs
    const [here, there] = await Promise.all([
      lab.until(one, other, isBack, 120_000),
      lab.until(other, one, isBack, 120_000)
    ])
    const provenMs = Math.max(here.seen?.provenAtMs ?? 0, there.seen?.provenAtMs ?? 0)
    const seconds = Number.isFinite(here.seconds + there.seconds) ? (provenMs - healedAtMs) / 1000 : Infinity
    const linkedSeconds = [here, there].map(({ seen }) => (((seen?.linkedAtMs ?? 0) - healedAtMs) / 1000).toFixed(1))
    lab.say(`       the last links began ${linkedSeconds.join(" and ")} s after healing`)
    const name = `converged after ${downSeconds.toFixed(0)} s without a network and ${count} writes on both sides`
    lab.figure(name, seconds, "s", convergedSecondsMax)
    const expected = 1_000 + 2 * count
    const hashes = await lab.hashes([one, other], expected)
    lab.check(`lost: ${hashes.map((hash) => expected - hash.count).join(" and ")}`, areAlike(hashes, expected))
  }
}

export const scenarios: ReadonlyArray<Scenario> = [
  lan(true),
  lan(false),
  far,
  direct,
  upgrade,
  badLine,
  restarts,
  outage
]
