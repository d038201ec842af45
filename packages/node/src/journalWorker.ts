/**
 * Entry of the writing thread: it owns the one writing connection of a journal, collects what is queued while a
 * transaction runs, and commits it as the next group. It decides nothing about data; that is core's writer and
 * receiver. Bounds of a group stand here, those of the queue before it in `SqliteWriter`.
 */
import { statSync } from "node:fs"
import { flushCompileCache } from "node:module"
import { type MessagePort, parentPort } from "node:worker_threads"
import { Author, Commit, DeleteWatch, type JournalWriter, KeyRing, PeerId, SealLook, Unlocking } from "@syncline/core"
import type Database from "better-sqlite3"
import * as GroupCommit from "./GroupCommit.ts"
import { LogEmptying } from "./LogEmptying.ts"
import * as NodeCompression from "./NodeCompression.ts"
import * as NodeCrypto from "./NodeCrypto.ts"
import * as SqliteConnection from "./SqliteConnection.ts"
import * as SqliteFailure from "./SqliteFailure.ts"
import * as SqliteIdentity from "./SqliteIdentity.ts"
import { SqliteTables } from "./SqliteTables.ts"
import type { Envelope, FromWriter, OpenMessage, WriterCaches, WriterResults, WriterSettings } from "./WriterMessage.ts"

/** Requests of one transaction; more wait for the next. */
const requestsPerGroupMax = 512
/** Bytes of one transaction's requests; a single larger request is a group of its own. */
const bytesPerGroupMax = 8 * 1024 * 1024
/** Groups between two looks at the size of the log. */
const groupsPerLogCheck = 64
/** How long moving a large log into the file may wait for readers. */
const checkpointWaitMsMax = 250

interface Writer {
  readonly db: Database.Database
  readonly context: JournalWriter.WriterContext
  readonly tables: SqliteTables
  readonly emptying: LogEmptying
  readonly settings: WriterSettings
  readonly send: (message: FromWriter) => void
  /** The file was found to be a copy and goes on under a new incarnation. */
  readonly isCopy: boolean
}

const open = (settings: WriterSettings, send: Writer["send"]): Writer => {
  const db = SqliteConnection.openForWriting(settings.file)
  try {
    const signer = NodeCrypto.signerOf(settings.seed)
    const peer = PeerId.fromPublicKey(signer.publicKey)
    const { isCopy } = SqliteIdentity.establish(db, settings.file, settings.space, peer)
    const tables = new SqliteTables(db, settings.space)
    const emptying = new LogEmptying({ db, tables, folder: settings.folder, busyMs: SqliteConnection.busyMsMax })
    const { functions: crypto } = NodeCrypto
    const { functions: compression } = NodeCompression
    const context: JournalWriter.WriterContext = {
      tables,
      crypto,
      compression,
      space: settings.space,
      signer: { ...signer, peer },
      deleteWatch: new DeleteWatch.DeleteWatch(),
      keys: new KeyRing.KeyRing(settings.space, settings.held)
    }
    assertPassphrase(context)
    tables.begin()
    Unlocking.noteNewest(context)
    tables.commit()
    return { db, tables, emptying, settings, send, isCopy, context }
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * A journal begins with keys where they are made of passphrases. Those of which none sealed anything here are most likely
 * mistyped, and what is sealed with them nobody else could read.
 */
const assertPassphrase = ({ keys, tables }: JournalWriter.WriterContext): void => {
  if (keys.size > 0 && SealLook.at(tables, keys) === "lacking") {
    throw new SqliteFailure.StoreRefusal("StoreSealed", "none of the passphrases given sealed what is here")
  }
}

/** Moves a log that grew beyond its bound into the file. Where the disk does not let it, a later look tries again. */
const cutLog = ({ db, settings }: Writer): void => {
  try {
    const log = statSync(SqliteConnection.logFile(settings.file), { throwIfNoEntry: false })
    if (log === undefined || log.size <= SqliteConnection.logBytesMax) return
    db.pragma(`busy_timeout = ${checkpointWaitMsMax}`)
    db.pragma("wal_checkpoint(RESTART)")
  } catch (error) {
    // What is written is in the log and safe; whoever writes next is told what is wrong.
    if (SqliteFailure.ofError(error, settings.folder) === undefined) throw error
  } finally {
    db.pragma(`busy_timeout = ${SqliteConnection.busyMsMax}`)
  }
}

/** True when a partition was taken out to its end, or commits left the quarantine that may not even be here. */
const hasTakenOut = (group: ReadonlyArray<Envelope>, answers: ReturnType<typeof GroupCommit.run>): boolean =>
  group.some(({ request }, i) => {
    const answer = answers[i]![1]
    if (answer.kind !== "done") return false
    if (request.kind === "discard") return request.isForbidden
    return request.kind === "purge" && (answer.result as WriterResults["purge"]).isEnd
  })

/** Whoever is told that something is gone finds nothing of it, unless somebody reads the file. */
const emptyLog = (
  { emptying }: Writer,
  group: ReadonlyArray<Envelope>,
  answers: ReturnType<typeof GroupCommit.run>
) => {
  if (hasTakenOut(group, answers)) emptying.now()
  else emptying.soon()
}

const cachesOf = ({ context, tables }: Writer): WriterCaches => ({
  authorBytes: Author.bytesCachedAuthors(),
  commitAuthors: Commit.cachedAuthors(),
  journalAuthors: tables.cachedAuthors(),
  watchedDeletes: context.deleteWatch.size,
  notedDeletes: context.deleteWatch.notedCommits
})

const close = ({ db, emptying, send }: Writer): void => {
  emptying.end()
  db.close()
  send({ kind: "closed" })
}

/** Takes the next group from the queue. */
const nextGroup = (queue: Array<Envelope>): Array<Envelope> => {
  let count = 0
  let bytes = 0
  while (count < queue.length && count < requestsPerGroupMax) {
    bytes += queue[count]!.size
    if (count > 0 && bytes > bytesPerGroupMax) break
    count++
  }
  return queue.splice(0, count)
}

/** Answers messages until it is told to close. */
const serve = (writer: Writer, onMessage: (handler: (message: Envelope | "close") => void) => () => void): void => {
  const queue: Array<Envelope> = []
  let groups = 0
  let isScheduled = false
  let isClosing = false

  const step = (): void => {
    isScheduled = false
    const group = nextGroup(queue)
    if (group.length > 0) {
      const answers = GroupCommit.run(writer.context, writer.tables, writer.settings.folder, group)
      groups++
      if (writer.tables.isTidyingDue()) emptyLog(writer, group, answers)
      writer.send({ kind: "answers", answers, groups, caches: cachesOf(writer) })
      if (groups % groupsPerLogCheck === 0) cutLog(writer)
    }
    if (queue.length > 0) schedule()
    else if (isClosing) {
      stop()
      close(writer)
    }
  }
  // What arrived meanwhile is delivered before the next immediate, so it joins the same group.
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(step)
  }
  const stop = onMessage((message) => {
    if (message === "close") isClosing = true
    else queue.push(message)
    schedule()
  })
}

const start = (): void => {
  const port = parentPort
  if (port === null) throw new Error("journalWorker runs only as a worker thread")
  const send = (message: FromWriter): void => port.postMessage(message)
  port.once("message", (message: OpenMessage) => openAndServe(port, message.settings, send))
}

const openAndServe = (port: MessagePort, settings: WriterSettings, send: Writer["send"]): void => {
  let writer: Writer
  try {
    writer = open(settings, send)
  } catch (error) {
    const failure = SqliteFailure.ofError(error, settings.folder)
    if (failure === undefined) throw error
    send({ kind: "refused", failure })
    return
  }
  // An earlier run may have ended, or found readers, before it could.
  writer.emptying.now()
  serve(writer, (handler) => {
    port.on("message", handler)
    return () => port.off("message", handler)
  })
  send({
    kind: "ready",
    info: SqliteIdentity.read(writer.db)!,
    isCopy: writer.isCopy
  })
  // Does nothing in a program that keeps no compiled code.
  flushCompileCache()
}

start()
