/**
 * Finds peers in the local networks, and is found there, by multicast DNS on every IPv4 interface. Questions and answers are those
 * of libp2p's own mDNS, which speaks on the interface of the default route alone: devices at a switch have none, and with a tunnel
 * it leads elsewhere. It notes where they say that they are, the last answer only: the library would keep all that anybody ever says of a
 * peer. It dials nobody, and what somebody says of a peer is for the dial to prove.
 */
import {
  type PeerDiscovery,
  type PeerDiscoveryEvents,
  type PeerId,
  type PeerInfo,
  type PeerStore,
  type Startable,
  TypedEventEmitter
} from "@libp2p/interface"
import type { AddressManager } from "@libp2p/interface-internal"
import { peerIdFromString } from "@libp2p/peer-id"
import { isPrivate } from "@libp2p/utils"
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr"
import multicastDns from "multicast-dns"
import { randomBytes } from "node:crypto"
import { networkInterfaces } from "node:os"

/** How often it is looked which interfaces there are, in milliseconds. */
const lookMs = 2_000
/** How often is asked, in milliseconds. */
const askMs = 10_000
/** Interfaces that are used; a machine with more has most of them for virtual machines. */
const interfacesMax = 16
/** How long an answer is good, in seconds. */
const answerSeconds = 120
/** Bytes that fit into a text of DNS; RFC 6763, 6.1. */
const textBytesMax = 255
/** Addresses of one answer that are read. */
const addressesMax = 32
/** Answers that are read in a second; the others come again. */
const answersPerSecondMax = 256
const group = "224.0.0.251"
const port = 5353
const textPrefix = "dnsaddr="

export interface LanDiscoveryOptions {
  /** The name under which devices look for each other. */
  readonly serviceTag: string
  /** Answers who asks. */
  readonly broadcast: boolean
  /** Whether somebody is to be told of, and noted, at all. */
  readonly wants: (peer: PeerId) => Promise<boolean>
}

interface Components {
  readonly addressManager: AddressManager
  readonly peerStore: Pick<PeerStore, "get" | "patch">
}

type Speaker = multicastDns.MulticastDNS

/** The part of a libp2p node. */
export const mdns =
  (options: LanDiscoveryOptions) =>
  (components: Components): PeerDiscovery =>
    new LanDiscovery(options, components)

class LanDiscovery extends TypedEventEmitter<PeerDiscoveryEvents> implements PeerDiscovery, Startable {
  readonly [Symbol.toStringTag] = "@syncline/lan-discovery"
  readonly #options: LanDiscoveryOptions
  readonly #addresses: AddressManager
  readonly #peers: Components["peerStore"]
  /** A name that says nothing of the device. */
  readonly #name = randomBytes(16).toString("hex")
  /** One for each interface, by its address. */
  readonly #speakers = new Map<string, Speaker>()
  #timers: ReadonlyArray<NodeJS.Timeout> = []
  /** Answers that came in this second of the process's own clock. */
  #answers = 0
  #second = 0

  constructor(options: LanDiscoveryOptions, { addressManager, peerStore }: Components) {
    super()
    this.#options = options
    this.#addresses = addressManager
    this.#peers = peerStore
  }

  start(): void {
    this.#look()
    this.#timers = [
      setInterval(() => this.#look(), lookMs),
      setInterval(() => this.#speakers.forEach((speaker) => this.#ask(speaker)), askMs)
    ]
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    const ended = [...this.#speakers.values()].map((speaker) => new Promise<void>((done) => speaker.destroy(done)))
    this.#speakers.clear()
    await Promise.all(ended)
  }

  /** Takes up interfaces that came, and lets go of those that went. */
  #look(): void {
    const found = interfaceAddresses()
    for (const [address, speaker] of this.#speakers) {
      if (found.includes(address)) continue
      this.#speakers.delete(address)
      speaker.destroy()
    }
    for (const address of found) {
      if (this.#speakers.has(address)) continue
      const speaker = multicastDns({ port, ip: group, interface: address, bind: "0.0.0.0" })
      this.#speakers.set(address, speaker)
      speaker.on("query", ({ questions }) => {
        if (questions?.some(({ name }) => name === this.#options.serviceTag) === true) this.#answer(speaker)
      })
      speaker.on("response", ({ additionals, answers }) => this.#hear([...(answers ?? []), ...(additionals ?? [])]))
      // An interface on which nothing can be said is one on which nobody is found.
      speaker.on("error", () => {})
      speaker.on("warning", () => {})
      this.#ask(speaker)
    }
  }

  #ask(speaker: Speaker): void {
    speaker.query({ questions: [{ name: this.#options.serviceTag, type: "PTR" }] })
  }

  #answer(speaker: Speaker): void {
    if (!this.#options.broadcast) return
    const { serviceTag } = this.#options
    const name = `${this.#name}.${serviceTag}`
    const texts = this.#addresses
      .getAddresses()
      // Others are not reached in a local network.
      .filter((address) => isPrivate(address))
      .map((address) => `${textPrefix}${address.toString()}`)
      .filter((text) => Buffer.byteLength(text) <= textBytesMax)
    if (texts.length === 0) return
    speaker.respond([
      { name: serviceTag, type: "PTR", class: "IN", ttl: answerSeconds, data: name },
      ...texts.map((data) => ({ name, type: "TXT", class: "IN", ttl: answerSeconds, data }) as const)
    ])
  }

  #hear(records: ReadonlyArray<{ readonly type: string; readonly name: string; readonly data?: unknown }>): void {
    const isOurs = records.some(({ name, type }) => type === "PTR" && name === this.#options.serviceTag)
    const isOwn = records.some(({ name }) => name.startsWith(this.#name))
    if (!isOurs || isOwn || !this.#hasRoom()) return
    const texts = records.filter(({ type }) => type === "TXT").flatMap(({ data }) => data)
    const found = peerOf(texts.slice(0, addressesMax))
    if (found !== undefined) void this.#tell(found)
  }

  /** Counts an answer; false where too many came in this second. */
  #hasRoom(): boolean {
    const second = Math.floor(performance.now() / 1_000)
    if (second !== this.#second) [this.#second, this.#answers] = [second, 0]
    return ++this.#answers <= answersPerSecondMax
  }

  /** Tells of a peer once a dial knows where it is: there, and where it has said under its signature. */
  async #tell(found: PeerInfo): Promise<void> {
    const { id, multiaddrs } = found
    try {
      if (!(await this.#options.wants(id))) return
      const known = await this.#peers.get(id).then(
        ({ addresses }) => addresses.filter(({ isCertified }) => isCertified),
        () => []
      )
      const said = multiaddrs.map((address) => ({ multiaddr: address, isCertified: false }))
      await this.#peers.patch(id, { addresses: [...said, ...known] })
      this.safeDispatchEvent("peer", { detail: found })
    } catch {
      // The node has ended.
    }
  }
}

/** The peer that texts of DNS name, and where it says that it is; nothing where they cannot be read. */
const peerOf = (texts: ReadonlyArray<unknown>): PeerInfo | undefined => {
  try {
    const addresses: ReadonlyArray<Multiaddr> = texts
      .map(String)
      .filter((text) => text.startsWith(textPrefix))
      .map((text) => multiaddr(text.slice(textPrefix.length)))
    const named = addresses[0]?.getComponents().at(-1)
    if (named?.name !== "p2p" || named.value === undefined) return undefined
    const end = `/p2p/${named.value}`
    // One answer is of one peer.
    const own = addresses.filter((address) => address.toString().endsWith(end))
    return { id: peerIdFromString(named.value), multiaddrs: own.map((address) => address.decapsulate(end)) }
  } catch {
    return undefined
  }
}

/** One IPv4 address of each interface that is up. */
const interfaceAddresses = (): ReadonlyArray<string> =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses?.find(({ family }) => family === "IPv4")?.address ?? [])
    .slice(0, interfacesMax)
