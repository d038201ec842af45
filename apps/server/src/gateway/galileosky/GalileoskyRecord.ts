/**
 * One record as Galileosky's clients have it, under the key by which they merge: `<timestamp>_<deviceId>`, of two records with one key they
 * keep one. So a record can be told apart from others of its key by what it says, and be given a key of its own that leads back to it. Who
 * has which record is not known here.
 */
import { createHash } from "node:crypto"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

export interface GalileoskyRecord {
  /** Of what it says, in whatever order: 32 hexadecimal digits. */
  readonly content: string
  /** As clients make it. */
  readonly key: string
  /** The time that it bears, in milliseconds since 1970; 0 where it bears none. */
  readonly ms: number
  /** As JSON. */
  readonly text: string
}

/** A record as a client posts it. */
export interface PostedRecord extends GalileoskyRecord {
  /** The key that it has at the client. */
  readonly postedKey: string
  readonly isRenamed: boolean
}

/** Bytes of a record as JSON: as an entity it then fits into one event, whatever numbers are in it. */
export const recordBytesMax = 24 * 1024
/** Lists and objects that are in one another. */
const depthMax = 32
/** Where a record with a key of its own says which time it bears. */
const ownTime = "synclineTimestamp"
/** Stands there for a record that bears none. */
const noTime = {}

/** What is no record. */
export class RecordRefused extends Error {
  override readonly name = "RecordRefused"
}

/** Throws `RecordRefused`. */
export const read = (given: unknown): GalileoskyRecord => {
  if (!isObject(given)) throw new RecordRefused("a record is no object")
  return recordOf(given)
}

/** The same of one that a client posts, which may have come from here under a key of its own. Throws `RecordRefused`. */
export const readPosted = (given: unknown): PostedRecord => {
  if (!isObject(given)) throw new RecordRefused("a record is no object")
  const postedKey = keyOf(given)
  const before = beforeRenaming(given)
  return before === undefined
    ? { ...recordOf(given), postedKey, isRenamed: false }
    : { ...before, postedKey, isRenamed: true }
}

const recordOf = (record: JsonObject): GalileoskyRecord => {
  const canonical = canonicalText(record, 1)
  const text = JSON.stringify(record)
  if (Buffer.byteLength(text, "utf8") > recordBytesMax) throw new RecordRefused("a record is too large")
  return { content: hashOf(canonical), key: keyOf(record), ms: msOf(record["timestamp"]), text }
}

/** The record as JSON, under a key of its own: its time with digits that change nothing of it, and beside it as it was. */
export const renamed = ({ content, text }: GalileoskyRecord): string => {
  const record = JSON.parse(text) as JsonObject
  const { timestamp } = record
  return JSON.stringify({ ...record, timestamp: renamedTime(timestamp, content), [ownTime]: timestamp ?? noTime })
}

const beforeRenaming = (given: JsonObject): GalileoskyRecord | undefined => {
  if (!Object.hasOwn(given, ownTime)) return undefined
  const { [ownTime]: time, ...rest } = given
  const isAbsent = isObject(time) && Object.keys(time).length === 0
  const { timestamp: _, ...untimed } = rest
  const record = recordOf(isAbsent ? untimed : { ...rest, timestamp: time! })
  // Else it is a field of the client's own.
  return given["timestamp"] === renamedTime(isAbsent ? undefined : time, record.content) ? record : undefined
}

/** A time in ISO 8601: up to its seconds, their fraction, its zone. */
const isoTime = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?$/

/** `Date` reads it as the same millisecond: of nine digits the first three count, more than nine it misreads. */
const renamedTime = (time: Json | undefined, content: string): string => {
  const digits = String(Number.parseInt(content.slice(0, 12), 16) % 1_000_000).padStart(6, "0")
  const ms = msOf(time)
  const text = typeof time === "string" ? time : ms === 0 ? wordOf(time) : new Date(ms).toISOString()
  const [, upToSeconds, fraction = ".", zone = ""] = isoTime.exec(text) ?? []
  if (upToSeconds === undefined) return `${text}#${digits}`
  return `${upToSeconds}${fraction.slice(0, 4).padEnd(4, "0")}${digits}${zone}`
}

const msOf = (time: Json | undefined): number => {
  const ms = typeof time === "string" || typeof time === "number" ? new Date(time).getTime() : 0
  return Number.isNaN(ms) ? 0 : ms
}

const keyOf = ({ deviceId, timestamp }: JsonObject): string => `${wordOf(timestamp)}_${wordOf(deviceId)}`

/** As JavaScript writes it into a text. */
const wordOf = (value: Json | undefined): string =>
  typeof value === "object" && value !== null ? canonicalText(value, 1) : String(value)

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** JSON with names in order: what says the same has the same text. */
export const canonicalText = (value: Json, depth: number): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (depth > depthMax) throw new RecordRefused("a record is nested too deeply")
  if (Array.isArray(value))
    return `[${(value as ReadonlyArray<Json>).map((each) => canonicalText(each, depth + 1)).join(",")}]`
  const object = value as JsonObject
  const names = Object.keys(object).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalText(object[name]!, depth + 1)}`).join(",")}}`
}

const hashOf = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex").slice(0, 32)
