/**
 * Galileosky's `PeerToPeerSync` and `MobileSyncClient` as far as they speak to a peer or a service: their requests with their headers, what
 * they need of the answers, and how they merge.
 */
import { request } from "node:http"
import { Entity, Schema } from "@syncline/node"

export type Json =
  | null
  | boolean
  | number
  | string
  | ReadonlyArray<Json>
  | { readonly [name: string]: Json | undefined }
export type Made = { readonly [name: string]: Json | undefined }

export interface Told {
  readonly status: number
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
}

/** One request as the clients make it: they say that they send JSON also where they send nothing. */
export const ask = (
  base: string,
  method: string,
  path: string,
  {
    agent = "Galileosky-Peer-Sync/1.0",
    body,
    headers = {}
  }: { body?: unknown; agent?: string; headers?: Record<string, string> } = {}
): Promise<Told> =>
  new Promise((resolve, reject) => {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body)
    const length = text === undefined ? {} : { "content-length": String(Buffer.byteLength(text)) }
    const sent = request(
      new URL(path, base),
      { method, headers: { "content-type": "application/json", "user-agent": agent, ...length, ...headers } },
      (response) => {
        let answer = ""
        response.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk))
        response.on("error", reject)
        response.on("end", () => {
          const { headers: own, statusCode = 0 } = response
          try {
            resolve({ status: statusCode, body: answer === "" ? undefined : JSON.parse(answer), headers: own })
          } catch {
            reject(new Error(`no JSON: ${answer.slice(0, 100)}`))
          }
        })
      }
    )
    sent.on("error", reject)
    sent.end(text)
  })

/** As a template makes it. */
export const keyOf = ({ deviceId, timestamp }: Made): string => [timestamp, deviceId].map(wordOf).join("_")

const wordOf = (value: Json | undefined): string => (typeof value === "object" ? JSON.stringify(value) : String(value))

/** Both clients merge in this way: by key, of two records with one key the one that is there stays. */
const merged = (local: ReadonlyArray<Made>, incoming: ReadonlyArray<Made>): ReadonlyArray<Made> => {
  const records = new Map(local.map((record) => [keyOf(record), record]))
  for (const record of incoming) if (!records.has(keyOf(record))) records.set(keyOf(record), record)
  const ms = ({ timestamp }: Made): number => new Date(timestamp as string).getTime()
  return [...records.values()].sort((a, b) => ms(a) - ms(b))
}

export interface Phone {
  records: ReadonlyArray<Made>
  readonly devices: Map<string, Json>
  /** `connectToPeer`: status, then everything both ways. */
  readonly connectToPeer: (peerUrl: string) => Promise<Told["body"]>
}

export const phone = (
  deviceId: string,
  records: ReadonlyArray<Made>,
  devices: Made = {},
  lastIMEI = "861230043907626"
): Phone => {
  const self: Phone = {
    records,
    devices: new Map(Object.entries(devices) as Array<[string, Json]>),
    connectToPeer: async (peerUrl) => {
      const succeeded = ({ body, status }: Told) => {
        if (status < 200 || status >= 300) throw new Error(`HTTP ${status}: ${body.error}`)
        return body
      }
      succeeded(await ask(peerUrl, "GET", "/peer/status"))
      const exportTime = new Date().toISOString()
      const body = { deviceId, records: self.records, devices: Object.fromEntries(self.devices), lastIMEI, exportTime }
      const result = succeeded(await ask(peerUrl, "POST", "/peer/sync", { body }))
      if (!result.success) throw new Error("Sync failed")
      if (result.peerData?.records) {
        for (const [key, value] of Object.entries(result.peerData.devices ?? {})) self.devices.set(key, value as Json)
        self.records = merged(self.records, result.peerData.records)
      }
      if (typeof result.syncResult.newRecords !== "number") throw new Error("no result")
      return result
    }
  }
  return self
}

/** `MobileSyncClient`; `lastSyncTime` as its file has it. */
export const mobile = (base: string, deviceId: string) => {
  const agent = "Galileosky-Mobile-Sync/1.0"
  const self = {
    records: [] as ReadonlyArray<Made>,
    lastSyncTime: null as string | null,
    upload: async (data: ReadonlyArray<Made>, devices: Made = {}) => {
      const body = { deviceId, data, devices, lastIMEI: null, timestamp: new Date().toISOString() }
      return (await ask(base, "POST", "/api/sync/upload", { body, agent })).body
    },
    download: async () => {
      const body = { deviceId, lastSyncTime: self.lastSyncTime }
      const told = await ask(base, "POST", "/api/sync/download", { body, agent })
      self.lastSyncTime = new Date().toISOString()
      self.records = merged(self.records, told.body.records)
      return told.body
    }
  }
  return self
}

/** What records say, whatever key the hub gave them, in one order. */
export const said = (records: ReadonlyArray<Made>): ReadonlyArray<string> =>
  records
    .map(({ synclineTimestamp, ...record }) => {
      const own = synclineTimestamp === undefined ? record : { ...record, timestamp: synclineTimestamp }
      return JSON.stringify(Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1)))
    })
    .sort()

/** A record as the parser makes it, of the second `at`. */
export const record = (at: number, more: Made = {}): Made => ({
  timestamp: new Date(1_757_000_000_000 + at * 1_000).toISOString(),
  deviceId: "861230043907626",
  imei: "861230043907626",
  clientAddress: "::ffff:10.0.0.7:51234",
  recordIndex: 0,
  latitude: 51.128 + at / 100_000,
  longitude: 71.43,
  satellites: 11,
  speed: 12.5,
  direction: 181,
  temperature: 26,
  tags: {},
  archiveNumber: at,
  ...more
})

export const galileosky = Entity.make("galileosky-record", {
  timestamp: Entity.lww(Schema.String),
  deviceId: Entity.lww(Schema.String),
  temperature: Entity.lww(Schema.Number)
})
