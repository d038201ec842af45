/**
 * What Project-AI's clients keep, as entities: `projectai-blob`, a user's sealed text, with pieces in `projectai-part`, and
 * `projectai-device`, a device that uploaded. How clients ask for it is not known here.
 */
import { createHash } from "node:crypto"
import { type DeviceKey, Entity, Records } from "@syncline/core"
import { Clock, Effect } from "effect"
import * as ChunkedText from "../ChunkedText.ts"
import { because, type GatewayError, GatewayFull, ofStore } from "../GatewayError.ts"
import { hexOf, type Upload } from "./Upload.ts"

/** A user's text as a client downloads it. */
export interface Kept {
  readonly username: string
  /** The device that uploaded it. */
  readonly device_id: string
  readonly encrypted_data: string
  readonly timestamp: string
}

interface SyncedDevice {
  readonly device_id: string
  readonly last_sync: string
}

export interface ProjectAiStore {
  /** Keeps a text as the user's, and gives when that was, in ISO 8601. */
  readonly keep: (upload: Upload) => Effect.Effect<string, GatewayError>
  readonly kept: (username: string) => Effect.Effect<Kept | undefined, GatewayError>
  readonly devices: (username: string) => Effect.Effect<ReadonlyArray<SyncedDevice>, GatewayError>
}

/** User names that anything is kept for; further ones are refused. */
const usersMax = 10_000
/** Devices of one user; further ones upload, and are not listed. */
const devicesMax = 256
/** Versions of a user's text whose pieces stay: a client overwrites it after any download that failed, and a person may want it back. */
const versions = 8

const blob: ChunkedText.TextKind = { head: "projectai-blob", piece: "projectai-part", versions }
const device = Entity.open("projectai-device")

/** The time in ISO 8601, as these clients are told it. */
export const nowText: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (ms) => new Date(ms).toISOString())

export const make: Effect.Effect<ProjectAiStore, never, Records.Records | DeviceKey.DeviceKey> = Effect.gen(
  function* () {
    const records = yield* Records.Records
    const texts = yield* ChunkedText.make
    return {
      keep: (upload) => keep(records, texts, upload),
      kept: (username) => Effect.map(texts.get(blob, idOf(username)), (held) => held && keptOf(username, held)),
      devices: (username) => Effect.mapError(devicesOf(records, username), ofStore)
    }
  }
)

/** Names may be anything; ids are short. */
const hashOf = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex").slice(0, 32)

const idOf = (username: string): string => `user:${hashOf(username)}`

const keep = Effect.fnUntraced(function* (
  records: Records.Records["Service"],
  texts: ChunkedText.ChunkedText,
  { deviceId, encoding, platform, text, username }: Upload
) {
  const id = idOf(username)
  yield* checkRoom(records, id)
  const timestamp = yield* nowText
  yield* texts.put(blob, id, text, { username, deviceId, encoding, uploadedAt: timestamp })
  yield* Effect.mapError(noteDevice(records, username, deviceId, timestamp, platform), ofStore)
  return timestamp
})

const checkRoom = Effect.fnUntraced(function* (records: Records.Records["Service"], id: string) {
  if ((yield* Effect.mapError(records.get(blob.head, id), ofStore)) !== undefined) return
  const last = records.query({ type: blob.head, where: {}, orderBy: undefined, limit: 1, offset: usersMax - 1 })
  const isFull = (yield* Effect.mapError(last, ofStore)).length > 0
  if (isFull) return yield* because(new GatewayFull({ what: "user names", max: usersMax }))
})

const noteDevice = Effect.fnUntraced(function* (
  records: Records.Records["Service"],
  username: string,
  deviceId: string,
  lastSyncAt: string,
  platform: string | undefined
) {
  const id = `device:${hashOf(username)}:${hashOf(deviceId)}`
  const isKnown = (yield* records.get(device.name, id)) !== undefined
  if (!isKnown && (yield* devicesOf(records, username)).length >= devicesMax) return
  const value = {
    user: idOf(username),
    username,
    deviceId,
    lastSyncAt,
    ...(platform === undefined ? {} : { platform })
  }
  yield* records.put(device, value, id)
})

const devicesOf = Effect.fnUntraced(function* (records: Records.Records["Service"], username: string) {
  const views = yield* records.query({
    type: device.name,
    where: { user: idOf(username) },
    orderBy: undefined,
    limit: devicesMax,
    offset: 0
  })
  return views.map(({ fields }): SyncedDevice => ({
    device_id: wordOf(fields["deviceId"]),
    last_sync: wordOf(fields["lastSyncAt"]),
    ...(fields["platform"] === undefined ? {} : { platform: wordOf(fields["platform"]) })
  }))
})

const keptOf = (username: string, { facts, text }: ChunkedText.Held): Kept => ({
  username,
  device_id: wordOf(facts["deviceId"]),
  encrypted_data: hexOf(text, facts["encoding"]),
  timestamp: wordOf(facts["uploadedAt"])
})

/** Another device may have written anything here. */
const wordOf = (value: unknown): string => (typeof value === "string" ? value : "")
