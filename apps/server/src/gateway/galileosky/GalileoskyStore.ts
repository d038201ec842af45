/**
 * Galileosky's records as entities, `galileosky-record` and `galileosky-device`, and the book of them that answers are made of. What clients
 * post becomes entities first and is in the book then; what other devices write comes into the book as well. How clients ask is not known here.
 */
import { Entity, EntityId, FieldValue, type Hook, Occupancy, Orchestrator, Records } from "@syncline/core"
import { Deferred, Effect, FiberSet, type Scope, Semaphore } from "effect"
import { because, type GatewayError, GatewayStoreFailed, ofStore } from "../GatewayError.ts"
import type { Figures, FreshRecord, Received, TakenEntity } from "./BookMessage.ts"
import { BookThread, startWorker } from "./BookThread.ts"
import type { JsonObject } from "./GalileoskyRecord.ts"
import * as RecordBook from "./RecordBook.ts"

const recordType = Entity.open("galileosky-record")
const deviceType = Entity.open("galileosky-device")

/** Pieces of a body, of up to 64 KiB, that are handed over at a time. */
const partPieces = 16
/** Entities that are read at a time when the hub starts. */
const readMax = 500
/** Fields that a record may have as an entity; one with more stands there as text. */
const fieldsMax = 128
/** Commits of this gateway that are remembered until the hook tells them. */
const oursMax = 4_096
/** Bodies that wait until those before them are kept. */
export const bodiesWaitingMax = 64
/** Answers that are being sent. */
export const answersMax = 64
/** From the end of the records' thread to the next one, in milliseconds. */
const restartMs = 1_000
/** Records that are taken away at a time, when a client clears everything. */
const removalsMax = 64

/** A body whose records are entities now. */
export interface Kept extends Received {
  /** All records then. */
  readonly totalRecords: number
}

/** A body of which nothing is kept. */
export interface NotKept {
  readonly problem: string
}

/** A body as it came in pieces. */
export type Body = ReadonlyArray<Uint8Array>

export interface OpenAnswer {
  readonly records: number
  /** The next piece; `undefined` behind the last. */
  readonly next: Effect.Effect<Uint8Array | undefined, GatewayError>
  /** To be called once. */
  readonly end: Effect.Effect<void>
}

export interface GalileoskyStore {
  readonly figures: () => Figures
  /** Keeps what a body says, and gives what `use` makes of that, or of what is wrong with the body. */
  readonly keep: <A>(
    body: Body,
    form: RecordBook.BodyForm,
    use: (outcome: Kept | NotKept) => Effect.Effect<A, GatewayError>
  ) => Effect.Effect<A, GatewayError>
  /** Records and devices in JSON, as a part of an object; of a kept body with what its sender has in mind. */
  readonly answer: (
    receipt: number | undefined,
    download?: RecordBook.Download
  ) => Effect.Effect<OpenAnswer, GatewayError>
  /** Deletes every record and device. */
  readonly clear: Effect.Effect<void, GatewayError>
}

interface Book {
  readonly thread: BookThread
  /** Done when everything that is there was read. */
  readonly isRead: Deferred.Deferred<void, GatewayError>
}

interface Context {
  readonly records: Records.Records["Service"]
  book: Book
  /** One body at a time: two that have the same news count them once. */
  readonly keeping: Semaphore.Semaphore
  /** What was read of an entity goes into the book before the next one is read. */
  readonly taking: Semaphore.Semaphore
  /** Commits of this gateway that the hook has not told yet: what they say is in the book. */
  readonly ours: Set<string>
  waiting: number
  answers: number
}

/** `onNews` is told how many records came that no client of this hub posted. `start` starts a thread for them. */
export const make = Effect.fnUntraced(function* (
  onNews: (newRecords: number) => void,
  start = startWorker
): Effect.fn.Return<GalileoskyStore, GatewayError, Records.Records | Orchestrator.Orchestrator | Scope.Scope> {
  const records = yield* Records.Records
  const orchestrator = yield* Orchestrator.Orchestrator
  const run = yield* FiberSet.runtime(yield* FiberSet.make())()
  const opened = (): Book => ({
    thread: new BookThread(() => void run(Effect.delay(reopen, restartMs)), start()),
    isRead: Deferred.makeUnsafe()
  })
  const context: Context = {
    records,
    book: opened(),
    keeping: Semaphore.makeUnsafe(1),
    taking: Semaphore.makeUnsafe(1),
    ours: new Set(),
    waiting: 0,
    answers: 0
  }
  const reopen: Effect.Effect<void> = Effect.suspend(() => {
    context.book = opened()
    return readAll(context)
  })
  yield* Effect.addFinalizer(() => context.book.thread.end())
  const onChange = (isForeign: boolean) => (change: Hook.HookChange) =>
    Effect.map(follow(context, change), (news) => void (isForeign && news > 0 && onNews(news)))
  const hook = { name: "galileosky-gateway", onCommit: onChange(false), onApplied: onChange(true) }
  yield* Effect.mapError(orchestrator.hook(hook), ofStore)
  run(readAll(context))
  yield* watchSizes(context)
  return {
    figures: () => context.book.thread.figures,
    keep: (body, form, use) => keep(context, body, form, use),
    answer: (receipt, download) => answer(context, receipt, download),
    clear: clear(context)
  }
})

const watchSizes = (context: Context) => {
  const { answersMax: answers, bodiesWaitingMax: waiting } = { answersMax, bodiesWaitingMax }
  const figures = (): Figures => context.book.thread.figures
  return Occupancy.watch([
    { kind: "queue", name: "galileosky_bodies", limit: waiting, length: () => context.waiting },
    { kind: "queue", name: "galileosky_answers", limit: answers, length: () => context.answers },
    { kind: "queue", name: "galileosky_devices", limit: RecordBook.devicesMax, length: () => figures().devices },
    { kind: "cache", name: "galileosky_records", limit: RecordBook.recordsMax, length: () => figures().records },
    {
      kind: "cache",
      name: "galileosky_record_characters",
      limit: RecordBook.recordCharactersMax,
      length: () => figures().characters
    },
    { kind: "cache", name: "galileosky_downloads", limit: RecordBook.downloadsMax, length: () => figures().downloads }
  ])
}

const busy = (what: string): GatewayError =>
  because(new GatewayStoreFailed({ problem: `${what}; try again`, isRetryable: true }))

const readAll = (context: Context): Effect.Effect<void> => {
  const { book } = context
  return Effect.gen(function* () {
    yield* readType(context, book, recordType.name)
    yield* readType(context, book, deviceType.name)
  }).pipe(
    Effect.exit,
    Effect.flatMap((exit) => Deferred.done(book.isRead, exit)),
    Effect.asVoid
  )
}

const readType = Effect.fnUntraced(function* (context: Context, { thread }: Book, type: string) {
  let fromId = ""
  for (;;) {
    const query = { type, where: {}, orderBy: undefined, limit: readMax, offset: 0, fromId }
    const page = Effect.gen(function* () {
      const views = yield* Effect.mapError(context.records.query(query), ofStore)
      yield* take(thread, type, views)
      return views
    })
    const views = yield* context.taking.withPermits(1)(page)
    if (views.length < readMax) return
    // The last one comes again, and first.
    fromId = views.at(-1)!.id
  }
})

type Read = Pick<TakenEntity, "id"> & { readonly fields: { readonly [field: string]: unknown } | undefined }

const take = (thread: BookThread, type: string, read: ReadonlyArray<Read>): Effect.Effect<number, GatewayError> => {
  if (type === recordType.name) {
    const entities = read.map(({ fields, id }) => ({ id, fields: fields && JSON.stringify(fields) }))
    return Effect.map(thread.ask({ ask: "takeRecords", entities }), ({ newRecords }) => newRecords)
  }
  const devices = read.flatMap(({ fields, id }) => deviceOf(id, fields) ?? [])
  const gone = read.flatMap(({ fields, id }) => (fields === undefined ? [id] : []))
  return Effect.as(thread.ask({ ask: "takeDevices", devices, gone }), 0)
}

/** A device's name is its entity's id. */
const deviceOf = (id: string, fields: Read["fields"]): RecordBook.Device | undefined => {
  const { info = null, json } = fields ?? {}
  const text = info !== null ? JSON.stringify(info) : typeof json === "string" ? json : undefined
  return text === undefined || !isJson(text) ? undefined : { name: id, text }
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What was written by others is read again. */
const follow = Effect.fnUntraced(function* (context: Context, { commits, entities }: Hook.HookChange) {
  if (commits.every((commit) => context.ours.delete(commit))) return 0
  let news = 0
  for (const type of [recordType.name, deviceType.name]) {
    const ids = entities.flatMap((entity) => (entity.type === type ? [entity.id] : []))
    for (let from = 0; from < ids.length; from += readMax) {
      const reading = Effect.gen(function* () {
        const read = yield* Effect.forEach(ids.slice(from, from + readMax), (id) =>
          Effect.map(Effect.mapError(context.records.get(type, id), ofStore), (view): Read => ({
            id,
            fields: view?.fields
          }))
        )
        return yield* take(context.book.thread, type, read)
      })
      news += yield* context.taking.withPermits(1)(reading)
    }
  }
  return news
})

const ready = (context: Context): Effect.Effect<BookThread, GatewayError> =>
  Effect.suspend(() => {
    const { isRead, thread } = context.book
    return Effect.as(Deferred.await(isRead), thread)
  })

const keep = <A>(
  context: Context,
  body: Body,
  form: RecordBook.BodyForm,
  use: (outcome: Kept | NotKept) => Effect.Effect<A, GatewayError>
): Effect.Effect<A, GatewayError> =>
  Effect.gen(function* () {
    const thread = yield* ready(context)
    const receiving = Effect.gen(function* () {
      const received = yield* handOver(thread, body, form)
      if ("problem" in received) return received
      const { receipt } = received
      yield* Effect.onError(write(context, thread, received), () =>
        Effect.ignore(thread.ask({ ask: "forget", receipt }))
      )
      return received
    })
    return yield* Effect.acquireUseRelease(
      Effect.interruptible(waitingTurn(context, receiving)),
      (received) => use("problem" in received ? received : { ...received, totalRecords: thread.figures.records }),
      (received) =>
        "problem" in received ? Effect.void : Effect.ignore(thread.ask({ ask: "forget", receipt: received.receipt }))
    )
  })

/** In parts: all at once would take a while. */
const handOver = Effect.fnUntraced(function* (thread: BookThread, body: Body, form: RecordBook.BodyForm) {
  let number: number | undefined
  const handing = Effect.gen(function* () {
    for (let from = 0; from < body.length || number === undefined; from += partPieces) {
      const bytes = Buffer.concat(body.slice(from, from + partPieces))
      number = yield* thread.ask({ ask: "part", body: number, bytes })
    }
    return yield* thread.ask({ ask: "receive", body: number, form })
  })
  const forget = Effect.suspend(() =>
    number === undefined ? Effect.void : Effect.ignore(thread.ask({ ask: "forgetBody", body: number }))
  )
  return yield* Effect.onError(handing, () => forget)
})

const waitingTurn = <A>(context: Context, turn: Effect.Effect<A, GatewayError>): Effect.Effect<A, GatewayError> =>
  Effect.suspend(() => {
    if (context.waiting >= bodiesWaitingMax) return Effect.fail(busy("others are sending"))
    context.waiting++
    return Effect.ensuring(
      context.keeping.withPermits(1)(turn),
      Effect.sync(() => void context.waiting--)
    )
  })

/** A client that goes away, or a hub that ends, leaves portions that are whole. */
const write = Effect.fnUntraced(function* (context: Context, thread: BookThread, { devices, receipt }: Received) {
  const { records } = context
  for (;;) {
    const portion = yield* thread.ask({ ask: "portion", receipt })
    if (portion.length === 0) break
    const { commits } = yield* Effect.mapError(records.putAll(recordType, portion.map(itemOf)), ofStore)
    // Should one stay, e.g. as the hook had told it already, it is no harm.
    if (context.ours.size > oursMax) context.ours.clear()
    for (const commit of commits) context.ours.add(commit)
    yield* thread.ask({ ask: "kept", receipt })
  }
  // A name that cannot be an entity's is none of a device.
  const named = devices.filter(({ name }) => EntityId.problem(name) === undefined)
  if (named.length === 0) return
  const items = named.map(deviceItem)
  for (let from = 0; from < items.length; from += readMax) {
    yield* Effect.mapError(records.putAll(deviceType, items.slice(from, from + readMax)), ofStore)
  }
  yield* thread.ask({ ask: "takeDevices", devices: named, gone: [] })
})

/** Its own fields, where an entity can have them. */
const itemOf = ({ id, text }: FreshRecord): Records.PutItem => {
  const record = JSON.parse(text) as JsonObject
  const fields = Object.entries(record)
  const isText = fields.length === 1 && typeof record["json"] === "string"
  const isFit =
    fields.length > 0 &&
    fields.length <= fieldsMax &&
    !isText &&
    fields.every(([name, value]) => isName(name) && FieldValue.problem(value) === undefined)
  return { id, value: isFit ? record : { json: text } }
}

const isName = (name: string): boolean =>
  FieldValue.nameProblem(name) === undefined && Buffer.byteLength(name, "utf8") <= 64

const deviceItem = ({ name, text }: RecordBook.Device): Records.PutItem => {
  const info: unknown = JSON.parse(text)
  const isFit = info !== null && FieldValue.problem(info) === undefined
  return { id: name, value: isFit ? { info } : { info: null, json: text } }
}

const answer = (
  context: Context,
  receipt: number | undefined,
  download: RecordBook.Download | undefined
): Effect.Effect<OpenAnswer, GatewayError> =>
  Effect.gen(function* () {
    const thread = yield* ready(context)
    if (context.answers >= answersMax) return yield* Effect.fail(busy("many are being answered"))
    context.answers++
    const free = Effect.sync(() => void context.answers--)
    const opening = thread.ask({ ask: "answer", receipt, download })
    const { answer: number, records } = yield* Effect.uninterruptible(Effect.onError(opening, () => free))
    return {
      records,
      next: Effect.map(thread.ask({ ask: "chunk", answer: number }), ({ bytes }) => bytes),
      end: Effect.andThen(Effect.ignore(thread.ask({ ask: "end", answer: number })), free)
    }
  })

const clear = (context: Context): Effect.Effect<void, GatewayError> =>
  Effect.gen(function* () {
    const thread = yield* ready(context)
    const { devices, entities } = yield* thread.ask({ ask: "everything" })
    yield* removeAll(context, recordType, entities)
    yield* removeAll(context, deviceType, devices)
  }).pipe(context.keeping.withPermits(1))

const removeAll = Effect.fnUntraced(function* (context: Context, type: Entity.EntityType, ids: ReadonlyArray<string>) {
  const { book, records } = context
  for (let from = 0; from < ids.length; from += readMax) {
    const portion = ids.slice(from, from + readMax)
    const removing = Effect.forEach(
      portion,
      (id) => Effect.catchIf(records.remove(type, id), isGone, () => Effect.void),
      { concurrency: removalsMax, discard: true }
    )
    yield* Effect.mapError(removing, ofStore)
    yield* take(
      book.thread,
      type.name,
      portion.map((id) => ({ id, fields: undefined }))
    )
  }
})

/** Somebody else deleted it meanwhile. */
const isGone = (error: { readonly _tag: string; readonly reason: { readonly _tag: string } }): boolean =>
  error.reason._tag === "EntityNotFound"
