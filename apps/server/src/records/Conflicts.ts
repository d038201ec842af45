/**
 * Conflicts that the hub found: two devices wrote a field without knowing of each other. It notes which, where and when, for people to look
 * at; both values are in the history of the record. It listens from the hub's start on, and decides nothing.
 */
import { Orchestrator, type SyncEvent } from "@syncline/core"
import { HubStore } from "@syncline/node/hub"
import { Clock, Context, Effect, Layer, Schema, Semaphore, Stream } from "effect"

/** Conflicts that are kept; the oldest make room. */
export const keptMax = 1_024
/** Conflicts of one setting of the store. */
const sheetMax = 64
/** How often what is new is kept, in milliseconds. */
const flushMs = 5_000
const prefix = "conflicts/"
const missedKey = "conflicts-missed"

const HeaderValue = Schema.NullOr(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))

const Noted = Schema.Struct({
  /** From 1, as they were noted. */
  number: Schema.Int,
  atMs: Schema.Finite,
  type: Schema.String,
  id: Schema.String,
  field: Schema.String,
  winner: Schema.String,
  loser: Schema.String,
  // Lines of earlier versions have none of these.
  header: Schema.optionalKey(Schema.Record(Schema.String, HeaderValue)),
  winnerAt: Schema.optionalKey(Schema.String),
  loserAt: Schema.optionalKey(Schema.String)
})
export type Noted = typeof Noted.Type

export interface ConflictsShape {
  /** The newest first, below a number; empty where the store cannot be read. */
  readonly newest: (before: number | undefined) => Effect.Effect<ReadonlyArray<Noted>>
  /** Those that happened faster than they could be noted. */
  readonly missed: Effect.Effect<number>
}

export class Conflicts extends Context.Service<Conflicts, ConflictsShape>()("@syncline/server/records/Conflicts") {
  static readonly layer: Layer.Layer<Conflicts, never, HubStore.HubStore | Orchestrator.Orchestrator> = Layer.effect(
    Conflicts,
    Effect.gen(function* () {
      const book = new Book(yield* HubStore.HubStore)
      const { events } = yield* Orchestrator.Orchestrator
      yield* Effect.forkScoped(Stream.runForEach(events, book.take), { startImmediately: true })
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(flushMs), book.flush)))
      yield* Effect.addFinalizer(() => book.flush)
      return { newest: book.newest, missed: book.missed }
    })
  )
}

const readSheet = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Array(Noted)))

class Book {
  readonly #store: HubStore.HubStoreShape
  readonly #oneByOne = Semaphore.makeUnsafe(1)
  /** Of this run, not kept yet. */
  #fresh: Array<Omit<Noted, "number">> = []
  #missed = 0

  constructor(store: HubStore.HubStoreShape) {
    this.#store = store
  }

  readonly take = (event: SyncEvent.SyncEvent): Effect.Effect<void> =>
    Effect.map(Clock.currentTimeMillis, (atMs) => {
      if (event._tag === "Lagged") this.#missed += event.missed
      if (event._tag !== "ConflictResolved") return
      const { _tag, ...conflict } = event
      this.#fresh.push({ atMs, ...conflict })
      if (this.#fresh.length > keptMax) this.#fresh.shift()
    })

  /** Keeps what is new. Where that fails it is tried again, and is told elsewhere. */
  readonly flush = Effect.suspend(() => {
    const [fresh, missed] = [this.#fresh, this.#missed]
    if (fresh.length === 0 && missed === 0) return Effect.void
    return this.#store
      .change((rows) => keep(rows, fresh, missed))
      .pipe(
        Effect.tap(() =>
          Effect.sync(() => {
            this.#fresh = this.#fresh.slice(fresh.length)
            this.#missed -= missed
          })
        ),
        Effect.ignore
      )
  }).pipe(this.#oneByOne.withPermits(1))

  readonly newest = (before: number | undefined) =>
    Effect.andThen(this.flush, this.#store.read(sheetsIn)).pipe(
      Effect.map((sheets) =>
        sheets
          .flat()
          .slice(-keptMax)
          .filter(({ number }) => before === undefined || number < before)
          .toReversed()
      ),
      Effect.orElseSucceed((): ReadonlyArray<Noted> => [])
    )

  readonly missed = Effect.suspend(() => Effect.andThen(this.flush, this.#store.read(missedIn))).pipe(
    Effect.orElseSucceed(() => 0)
  )
}

const sheetKey = (first: number): string => prefix + String(first).padStart(16, "0")

/** The oldest first. What cannot be read is left out. */
const sheetsIn = ({ settings }: HubStore.HubReads): ReadonlyArray<ReadonlyArray<Noted>> =>
  settings.keys(prefix).flatMap((key) => {
    const read = readSheet(settings.get(key))
    return read._tag === "Some" ? [read.value] : []
  })

const missedIn = ({ settings }: HubStore.HubReads): number => Number(settings.get(missedKey) ?? 0)

const keep = (rows: HubStore.HubRows, fresh: ReadonlyArray<Omit<Noted, "number">>, missed: number): void => {
  const { settings } = rows
  let sheet = sheetsIn(rows).at(-1) ?? []
  let number = sheet.at(-1)?.number ?? 0
  for (const one of fresh) {
    number++
    sheet = sheet.length >= sheetMax ? [{ ...one, number }] : [...sheet, { ...one, number }]
    const isLast = one === fresh.at(-1)
    if (sheet.length >= sheetMax || isLast) settings.set(sheetKey(sheet[0]!.number), JSON.stringify(sheet))
  }
  if (missed > 0) settings.set(missedKey, String(missedIn(rows) + missed))
  const keys = settings.keys(prefix)
  // The last sheet has room, so there is one more than full ones would be.
  for (const key of keys.slice(0, Math.max(0, keys.length - keptMax / sheetMax - 1))) settings.remove(key)
}
