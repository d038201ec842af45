/**
 * What a hub has of Galileosky's records and devices, at hand for answers: which records are new, what the one who asks has under which key,
 * and what is to be sent so that he ends with all. It lives in a thread of its own and knows neither entities' fields nor requests.
 */
import * as GalileoskyRecord from "./GalileoskyRecord.ts"
import { type Json, type JsonObject, type PostedRecord, RecordRefused } from "./GalileoskyRecord.ts"
import type { PostedBody } from "./PostedBody.ts"

/** Records at hand; the oldest beyond are left out of answers. */
export const recordsMax = 200_000
/** Bytes of those as JSON, roughly: characters are counted. */
export const recordCharactersMax = 192 * 1024 * 1024
/** Devices that are described. */
export const devicesMax = 4_096
/** Characters of a device's description as JSON, and of its name. */
const deviceCharactersMax = 4_096
const deviceNameMax = 128
/** Callers whose last download is known. */
export const downloadsMax = 8_192

interface Entry extends GalileoskyRecord.GalileoskyRecord {
  /** The entity that holds it. */
  readonly entity: string
  /** Its number in the order of arrival here. */
  readonly arrival: number
}

export interface Device {
  readonly name: string
  /** Its description, as JSON. */
  readonly text: string
}

type Held = Pick<PostedRecord, "content" | "isRenamed">

/** What a body says, as far as it counts. */
export interface Receipt {
  /** Records that are not here yet, each once. */
  readonly fresh: ReadonlyArray<PostedRecord>
  /** Devices that are described otherwise than here. */
  readonly devices: ReadonlyArray<Device>
  /** Descriptions as they were before, as JSON. */
  readonly devicesBefore: string
  /** What the sender has, by its key there: of records with one key the last one stays there. */
  readonly held: ReadonlyMap<string, Held>
  readonly sender: string | undefined
}

export interface BodyForm {
  /** Which field has the records. */
  readonly field: "records" | "data"
  /** Fields that must be there. */
  readonly needs: ReadonlyArray<string>
}

export interface Download {
  /** Who asks, as far as that is known. */
  readonly who: string
  /** When it asked last, by its own account. */
  readonly since: string
}

interface Downloaded {
  readonly since: string
  readonly from: number
  readonly upTo: number
}

export class RecordBook {
  readonly #limits: { readonly records: number; readonly characters: number }
  /** By content. */
  readonly #records = new Map<string, Entry>()
  /** Content by entity, where somebody changed a record so that its entity's id does not follow from it any more. */
  readonly #changed = new Map<string, string>()
  /** How many records have a key. */
  readonly #keys = new Map<string, number>()
  readonly #devices = new Map<string, string>()
  readonly #downloads = new Map<string, Downloaded>()
  #inOrder: ReadonlyArray<Entry> | undefined
  #characters = 0
  #arrivals = 0
  #lastImei: string | undefined

  constructor(limits = { records: recordsMax, characters: recordCharactersMax }) {
    this.#limits = limits
  }

  get records(): number {
    return this.#records.size
  }
  get characters(): number {
    return this.#characters
  }
  get devices(): number {
    return this.#devices.size
  }
  get downloads(): number {
    return this.#downloads.size
  }

  /** What a client said last, or what the newest record says. */
  get lastImei(): string | null {
    if (this.#lastImei !== undefined) return this.#lastImei
    const newest = this.#sorted().at(-1)
    const { deviceId, imei } = newest === undefined ? {} : (JSON.parse(newest.text) as JsonObject)
    return [imei, deviceId].find((word) => typeof word === "string") ?? null
  }

  get entities(): ReadonlyArray<string> {
    return [...this.#records.values()].map(({ entity }) => entity)
  }

  get deviceNames(): ReadonlyArray<string> {
    return [...this.#devices.keys()]
  }

  /** An entity has this record now, or none; gives whether a record came that was not here. */
  takeRecord(entity: string, record: unknown): boolean {
    const read = record === undefined ? undefined : readOrNone(record)
    const before = this.#changed.get(entity) ?? entity
    if (read?.content === before && this.#records.has(before)) return false
    const entry = this.#records.get(before)
    if (entry?.entity === entity) this.#drop(entry)
    this.#changed.delete(entity)
    if (read === undefined) return false
    if (read.content !== entity) this.#changed.set(entity, read.content)
    return this.#add(read, entity)
  }

  /** Somebody took a device's description away. */
  dropDevice(name: string): void {
    this.#devices.delete(name)
  }

  /** `false` where it is not kept. */
  takeDevice({ name, text }: Device): boolean {
    if (name.length > deviceNameMax || text.length > deviceCharactersMax) return false
    if (!this.#devices.has(name) && this.#devices.size >= devicesMax) return false
    this.#devices.set(name, text)
    return true
  }

  /** Throws `RecordRefused` where something of the body cannot be kept. */
  receive(body: PostedBody, { field, needs }: BodyForm): Receipt {
    const missing = needs.find((name) => !body.has(name))
    if (missing !== undefined) throw new RecordRefused(`${missing} is missing`)
    const fresh = new Map<string, PostedRecord>()
    const held = new Map<string, Held>()
    let count = 0
    for (const given of body.list(field)) {
      if (++count > this.#limits.records) throw new RecordRefused(`at most ${this.#limits.records} records`)
      const record = GalileoskyRecord.readPosted(given)
      const { content, isRenamed, postedKey } = record
      held.set(postedKey, { content, isRenamed })
      if (!this.#isKnown(record) && !this.#isTooOld(record)) fresh.set(content, record)
    }
    const devices = this.#newsOf(body.entries("devices"))
    const imei = wordOf(body.word("lastIMEI"))
    if (imei !== undefined && imei !== "") this.#lastImei = imei
    const devicesBefore = this.devicesText()
    return { fresh: [...fresh.values()], devices, devicesBefore, held, sender: wordOf(body.word("deviceId")) }
  }

  /** These are entities now. */
  keep(records: ReadonlyArray<PostedRecord>): void {
    for (const record of records) if (!this.#isKnown(record)) this.#add(record, record.content)
  }

  /** Descriptions of all devices, as JSON. */
  devicesText(): string {
    return `{${[...this.#devices].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`
  }

  /**
   * Records as JSON, in the order of their times, each under a key that leads to nothing else at who gets them: known from what he has, else
   * all that share a key get keys of their own, as he may have any of them.
   */
  *texts(held: Receipt["held"] | undefined, entries: ReadonlyArray<Entry> = this.#sorted()): Generator<string> {
    const heldAs = new Map<string, boolean>()
    for (const { content, isRenamed } of held?.values() ?? []) heldAs.set(content, isRenamed)
    const told = new Set<string>()
    for (const entry of entries) {
      const { content, key, text } = entry
      const isHeldRenamed = heldAs.get(content)
      const isAlone = (this.#keys.get(key) ?? 1) === 1
      const isFree = held === undefined ? isAlone : !held.has(key) && !told.has(key)
      const isPlain = isHeldRenamed === undefined ? isFree : !isHeldRenamed
      if (isPlain && !isAlone) told.add(key)
      yield isPlain ? text : GalileoskyRecord.renamed(entry)
    }
  }

  /**
   * What a caller lacks: whatever arrived since its last download that it had as a whole, and whatever is younger than it says. One that is
   * not known gets all. A caller whose answer was lost asks again with the same time.
   */
  download({ since, who }: Download): ReadonlyArray<Entry> {
    const last = this.#downloads.get(who)
    const from = last === undefined ? 0 : last.since === since ? last.from : last.upTo
    this.#downloads.delete(who)
    this.#downloads.set(who, { since, from, upTo: this.#arrivals })
    if (this.#downloads.size > downloadsMax) this.#downloads.delete(this.#downloads.keys().next().value!)
    const ms = new Date(since).getTime()
    return this.#sorted().filter(({ arrival, ms: own }) => arrival > from || own > ms)
  }

  /** All records in the order of their times. The list does not change any more. */
  #sorted(): ReadonlyArray<Entry> {
    return (this.#inOrder ??= [...this.#records.values()].sort(
      (a, b) => a.ms - b.ms || (a.content < b.content ? -1 : 1)
    ))
  }

  #isKnown({ content }: GalileoskyRecord.GalileoskyRecord): boolean {
    return this.#records.has(content) || this.#changed.has(content)
  }

  #isFull(): boolean {
    return this.#records.size >= this.#limits.records || this.#characters >= this.#limits.characters
  }

  /** It would be left out at once. */
  #isTooOld({ ms }: GalileoskyRecord.GalileoskyRecord): boolean {
    return this.#isFull() && ms <= (this.#sorted()[0]?.ms ?? 0)
  }

  #add({ content, key, ms, text }: GalileoskyRecord.GalileoskyRecord, entity: string): boolean {
    if (this.#records.has(content)) return false
    this.#records.set(content, { content, key, ms, text, entity, arrival: ++this.#arrivals })
    this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1)
    this.#characters += text.length
    this.#inOrder = undefined
    return true
  }

  #drop({ content, key, text }: Entry): void {
    this.#records.delete(content)
    const left = (this.#keys.get(key) ?? 1) - 1
    if (left === 0) this.#keys.delete(key)
    else this.#keys.set(key, left)
    this.#characters -= text.length
    this.#inOrder = undefined
  }

  /** Leaves out the oldest beyond what is at hand. */
  trim(): void {
    if (this.#records.size <= this.#limits.records && this.#characters <= this.#limits.characters) return
    for (const entry of this.#sorted()) {
      if (this.#records.size <= this.#limits.records && this.#characters <= this.#limits.characters) return
      this.#changed.delete(entry.entity)
      this.#drop(entry)
    }
  }

  #newsOf(devices: Iterable<readonly [name: string, value: Json]>): ReadonlyArray<Device> {
    const news = new Map<string, Device>()
    for (const [name, value] of devices) {
      const known = this.#devices.get(name)
      const canonical = GalileoskyRecord.canonicalText(value, 1)
      if (known !== undefined && GalileoskyRecord.canonicalText(JSON.parse(known) as JsonObject, 1) === canonical)
        continue
      const device = { name, text: JSON.stringify(value) }
      const isRoom = known !== undefined || this.#devices.size + news.size < devicesMax
      if (isRoom && name.length <= deviceNameMax && device.text.length <= deviceCharactersMax) news.set(name, device)
    }
    return [...news.values()]
  }
}

const wordOf = (word: string | number | undefined): string | undefined =>
  word === undefined || String(word).length > deviceNameMax ? undefined : String(word)

/** Another device may have written anything into an entity. */
const readOrNone = (record: unknown): GalileoskyRecord.GalileoskyRecord | undefined => {
  try {
    return GalileoskyRecord.read(record)
  } catch (error) {
    if (error instanceof RecordRefused) return undefined
    throw error
  }
}
