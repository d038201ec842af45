/** `/api/sync/*`, what Galileosky's mobile sync client asks its service: upload, download, status, everything, and to clear it. */
import { Effect } from "effect"
import type { FastifyInstance } from "fastify"
import { networkOf } from "../../people/SignInThrottle.ts"
import * as AnswerText from "./AnswerText.ts"
import { addRoute, fieldsOf, type GalileoskyHub, keeping, nowText, sendStream } from "./GalileoskyHub.ts"

/** Devices whose last call is told of; the one that called longest ago makes room. */
const statesMax = 1_000
/** Characters of a device's name and of a time that it says. */
const wordMax = 128

interface DeviceState {
  readonly lastSync: string
  readonly recordsUploaded?: number
  readonly recordsDownloaded?: number
  readonly totalRecords: number
}

/** What the service knows of its callers; not kept. */
class SyncStates {
  readonly #states = new Map<string, DeviceState>()
  lastUpdate: string | null = null

  note(deviceId: string, state: DeviceState): void {
    this.#states.delete(deviceId)
    this.#states.set(deviceId, state)
    if (this.#states.size > statesMax) this.#states.delete(this.#states.keys().next().value!)
  }

  forget(): void {
    this.#states.clear()
    this.lastUpdate = null
  }

  get facts() {
    return { lastUpdate: this.lastUpdate, deviceStates: Object.fromEntries(this.#states) }
  }
}

const isWord = (value: unknown): value is string => typeof value === "string" && value !== "" && value.length <= wordMax

export const addSyncRoutes = (app: FastifyInstance, hub: GalileoskyHub, mayClear: boolean): void => {
  const states = new SyncStates()
  const { gateway, listeners, store } = hub
  addRoute(app, hub, ["GET"], "/api/sync/status", (_, reply) => {
    const { devices, records } = store.figures()
    return Effect.succeed(reply.send({ totalRecords: records, totalDevices: devices, ...states.facts }))
  })
  addRoute(
    app,
    hub,
    ["POST"],
    "/api/sync/upload",
    keeping(
      hub,
      { field: "data", needs: ["deviceId", "data"] },
      "Missing required data",
      ({ newRecords, sender, totalRecords }, reply) =>
        Effect.map(nowText, (lastSync) => {
          states.lastUpdate = lastSync
          states.note(sender ?? "unknown", { lastSync, recordsUploaded: newRecords, totalRecords })
          const message = `Successfully synced ${newRecords} new records`
          return reply.send({ success: true, newRecords, totalRecords, message })
        })
    )
  )
  addRoute(app, hub, ["POST"], "/api/sync/download", (request, reply) => {
    const { deviceId, lastSyncTime } = fieldsOf(request) ?? {}
    if (!isWord(deviceId)) return Effect.succeed(gateway.refuse(reply, 400, "Device ID required"))
    // Others may say to be this device; from elsewhere they change nothing about what it gets.
    const who = `${deviceId}\n${networkOf(request.ip)}`
    const download = { who, since: isWord(lastSyncTime) ? lastSyncTime : "" }
    const answering = Effect.gen(function* () {
      const answer = yield* store.answer(undefined, download)
      const totalRecords = store.figures().records
      const lastSync = yield* nowText
      states.note(deviceId, { lastSync, recordsDownloaded: answer.records, totalRecords })
      const facts = { totalRecords, downloadedRecords: answer.records, lastUpdate: states.lastUpdate }
      return sendStream(reply, answer, `{"success":true,`, `,${AnswerText.factsText(facts)}}`)
    })
    return Effect.uninterruptible(answering)
  })
  addRoute(app, hub, ["GET"], "/api/sync/data", (_, reply) =>
    Effect.uninterruptible(
      Effect.map(store.answer(undefined), (answer) =>
        sendStream(reply, answer, "{", `,${AnswerText.factsText(states.facts)}}`)
      )
    )
  )
  addRoute(app, hub, ["POST"], "/api/sync/clear", (_, reply) => {
    const refused = "clearing is switched off at this hub"
    if (!mayClear) return Effect.succeed(gateway.refuse(reply, 403, refused))
    return Effect.map(store.clear, () => {
      states.forget()
      listeners.tellCleared()
      return reply.send({ success: true, message: "All data cleared" })
    })
  })
}
