/**
 * How much devices may bring to this hub, and how much the space may take, by the settings in force. Counts lie beside the accounts
 * and outlive a restart. What is put off stays with its device, which is told why; leaving it out is the engine's business.
 */
import { DeviceKey, type IntakeQuota, Journal, type JournalError, Occupancy, type PeerId } from "@syncline/core"
import { HubStore } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer, Metric } from "effect"
import type { HubConfig } from "../HubConfig.ts"
import { devicesMax, QuotaBook } from "./QuotaBook.ts"

/** How often counts that changed are written down, in milliseconds; those of the last such time are lost where the process is killed. */
export const flushMs = 10_000
/** How long the size of the space counts as looked at, in milliseconds; what was taken in meanwhile is added. */
const lookMs = 1_000
const mebibyte = 1024 * 1024
const prefix = "quota/"

const limits = Metric.gauge("syncline_quota_limit", {
  description: "What the quotas in force allow, 0 for no limit: records, bytes of a day, bytes of the space; by quota"
})
const devicesOver = Metric.gauge("syncline_quota_devices_over", {
  description: "Devices that have used up a quota, by quota"
})
const spaceBytes = Metric.gauge("syncline_quota_space_bytes", {
  description: "Bytes that the journal takes, where the space has a quota"
})

/** How the quotas stand. */
export interface QuotaStanding {
  /** Devices that used up their records, and their day. */
  readonly overRecords: number
  readonly overDay: number
  /** Bytes that the space takes; looked at only where it has a quota. */
  readonly spaceBytes: number | undefined
  readonly isSpaceFull: boolean
}

export class Quotas extends Context.Service<
  Quotas,
  {
    readonly standing: Effect.Effect<QuotaStanding>
    /** Takes up the counts of earlier runs. Where they cannot be read that is told in the log, and counting begins anew. */
    readonly replay: Effect.Effect<void>
  }
>()("@syncline/server/operation/Quotas") {}

/** Judges by the settings in force; `layer` gives it a journal to look at and a place for its counts. */
export class QuotaDesk {
  readonly #config: Pick<HubConfig, "quotas">
  readonly book = new QuotaBook()
  #bytesHeld: Effect.Effect<number, JournalError.JournalError> = Effect.succeed(0)
  #self: PeerId.PeerId | undefined
  #looked = { atMs: -Infinity, bytes: 0 }
  #takenSince = 0

  /** `config` is asked each time, for it changes while the hub runs. */
  constructor(config: Pick<HubConfig, "quotas">) {
    this.#config = config
  }

  attach(self: PeerId.PeerId, bytesHeld: Effect.Effect<number, JournalError.JournalError>): void {
    this.#self = self
    this.#bytesHeld = bytesHeld
  }

  /** Bytes that the space takes now. A store that does not answer is told of elsewhere; then the last answer counts. */
  readonly space = Effect.gen({ self: this }, function* () {
    const nowMs = yield* Clock.currentTimeMillis
    if (Math.abs(nowMs - this.#looked.atMs) >= lookMs) {
      const bytes = yield* Effect.orElseSucceed(this.#bytesHeld, () => this.#looked.bytes)
      this.#looked = { atMs: nowMs, bytes }
      this.#takenSince = 0
    }
    return this.#looked.bytes + this.#takenSince
  })

  readonly whyFull: Effect.Effect<IntakeQuota.PutOff | undefined> = Effect.gen({ self: this }, function* () {
    const { mebibytesOfSpace } = this.#config.quotas
    if (mebibytesOfSpace === 0) return undefined
    const bytes = yield* this.space
    if (bytes < mebibytesOfSpace * mebibyte) return undefined
    const taken = `the space takes ${sizeOf(bytes)} at this hub, and its quota is ${mebibytesOfSpace} MiB`
    const why: IntakeQuota.PutOff = {
      rule: "quota/space",
      because: `${taken}; there is room once the hub's operator raises it`
    }
    return why
  })

  readonly port: IntakeQuota.IntakeQuotaShape = {
    whyFull: this.whyFull,
    ask: (brought) =>
      Effect.gen({ self: this }, function* () {
        const full = yield* this.whyFull
        const nowMs = yield* Clock.currentTimeMillis
        const waiting = new Map<PeerId.PeerId, IntakeQuota.PutOff>()
        for (const { device } of brought) {
          const why = full ?? this.#whyDay(device, nowMs) ?? this.#whyRecords(device)
          if (why !== undefined) waiting.set(device, why)
        }
        return waiting
      }),
    took: (brought) =>
      Effect.map(Clock.currentTimeMillis, (nowMs) => {
        for (const each of brought) {
          this.#takenSince += each.bytes
          // What this hub wrote itself and gets back, e.g. after a restore, is nobody's.
          if (each.device !== this.#self) this.book.add(each, nowMs)
        }
      })
  }

  #whyDay(device: PeerId.PeerId, nowMs: number): IntakeQuota.PutOff | undefined {
    const { mebibytesPerDeviceDay } = this.#config.quotas
    const bytesMax = mebibytesPerDeviceDay * mebibyte
    if (!this.isOverDay(device, nowMs)) return undefined
    const bytes = this.book.dayBytes(device, nowMs)
    const until = new Date(this.book.roomAtMs(device, bytesMax, nowMs)).toISOString()
    const brought = `this device brought ${sizeOf(bytes)} within 24 hours, and its quota is ${mebibytesPerDeviceDay} MiB`
    return { rule: "quota/day", because: `${brought}; there is room from ${until} on, and the rest comes by itself` }
  }

  #whyRecords(device: PeerId.PeerId): IntakeQuota.PutOff | undefined {
    if (!this.isOverRecords(device)) return undefined
    const { recordsPerDevice } = this.#config.quotas
    const made = `this device's work came to ${this.book.records(device)} live records, and its quota is ${recordsPerDevice}`
    const because = `${made}; new ones wait until it deletes some or the hub's operator raises it`
    return { rule: "quota/records", because, isOfBeginnings: true }
  }

  isOverDay(device: PeerId.PeerId, nowMs: number): boolean {
    const { mebibytesPerDeviceDay } = this.#config.quotas
    return mebibytesPerDeviceDay > 0 && this.book.dayBytes(device, nowMs) >= mebibytesPerDeviceDay * mebibyte
  }

  isOverRecords(device: PeerId.PeerId): boolean {
    const { recordsPerDevice } = this.#config.quotas
    return recordsPerDevice > 0 && this.book.records(device) >= recordsPerDevice
  }

  readonly standing = Effect.gen({ self: this }, function* () {
    const { mebibytesOfSpace, mebibytesPerDeviceDay, recordsPerDevice } = this.#config.quotas
    const nowMs = yield* Clock.currentTimeMillis
    const bytes = mebibytesOfSpace === 0 ? undefined : yield* this.space
    const standing: QuotaStanding = {
      overRecords: recordsPerDevice === 0 ? 0 : this.book.countOver((device) => this.isOverRecords(device)),
      overDay: mebibytesPerDeviceDay === 0 ? 0 : this.book.countOver((device) => this.isOverDay(device, nowMs)),
      spaceBytes: bytes,
      isSpaceFull: bytes !== undefined && bytes >= mebibytesOfSpace * mebibyte
    }
    return standing
  })

  /** Into the metrics. */
  readonly show = Effect.gen({ self: this }, function* () {
    const { mebibytesOfSpace, mebibytesPerDeviceDay, recordsPerDevice } = this.#config.quotas
    const { overDay, overRecords, spaceBytes: bytes = 0 } = yield* this.standing
    const gauge = (metric: Metric.Gauge<number>, quota: string, value: number) =>
      Metric.update(Metric.withAttributes(metric, { quota }), value)
    yield* gauge(limits, "records", recordsPerDevice)
    yield* gauge(limits, "day", mebibytesPerDeviceDay * mebibyte)
    yield* gauge(limits, "space", mebibytesOfSpace * mebibyte)
    yield* gauge(devicesOver, "records", overRecords)
    yield* gauge(devicesOver, "day", overDay)
    yield* Metric.update(spaceBytes, bytes)
  })
}

const sizeOf = (bytes: number): string => `${(bytes / mebibyte).toFixed(1)} MiB`

/** Counts from now on, and writes down what changed. */
export const layer = (
  desk: QuotaDesk
): Layer.Layer<Quotas, never, HubStore.HubStore | Journal.Journal | DeviceKey.DeviceKey> =>
  Layer.effect(
    Quotas,
    Effect.gen(function* () {
      const [store, journal] = [yield* HubStore.HubStore, yield* Journal.Journal]
      desk.attach((yield* DeviceKey.DeviceKey).peer, journal.bytesHeld)
      const flush = Effect.suspend(() => written(store, desk.book))
      yield* Occupancy.watch([
        { kind: "cache", name: "quota_devices", limit: devicesMax, length: () => desk.book.size }
      ])
      yield* desk.show
      yield* Effect.addFinalizer(() => flush)
      const turn = Effect.andThen(Effect.sleep(flushMs), Effect.andThen(flush, desk.show))
      yield* Effect.forkScoped(Effect.forever(turn))
      return { standing: desk.standing, replay: replay(store, desk.book) }
    })
  )

/** A store that cannot be written is told of elsewhere; the counts wait. */
const written = (store: HubStore.HubStoreShape, book: QuotaBook): Effect.Effect<void> => {
  if (!book.isChanged) return Effect.void
  const changes = book.changes()
  const writing = store.change(({ settings }) => {
    for (const [row, text] of changes) {
      if (text === "") settings.remove(`${prefix}${row}`)
      else settings.set(`${prefix}${row}`, text)
    }
  })
  return Effect.ignore(Effect.tapError(writing, () => Effect.sync(() => book.keep(changes))))
}

const replay = (store: HubStore.HubStoreShape, book: QuotaBook): Effect.Effect<void> =>
  store
    .read(({ settings }) => settings.keys(prefix).map((key) => settings.get(key) ?? ""))
    .pipe(
      Effect.map((texts) => book.take(texts)),
      Effect.catch((failure) => Effect.logError("what devices brought before is not known; it counts anew", failure))
    )
