/**
 * The main thread's handle on the writing thread: it numbers requests, bounds what is under way and matches answers to
 * callers. A request that was sent is carried out even when its caller stops waiting. It never touches the file.
 */
import type { Worker } from "node:worker_threads"
import { WriteError } from "@syncline/core"
import { Clock, Effect, Semaphore } from "effect"
import * as JournalThread from "./JournalThread.ts"
import * as SqliteFailure from "./SqliteFailure.ts"
import type {
  Answer,
  Envelope,
  FromWriter,
  Refusal,
  ToWriter,
  WriterCaches,
  WriterRequest,
  WriterResults,
  WriterSettings
} from "./WriterMessage.ts"
import type { JournalError } from "@syncline/core"

/** Kibibytes of requests under way; callers beyond it wait. Each request counts at least as one. */
export const kibibytesUnderWayMax = 32 * 1024
/** How long a thread that was told to close may take before it is ended. */
const closeMsMax = 10_000

type Failure = JournalError.JournalError | WriteError.WriteError
type Result = WriterResults[WriterRequest["kind"]]

export interface SqliteWriter {
  /** The file was found to be a copy and goes on under a new incarnation. */
  readonly isCopy: boolean
  /** Resolves once the request is durable. `size` is about its number of bytes. */
  readonly call: <R extends WriterRequest>(request: R, size: number) => Effect.Effect<WriterResults[R["kind"]], Failure>
  /** Number of transactions so far. */
  readonly groups: () => number
  /** Kibibytes of requests under way. */
  readonly kibibytesUnderWay: () => number
  /** What the thread kept after its last transaction. */
  readonly caches: () => WriterCaches
}

/** Called in the order of durability, before the request's caller resumes. */
export type OnDurable = (request: WriterRequest, result: Result) => void

interface Pending {
  readonly request: WriterRequest
  readonly kibibytes: number
  readonly resume: (effect: Effect.Effect<Result, Failure>) => void
}

interface Thread {
  readonly worker: Worker
  readonly path: string
  readonly pending: Map<number, Pending>
  readonly onDurable: OnDurable
  groups: number
  caches: WriterCaches
  kibibytesUnderWay: number
  nextId: number
  /** Why nothing can be written any more. */
  ended: string | undefined
}

/** Opens the file in the given thread; it is closed, with everything sent before carried out, with the scope. */
export const make = Effect.fnUntraced(function* (
  settings: WriterSettings,
  onDurable: OnDurable,
  worker: JournalThread.JournalThread = JournalThread.start()
) {
  const { isCopy, thread } = yield* Effect.acquireRelease(start(worker, settings, onDurable), ({ thread }) =>
    close(thread)
  )
  const underWay = yield* Semaphore.make(kibibytesUnderWayMax)
  const writer: SqliteWriter = {
    isCopy,
    call: (request, size) => call(thread, underWay, request, size),
    groups: () => thread.groups,
    kibibytesUnderWay: () => thread.kibibytesUnderWay,
    caches: () => thread.caches
  }
  return writer
})

const call = <R extends WriterRequest>(
  thread: Thread,
  underWay: Semaphore.Semaphore,
  request: R,
  size: number
): Effect.Effect<WriterResults[R["kind"]], Failure> => {
  const permits = Math.min(kibibytesUnderWayMax, 1 + Math.ceil(size / 1024))
  return Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
    Effect.callback<Result, Failure>((resume) => {
      if (thread.ended !== undefined) return resume(Effect.fail(closed(thread)))
      const id = thread.nextId++
      thread.pending.set(id, { request, kibibytes: permits, resume })
      thread.kibibytesUnderWay += permits
      send(thread, { id, nowMs, size, request })
    })
  ).pipe(
    Semaphore.withPermits(underWay, permits),
    // The thread answers each kind of request with that kind's result.
    Effect.map((result) => result as WriterResults[R["kind"]])
  )
}

const send = (thread: Thread, envelope: Envelope): void => {
  const { request } = envelope
  const transfer = request.kind === "receive" ? [request.commits.bytes.buffer] : []
  thread.worker.postMessage(envelope satisfies ToWriter, transfer)
}

const closed = (thread: Thread): JournalError.JournalError =>
  SqliteFailure.toError(thread.path, { tag: "StoreClosed", problem: thread.ended ?? "it was closed" })

const start = (
  worker: JournalThread.JournalThread,
  settings: WriterSettings,
  onDurable: OnDurable
): Effect.Effect<{ readonly isCopy: boolean; readonly thread: Thread }, JournalError.JournalError> =>
  Effect.callback((resume) => {
    const thread: Thread = {
      worker,
      path: settings.folder,
      pending: new Map(),
      onDurable,
      groups: 0,
      caches: { authorBytes: 0, commitAuthors: 0, journalAuthors: 0, watchedDeletes: 0, notedDeletes: 0 },
      kibibytesUnderWay: 0,
      nextId: 1,
      ended: undefined
    }
    worker.on("message", (message: FromWriter) => {
      switch (message.kind) {
        case "ready":
          return resume(Effect.succeed({ isCopy: message.isCopy, thread }))
        case "refused":
          thread.ended = message.failure.problem
          return resume(Effect.fail(SqliteFailure.toError(settings.folder, message.failure)))
        case "answers":
          thread.groups = message.groups
          thread.caches = message.caches
          return settle(thread, message.answers)
        case "closed":
          return end(thread, "it was closed")
      }
    })
    worker.on("error", (error) => end(thread, `its thread failed: ${error.message}`))
    worker.on("exit", (code) => {
      end(thread, `its thread ended with code ${code}`)
      resume(Effect.fail(closed(thread)))
    })
    worker.postMessage({ kind: "open", settings } satisfies ToWriter)
  })

/** Nothing more will be answered: every caller learns it. */
const end = (thread: Thread, problem: string): void => {
  thread.ended ??= problem
  for (const { resume } of thread.pending.values()) resume(Effect.fail(closed(thread)))
  thread.pending.clear()
  thread.kibibytesUnderWay = 0
}

const settle = (thread: Thread, answers: ReadonlyArray<readonly [id: number, answer: Answer]>): void => {
  for (const [id, answer] of answers) {
    const pending = thread.pending.get(id)
    if (pending === undefined) continue
    thread.pending.delete(id)
    thread.kibibytesUnderWay -= pending.kibibytes
    if (answer.kind === "done") thread.onDurable(pending.request, answer.result)
    pending.resume(outcome(thread, answer))
  }
}

const outcome = (thread: Thread, answer: Answer): Effect.Effect<Result, Failure> => {
  switch (answer.kind) {
    case "done":
      return Effect.succeed(answer.result)
    case "refused":
      return Effect.fail(new WriteError.WriteError({ reason: refusal(answer.refusal) }))
    case "failed":
      return Effect.fail(SqliteFailure.toError(thread.path, answer.failure))
    case "defect":
      return Effect.die(new Error(`the journal's thread broke an invariant: ${answer.stack}`))
  }
}

const refusal = (reason: Refusal): WriteError.WriteError["reason"] => {
  if (reason.tag === "SpaceLocked") return new WriteError.SpaceLocked({})
  const { id, tag, type } = reason
  switch (tag) {
    case "EntityNotFound":
      return new WriteError.EntityNotFound({ type, id })
    case "EntityChanged":
      return new WriteError.EntityChanged({ type, id })
    case "EntityInvalid":
      return new WriteError.EntityInvalid({ type, id, field: reason.field, problem: reason.problem })
  }
}

const close = (thread: Thread): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (thread.worker.threadId < 0) return resume(Effect.void)
    thread.worker.once("exit", () => resume(Effect.void))
    thread.worker.postMessage("close" satisfies ToWriter)
  }).pipe(
    Effect.timeoutOrElse({ duration: closeMsMax, orElse: () => Effect.promise(() => thread.worker.terminate()) }),
    Effect.asVoid
  )
