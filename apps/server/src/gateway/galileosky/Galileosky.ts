/**
 * The gateway for Galileosky's own clients: phones that sync their records with one another find the hub as one more phone, and its
 * mobile sync client finds a service. The hub keeps every record as an entity, also of those that share a key, and sends each client what it lacks.
 */
import { createHash } from "node:crypto"
import type { Worker } from "node:worker_threads"
import { DeviceKey } from "@syncline/core"
import { Effect } from "effect"
import type { FastifyInstance } from "fastify"
import type { Gateway, GatewayHost } from "../Gateway.ts"
import { type GalileoskyHub, takeBytes } from "./GalileoskyHub.ts"
import { GalileoskyListeners } from "./GalileoskyListeners.ts"
import * as GalileoskyStore from "./GalileoskyStore.ts"
import * as PeerDialer from "./PeerDialer.ts"
import { addPageRoutes, addPeerRoutes } from "./PeerRoutes.ts"
import { addSyncRoutes } from "./SyncRoutes.ts"

/** As long as the clients wait. */
const answerMsMax = 30_000

export interface GalileoskyOptions {
  readonly bodyBytesMax: number
  /** Whether a client may clear everything. */
  readonly mayClear: boolean
  /** Origins of devices that the hub calls when a client asks for it. */
  readonly peers: ReadonlyArray<string>
  /** Origins whose pages may call. */
  readonly pages: ReadonlyArray<string>
  /** Starts the records' thread, where that is not done as usual. */
  readonly start?: () => Worker
}

export const make = (options: GalileoskyOptions): Gateway => {
  const gateway: Gateway = {
    name: "galileosky",
    warning: options.mayClear
      ? "nobody signs in: whoever reaches the hub reads, adds and clears all records"
      : "nobody signs in: whoever reaches the hub reads all records and adds to them",
    bodyBytesMax: options.bodyBytesMax,
    answerMsMax,
    pages: options.pages,
    refuse: (reply, status, words) => reply.code(status).send({ error: words }),
    open: (host) => open(gateway, host, options)
  }
  return gateway
}

const open = Effect.fnUntraced(function* (gateway: Gateway, host: GatewayHost, options: GalileoskyOptions) {
  const { bodyBytesMax, mayClear, peers, start } = options
  const deviceId = `syncline-${hashOf((yield* DeviceKey.DeviceKey).peer)}`
  const listeners = new GalileoskyListeners(host.whyClosed)
  const store: GalileoskyStore.GalileoskyStore = yield* GalileoskyStore.make(
    (newRecords) => listeners.tell({ deviceId, newRecords, totalRecords: store.figures().records }),
    start
  )
  const hub: GalileoskyHub = { gateway, host, store, listeners, deviceId, isServer: true, lastSync: null }
  const dialer = PeerDialer.make(hub, peers, bodyBytesMax)
  const addRoutes = (app: FastifyInstance): void => {
    takeBytes(app, bodyBytesMax)
    addPeerRoutes(app, hub)
    addPageRoutes(app, hub, dialer)
    addSyncRoutes(app, hub, mayClear)
  }
  return { addRoutes, onClient: listeners.onClient }
})

/** The same for good. */
const hashOf = (peer: string): string =>
  createHash("sha256").update(`galileosky\n${peer}`, "utf8").digest("hex").slice(0, 8)
