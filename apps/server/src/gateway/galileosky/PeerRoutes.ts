/** `/peer/*`, what one of Galileosky's phones asks another one, and `/api/peer/*`, what its own pages ask. How records are kept is the store's business. */
import { Effect } from "effect"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import * as AnswerText from "./AnswerText.ts"
import { addRoute, type Answering, everyMethod, exportParts, fieldsOf, type GalileoskyHub } from "./GalileoskyHub.ts"
import { keeping, nowText, sendExport, sendStream } from "./GalileoskyHub.ts"
import type { Kept } from "./GalileoskyStore.ts"
import type { PeerDialer } from "./PeerDialer.ts"

export const addPeerRoutes = (app: FastifyInstance, hub: GalileoskyHub): void => {
  const { gateway, store } = hub
  const unknown: Answering = (_, reply) => Effect.succeed(gateway.refuse(reply, 404, "Peer endpoint not found"))
  const status: Answering = (_, reply) =>
    Effect.map(nowText, (timestamp) => {
      const { devices, lastImei, records } = store.figures()
      return reply.send({
        deviceId: hub.deviceId,
        isServerMode: hub.isServer,
        totalRecords: records,
        totalDevices: devices,
        lastIMEI: lastImei,
        lastSyncTime: hub.lastSync,
        timestamp
      })
    })
  addRoute(app, hub, everyMethod, "/peer/status", status)
  addRoute(app, hub, everyMethod, "/peer/export", (_, reply) => sendExport(hub, reply))
  addRoute(
    app,
    hub,
    ["POST"],
    "/peer/import",
    keeping(hub, { field: "records", needs: [] }, "Invalid import data", sendImported)
  )
  addRoute(
    app,
    hub,
    ["POST"],
    "/peer/sync",
    keeping(hub, { field: "records", needs: [] }, "Sync failed", sendSynced(hub))
  )
  addRoute(app, hub, everyMethod, "/peer/*", unknown)
}

const sendImported = ({ newRecords, totalRecords }: Kept, reply: FastifyReply) =>
  Effect.succeed(
    reply.send({
      success: true,
      newRecords,
      totalRecords,
      message: `Imported ${newRecords} new records from peer`
    })
  )

const sendSynced =
  (hub: GalileoskyHub) =>
  ({ newRecords, receipt, totalRecords }: Kept, reply: FastifyReply) =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        const answer = yield* hub.store.answer(receipt)
        const [before, behind] = yield* exportParts(hub)
        const facts = AnswerText.factsText({
          syncResult: { newRecords, totalRecords },
          message: `Sync complete: ${newRecords} new records added`
        })
        return sendStream(reply, answer, `{"success":true,"peerData":${before}`, `${behind},${facts}}`)
      })
    )

export const addPageRoutes = (app: FastifyInstance, hub: GalileoskyHub, dialer: PeerDialer): void => {
  const { gateway, store } = hub
  const refuse = (reply: FastifyReply, status: number, words: string) =>
    Effect.succeed(gateway.refuse(reply, status, words))
  addRoute(app, hub, ["GET"], "/api/peer/status", (request, reply) => {
    const { devices, lastImei, records } = store.figures()
    return Effect.succeed(
      reply.send({
        ...ownFacts(hub, request),
        isServerMode: hub.isServer,
        lastSyncTime: hub.lastSync,
        syncInProgress: dialer.isUnderWay(),
        totalRecords: records,
        totalDevices: devices,
        lastIMEI: lastImei
      })
    )
  })
  addRoute(app, hub, ["GET"], "/api/peer/discovery", (request, reply) =>
    Effect.map(nowText, (timestamp) => {
      const { devices, records } = store.figures()
      return reply.send({
        ...ownFacts(hub, request),
        connectionUrl: `${request.protocol}://${request.host}/peer/sync`,
        isServerMode: hub.isServer,
        totalRecords: records,
        totalDevices: devices,
        timestamp
      })
    })
  )
  addRoute(app, hub, ["POST"], "/api/peer/start", (request, reply) => {
    hub.isServer = true
    const message = "Peer server started successfully"
    return Effect.succeed(reply.send({ success: true, ...ownFacts(hub, request), message }))
  })
  addRoute(app, hub, ["POST"], "/api/peer/stop", (_, reply) => {
    hub.isServer = false
    return Effect.succeed(reply.send({ success: true, message: "Peer server stopped" }))
  })
  addRoute(app, hub, ["GET"], "/api/peer/export", (_, reply) => sendExport(hub, reply))
  addRoute(
    app,
    hub,
    ["POST"],
    "/api/peer/import",
    keeping(hub, { field: "records", needs: ["records"] }, "Invalid import data", sendImported)
  )
  addRoute(app, hub, ["POST"], "/api/peer/connect", (request, reply) => {
    const peerUrl = fieldsOf(request)?.["peerUrl"]
    if (typeof peerUrl !== "string" || peerUrl === "") return refuse(reply, 400, "Peer URL is required")
    return Effect.flatMap(dialer.sync(peerUrl), (outcome) => {
      if (typeof outcome === "string") return refuse(reply, 500, outcome)
      const { newRecords } = outcome
      const message = `Sync completed: ${newRecords} new records added`
      return Effect.succeed(reply.send({ success: true, newRecords, totalRecords: store.figures().records, message }))
    })
  })
}

/** Where the caller reached the hub. */
const ownFacts = ({ deviceId }: GalileoskyHub, { raw }: FastifyRequest) => ({
  deviceId,
  deviceIP: raw.socket.localAddress ?? "unknown",
  port: raw.socket.localPort ?? 0
})
