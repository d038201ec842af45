/**
 * What the scenarios work with: machines that run programs in the laboratory's networks, waits with an end, and the figures that came
 * out beside their limits. It knows no scenario.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as Host from "../Machine.ts"
import type { OpenInput, Seen } from "./deviceMain.ts"
import type { Faults } from "./FaultProxy.ts"
import { LabMachine } from "./LabMachine.ts"
import { type Machine, type Network, relayHost } from "./Network.ts"

const lookEveryMs = 100
/** How long records of other writers may be behind the last one, in milliseconds. */
const hashMsMax = 10_000
const relaySeed = 9
const relayAt = (host: string, port: number) => [`/ip4/${host}/udp/${port}/quic-v1`, `/ip4/${host}/tcp/${port}`]
const relayPort = 4001
/** Where the relay is behind a bad line. */
const badPort = 4101

/** The records of a device, and one hash over all of them. */
export interface Hash {
  readonly count: number
  readonly hash: string
}

/** A device on a machine, with whom it trusts. */
export interface Device {
  readonly machine: LabMachine
  readonly folder: string
  readonly peer: string
}

export class Laboratory {
  readonly network: Network
  readonly isQuick: boolean
  readonly #root = mkdtempSync(join(tmpdir(), "syncline-netlab-"))
  readonly #running = new Set<LabMachine>()
  #folders = 0
  #relay: LabMachine | undefined
  missed = 0

  constructor(network: Network, isQuick: boolean) {
    this.network = network
    this.isQuick = isQuick
  }

  say(line: string): void {
    console.log(`${new Date().toISOString().slice(11, 19)} ${line}`)
  }

  /** Tells a figure, and counts it as missed beyond the limit. */
  figure(name: string, value: number, unit: string, atMost: number): void {
    const isMet = value <= atMost
    if (!isMet) this.missed++
    const verdict = isMet ? "ok    " : "MISSED"
    this.say(`${verdict} ${name}: ${value.toFixed(1)} ${unit}, at most ${atMost}; load ${Host.facts().load}`)
  }

  /** Tells whether something is as it must be. */
  check(name: string, isSo: boolean): void {
    if (!isSo) this.missed++
    this.say(`${isSo ? "ok    " : "MISSED"} ${name}`)
  }

  /** A new device with a key of its own, closed. */
  async device(on: Machine): Promise<Device> {
    const machine = this.#start(on)
    const folder = join(this.#root, `${on}-${this.#folders++}`)
    return { machine, folder, peer: await machine.call("settle", { folder }) }
  }

  open({ folder, machine }: Device, options: Omit<OpenInput, "folder">): Promise<void> {
    return machine.call("open", { folder, ...options })
  }

  /** Starts the relay machine, always with the same key; gives its addresses. */
  async startRelay(): Promise<ReadonlyArray<string>> {
    this.#relay = this.#start("relay")
    return this.#relay.call("relay", { seed: relaySeed, listen: relayAt(relayHost, relayPort), announce: [] })
  }

  /** Starts the relay machine so that all goes through a bad line; gives its addresses and who counts what passes. */
  async startBadRelay(faults: Faults): Promise<{ readonly relays: ReadonlyArray<string>; readonly line: LabMachine }> {
    const line = this.#start("relay")
    await line.call("faults", { ...faults, host: relayHost, port: badPort, targetPort: relayPort })
    this.#relay = this.#start("relay")
    const listen = relayAt("127.0.0.1", relayPort)
    const relays = await this.#relay.call("relay", { seed: relaySeed, listen, announce: relayAt(relayHost, badPort) })
    return { relays: relays.filter((address) => address.includes(`/${badPort}/`)), line }
  }

  /** Ends the relay as a crash would. */
  async crashRelay(): Promise<void> {
    await this.#relay?.crash()
    if (this.#relay !== undefined) this.#running.delete(this.#relay)
  }

  /** Waits until one device says of another what is wanted. Gives what was said in the end, also when it took too long. */
  async until(from: Device, to: Device, isSo: (seen: Seen) => boolean, msMax: number): Promise<Waited> {
    const beganMs = performance.now()
    for (;;) {
      const seen = await from.machine.call("see", { peer: to.peer })
      const ms = performance.now() - beganMs
      if (seen !== undefined && isSo(seen)) return { seconds: ms / 1000, seen }
      if (ms > msMax) {
        this.say(`waited in vain; last seen: ${JSON.stringify(seen)}`)
        return { seconds: Number.POSITIVE_INFINITY, seen }
      }
      await sleep(lookEveryMs)
    }
  }

  /** Seconds until a device has a note. */
  async arrived({ machine }: Device, id: string, msMax: number): Promise<number> {
    const beganMs = performance.now()
    while (!(await machine.call("has", { id }))) {
      if (performance.now() - beganMs > msMax) return Number.POSITIVE_INFINITY
      await sleep(lookEveryMs)
    }
    return (performance.now() - beganMs) / 1000
  }

  /** What devices have; waits a while until each has so many records. */
  async hashes(devices: ReadonlyArray<Device>, count: number): Promise<ReadonlyArray<Hash>> {
    const beganMs = performance.now()
    for (;;) {
      const hashes = await Promise.all(devices.map(({ machine }) => machine.call("hash")))
      const isOver = hashes.every((hash) => hash.count === count) || performance.now() - beganMs > hashMsMax
      if (isOver) return hashes
      await sleep(lookEveryMs)
    }
  }

  /** Ends every program; the networks and folders stay. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#running].map((machine) => machine.end()))
    this.#running.clear()
  }

  /** Ends everything and removes the folders. */
  async close(): Promise<void> {
    await this.endAll()
    rmSync(this.#root, { recursive: true, force: true })
  }

  #start(on: Machine): LabMachine {
    const machine = new LabMachine(this.network, on)
    this.#running.add(machine)
    return machine
  }
}

export interface Waited {
  readonly seconds: number
  readonly seen: Seen | undefined
}
