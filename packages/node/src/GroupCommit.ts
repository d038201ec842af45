/**
 * Runs many requests as one durable transaction: what a journal writes costs one flush of the disk however many callers
 * wait for it. A refused request undoes only itself; a failing store fails the whole group, and nothing of it is kept.
 * Answers exist only after the commit. It knows no threads and no queue.
 */
import {
  DeleteReversal,
  JournalReceiver,
  JournalWriter,
  Purge,
  Quarantine,
  Unlocking,
  Withdrawal,
  WriteError
} from "@syncline/core"
import * as SqliteFailure from "./SqliteFailure.ts"
import type { SqliteTables } from "./SqliteTables.ts"
import * as WriterMessage from "./WriterMessage.ts"

/** A refusal or defect of one request; a failure of the store is thrown on. */
const ofRequest = (error: unknown, folder: string): WriterMessage.Answer => {
  if (error instanceof WriteError.EntityInvalid) {
    const { field, id, problem, type } = error
    return { kind: "refused", refusal: { tag: "EntityInvalid", type, id, field, problem } }
  }
  if (error instanceof WriteError.EntityNotFound || error instanceof WriteError.EntityChanged) {
    return { kind: "refused", refusal: { tag: error._tag, type: error.type, id: error.id } }
  }
  if (error instanceof WriteError.SpaceLocked) return { kind: "refused", refusal: { tag: "SpaceLocked" } }
  if (SqliteFailure.ofError(error, folder) !== undefined) throw error
  return defect(error)
}

const defect = (error: unknown): WriterMessage.Answer => ({
  kind: "defect",
  stack: error instanceof Error ? (error.stack ?? error.message) : String(error)
})

const perform = (
  context: JournalWriter.WriterContext,
  store: SqliteTables,
  { nowMs, request }: WriterMessage.Envelope
): WriterMessage.WriterResults[WriterMessage.WriterRequest["kind"]] => {
  const { tables } = context
  switch (request.kind) {
    case "write":
      return JournalWriter.write(context, WriterMessage.parseChanges(request), nowMs, request.group)
    case "receive":
      return JournalReceiver.receive(
        context,
        { ...request.batch, commits: WriterMessage.split(request.commits) },
        nowMs
      )
    case "release": {
      const { deleteLimits, ids, strangers } = request
      const released = JournalReceiver.release(context, rowsOf(context, ids), nowMs, { deleteLimits, strangers })
      return { ...released, head: tables.head() }
    }
    case "revertDeletes":
      return { ...DeleteReversal.revertDeletes(context, rowsOf(context, request.ids), nowMs), head: tables.head() }
    case "discard":
      return discard(context, store, request)
    case "settle":
      return { ...Withdrawal.settle(context, request.settlement, nowMs), head: tables.head() }
    case "purge":
      return purge(context, store, request, nowMs)
    case "hold":
      context.keys.hold(request.held)
      return undefined
    case "unlock":
      return { ...Unlocking.step(context, request.after, nowMs), head: tables.head() }
    case "renew":
      JournalReceiver.renew(context)
      return undefined
    case "setCursor":
      tables.setPeer({ ...tables.peerOf(request.peer, request.incarnation), cursor: request.cursor })
      return undefined
    case "disown":
      Withdrawal.disown(context, request.peers)
      return undefined
  }
}

const rowsOf = ({ tables }: JournalWriter.WriterContext, ids: ReadonlyArray<string>) =>
  [...new Set(ids)].flatMap((id) => tables.quarantineRow(id) ?? [])

const purge = (
  context: JournalWriter.WriterContext,
  store: SqliteTables,
  { partition, why }: WriterMessage.PurgeRequest,
  nowMs: number
): WriterMessage.WriterResults["purge"] => {
  const step = Purge.step(context, partition, why, nowMs)
  if (step.commits > 0) store.setLogDue()
  return { ...step, head: store.head() }
}

const discard = (
  context: JournalWriter.WriterContext,
  store: SqliteTables,
  { ids, isForbidden }: WriterMessage.DiscardRequest
): WriterMessage.WriterResults["discard"] => {
  const rows = rowsOf(context, ids)
  for (const { id } of rows) store.removeQuarantine(id)
  if (isForbidden && rows.length > 0) store.setLogDue()
  return rows.map(Quarantine.entryOf)
}

/** Runs the requests in order and answers each. `tables` are those of the context. */
export const run = (
  context: JournalWriter.WriterContext,
  tables: SqliteTables,
  folder: string,
  group: ReadonlyArray<WriterMessage.Envelope>
): ReadonlyArray<readonly [id: number, answer: WriterMessage.Answer]> => {
  try {
    tables.begin()
    const answers = group.map((envelope) => [envelope.id, attempt(context, tables, folder, envelope)] as const)
    tables.commit()
    return answers
  } catch (error) {
    const answer = undo(tables, folder, error)
    return group.map(({ id }) => [id, answer] as const)
  }
}

const attempt = (
  context: JournalWriter.WriterContext,
  tables: SqliteTables,
  folder: string,
  envelope: WriterMessage.Envelope
): WriterMessage.Answer => {
  try {
    return { kind: "done", result: tables.savepoint(() => perform(context, tables, envelope)) }
  } catch (error) {
    return ofRequest(error, folder)
  }
}

const undo = (tables: SqliteTables, folder: string, error: unknown): WriterMessage.Answer => {
  tables.rollback()
  const failure = SqliteFailure.ofError(error, folder)
  return failure === undefined ? defect(error) : { kind: "failed", failure }
}
