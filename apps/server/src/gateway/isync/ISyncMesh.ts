/**
 * iSync's clients at this hub: who is registered, what each says, and what each is told. A client that does not read holds one packet, and
 * from there on gets the newest of each source. Time passes by `pass`; who calls that, and what becomes of the packets beside, is the gateway's business.
 */
import type { ClientHandler, ForeignClient } from "@syncline/transport-socketio/gateway"
import * as ISyncPacket from "./ISyncPacket.ts"
import { ISyncPackets } from "./ISyncPackets.ts"

export interface MeshOptions {
  /** Who this hub says that it is. */
  readonly nodeId: string
  /** Registered clients at a time. */
  readonly peersMax: number
  readonly nowMs: () => number
  /** Something came that `pass` will act on. */
  readonly onWork: () => void
  /** A client registered; it is to be replayed to in a second. */
  readonly onRegistered: (nodeId: string) => void
  readonly onIgnored: (reason: Ignored) => void
  /** A packet that a client sent counts now. */
  readonly onPacket: (packet: ISyncPacket.ISyncPacket) => void
}

/** Why something that came has no effect. */
export type Ignored = "malformed" | "unregistered" | "own-name" | "full" | "flood" | "event"

interface Peer {
  readonly nodeId: string
  readonly client: ForeignClient
  /** What it has not been sent, by source. */
  readonly pending: Map<string, ISyncPacket.ISyncPacket>
  isSending: boolean
}

/** Packets of one client that wait for the next pass; the newest stay. */
export const waitingMax = 4
/** Characters of an event that is no packet. */
const controlMax = 4_096
/** Between two replays to everybody that somebody asks for, in milliseconds. */
const replayMsMin = 1_000
/** Between two answers to the same event of one client, in milliseconds: answers must not pile up for who does not read them. */
const answerMsMin = 1_000

export class ISyncMesh {
  readonly packets = new ISyncPackets()
  readonly #options: MeshOptions
  readonly #peers = new Map<string, Peer>()
  /** Each connected client with the name under which it is registered. */
  readonly #clients = new Map<ForeignClient, string | undefined>()
  readonly #waiting = new Map<ForeignClient, Array<string>>()
  #replayedMs = Number.NEGATIVE_INFINITY

  constructor(options: MeshOptions) {
    this.#options = options
  }

  get peers(): number {
    return this.#peers.size
  }

  /** A client connected. */
  readonly onClient = (client: ForeignClient): ClientHandler => {
    this.#clients.set(client, undefined)
    client.send("node_info", JSON.stringify({ node_id: this.#options.nodeId }))
    const answers = { peer_handshake: this.#register, request_sync: this.#request }
    const answeredMs = new Map<string, number>()
    return {
      onEnd: () => this.#end(client),
      onEvent: (name, argument) => {
        if (name === "sync_data") return this.#hear(client, argument)
        if (name !== "peer_handshake" && name !== "request_sync") return this.#options.onIgnored("event")
        const nowMs = this.#options.nowMs()
        if (nowMs - (answeredMs.get(name) ?? Number.NEGATIVE_INFINITY) < answerMsMin) {
          return this.#options.onIgnored("flood")
        }
        answeredMs.set(name, nowMs)
        answers[name](client, argument)
      }
    }
  };

  /** Reads what came since the last pass, and relays what counts. Each step reads one packet, which may take tens of milliseconds. */
  *pass(): Generator<void> {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [client, texts] of waiting) {
      for (const text of texts) {
        const packet = ISyncPacket.read(text)
        if (packet === undefined) this.#options.onIgnored("malformed")
        else if (packet.source === this.#options.nodeId) this.#options.onIgnored("own-name")
        else if (this.packets.take(packet)) {
          this.#options.onPacket(packet)
          this.relay(packet, client)
        }
        yield
      }
    }
  }

  /** Tells every registered client but the packet's own. */
  relay(packet: ISyncPacket.ISyncPacket, from?: ForeignClient): void {
    for (const peer of this.#peers.values()) if (peer.client !== from) this.#tell(peer, packet)
  }

  /** Sends one client the last packet of every other source. */
  replay(nodeId: string): void {
    const peer = this.#peers.get(nodeId)
    if (peer !== undefined) for (const packet of this.packets.all) this.#tell(peer, packet)
  }

  /** The same for all. */
  replayToAll(): void {
    for (const nodeId of this.#peers.keys()) this.replay(nodeId)
  }

  /** The same because a stranger asks for it, where that was not done within the last second. */
  replayOnRequest(): void {
    const nowMs = this.#options.nowMs()
    if (nowMs - this.#replayedMs < replayMsMin) return
    this.#replayedMs = nowMs
    this.replayToAll()
  }

  /** Ends all connections. */
  close(): void {
    for (const client of this.#clients.keys()) client.close()
  }

  #tell(peer: Peer, packet: ISyncPacket.ISyncPacket): void {
    if (peer.nodeId === packet.source) return
    peer.pending.set(packet.source, packet)
    this.#send(peer)
  }

  #send(peer: Peer): void {
    const next = peer.isSending ? undefined : peer.pending.values().next().value
    if (next === undefined) return
    peer.pending.delete(next.source)
    peer.isSending = true
    peer.client.send("sync_data", next.text, () => {
      peer.isSending = false
      this.#send(peer)
    })
  }

  #hear(client: ForeignClient, text: string | undefined): void {
    if (this.#clients.get(client) === undefined) return this.#options.onIgnored("unregistered")
    if (text === undefined) return this.#options.onIgnored("malformed")
    const texts = this.#waiting.get(client) ?? []
    this.#waiting.set(client, texts)
    texts.push(text)
    if (texts.length > waitingMax) {
      texts.shift()
      this.#options.onIgnored("flood")
    }
    this.#options.onWork()
  }

  readonly #register = (client: ForeignClient, text = ""): void => {
    const value = text.length > controlMax ? undefined : ISyncPacket.parsed(text)
    const nodeId = value?.["node_id"]
    if (!ISyncPacket.isNodeId(nodeId)) return this.#options.onIgnored("malformed")
    if (nodeId === this.#options.nodeId) return this.#options.onIgnored("own-name")
    const before = this.#clients.get(client)
    if (before !== undefined && before !== nodeId) this.#leave(client, before)
    const isRoom = this.#peers.has(nodeId) || this.#peers.size < this.#options.peersMax
    const status = isRoom ? "accepted" : "rejected"
    client.send("handshake_response", JSON.stringify({ node_id: this.#options.nodeId, status }))
    if (!isRoom) return this.#options.onIgnored("full")
    // Whoever comes again takes its place over: the connection before may be one that nobody has noticed to be dead.
    const known = this.#peers.get(nodeId)
    if (known !== undefined && known.client !== client) this.#leave(known.client, nodeId)
    if (known?.client !== client) this.#peers.set(nodeId, { nodeId, client, pending: new Map(), isSending: false })
    this.#clients.set(client, nodeId)
    this.#options.onRegistered(nodeId)
  }

  #leave(client: ForeignClient, nodeId: string): void {
    this.#peers.delete(nodeId)
    if (this.#clients.has(client)) this.#clients.set(client, undefined)
  }

  readonly #request = (client: ForeignClient, text: string | undefined): void => {
    const own = this.#clients.get(client)
    if (own === undefined) return this.#options.onIgnored("unregistered")
    const target =
      text === undefined || text.length > controlMax ? undefined : ISyncPacket.parsed(text)?.["target_peer"]
    this.replay(typeof target === "string" ? target : own)
  }

  #end(client: ForeignClient): void {
    const nodeId = this.#clients.get(client)
    if (nodeId !== undefined) this.#leave(client, nodeId)
    this.#clients.delete(client)
    this.#waiting.delete(client)
  }
}
