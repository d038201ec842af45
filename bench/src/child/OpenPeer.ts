/**
 * The one Syncline device that a measuring process has open: `createNode` with the personal policy and Socket.IO, as an
 * application would have it, or with that of a team. What is done with it is the jobs' business.
 */
import type { Transport } from "@syncline/core"
import { createNode, type EventOf, type SynclineNode } from "@syncline/node"
import * as Policy from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import * as Cities from "../Cities.ts"

export type Peer = SynclineNode<{ readonly city: typeof Cities.City; readonly place: typeof Cities.Place }>

export interface OpenOptions {
  readonly folder: string
  readonly space: string
  readonly trusted: ReadonlyArray<string>
  /** The hub whose charter says who may do what, instead of the trusted peers. */
  readonly introducer?: string
  /** Whether it can be dialled, on loopback and a port that the system chooses. */
  readonly listens?: boolean
  /** A folder that is its only road. */
  readonly mailbox?: string
  /** How it meets other devices; Socket.IO by itself. */
  readonly road?: Road
}

/** From device to device: by Socket.IO, or by libp2p over one of its transports. */
export type Road = "Socket.IO" | "TCP" | "QUIC"

interface OpenedPeer {
  readonly peer: Peer
  readonly folder: string
}

let open: OpenedPeer | undefined

/** The device; fails when none is open. */
export const opened = (): OpenedPeer => {
  if (open === undefined) throw new Error("no device is open in this process")
  return open
}

export const openPeer = async (options: OpenOptions): Promise<Peer> => {
  const { folder, introducer, listens = false, mailbox, road = "Socket.IO", space, trusted } = options
  const peer = await createNode({
    space,
    store: folder,
    entities: { city: Cities.City, place: Cities.Place },
    // An older state that is measured beside this one may have no second policy.
    policy: introducer === undefined ? Policy.personal({ trusted }) : Policy.enterprise({ introducer }),
    transports: [await transportOf(road, listens)],
    ...(mailbox !== undefined && { mailboxes: [await mailboxIn(mailbox)] })
  })
  open = { peer, folder }
  return peer
}

const transportOf = async (road: Road, listens: boolean): Promise<Transport.TransportPlugin> => {
  if (road === "Socket.IO") return listens ? socketIo({ server: { port: 0 } }) : socketIo()
  // An older state that is measured beside this one has no such package.
  const { libp2p } = await import("@syncline/transport-libp2p")
  return libp2p({ listen: listens ? [loopback[road]] : [], lan: false, relays: "disabled" })
}

/** Where libp2p listens, on a port that the system chooses. */
export const loopback = { TCP: "/ip4/127.0.0.1/tcp/0", QUIC: "/ip4/127.0.0.1/udp/0/quic-v1" } as const

/** An older state that is measured beside this one has no such package. */
const mailboxIn = async (path: string) => {
  const { folder } = await import("@syncline/transport-fsfolder")
  return folder({ path })
}

export const closePeer = async (): Promise<void> => {
  await opened().peer.close()
  open = undefined
}

/** The next `SyncCompleted`, which is a proof that both sides are equal; one that takes longer counts as failed. */
export const nextProof = (peer: Peer, msMax: number): Promise<EventOf<"SyncCompleted">> =>
  new Promise((resolve, reject) => {
    const off = peer.on("SyncCompleted", (event) => {
      clearTimeout(timer)
      off()
      resolve(event)
    })
    const giveUp = async (): Promise<void> => {
      off()
      throw new Error(`no proof within ${msMax} ms; the device says ${JSON.stringify(await peer.status())}`)
    }
    const timer = setTimeout(() => void giveUp().catch(reject), msMax)
  })
