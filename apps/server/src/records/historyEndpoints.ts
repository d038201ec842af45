/** What became of records, and taking it back: histories, restoring and undoing. What is taken back is written anew. */
import { type Author, Entity, type EntityTimeline, HybridTime, type Records } from "@syncline/core"
import { AdminRecords } from "@syncline/core/admin"
import { Effect } from "effect"
import * as HttpServer from "../http/HttpServer.ts"
import { endpoint } from "../rest/Endpoint.ts"
import * as ListPlace from "./ListPlace.ts"
import * as Reader from "./Reader.ts"
import * as recordProblems from "./recordProblems.ts"
import { because, PlaceUnfit } from "./RecordsError.ts"
import * as RecordView from "./RecordView.ts"

const common = { tag: "records", problems: recordProblems.all, answerMsMax: HttpServer.reviewMsMax } as const
const writing = { ...common, method: "POST", access: { kind: "scope", scope: "records:write" } } as const

/** Arrival numbers are this journal's own, and would tell of what else arrived. */
const changeOf = ({ at, author, changes, commit, event, group, kind }: EntityTimeline.HistoryEntry) => ({
  at,
  atMs: HybridTime.millis(at),
  author,
  event,
  commit,
  group: group ?? null,
  kind,
  changes: changes.map(fieldChangeOf)
})

const fieldChangeOf = (change: EntityTimeline.FieldChange) => {
  if (change.kind !== "lww") return change
  const { previous, ...more } = change
  return previous === undefined ? more : change
}

const positionOf = (text: string | undefined): EntityTimeline.HistoryPosition | "unfit" | undefined => {
  if (text === undefined) return undefined
  const place = ListPlace.ofHistory(text)
  if (place === undefined) return "unfit"
  return { at: place.at as HybridTime.HybridTime, author: place.author as Author.Author, event: place.event }
}

const undoneOf = ({ commits, entities }: Records.UndoOutcome) => ({
  commits,
  entities: entities.slice(0, AdminRecords.undoneToldMax).map(({ becomes, fields, header, id, skipped, type }) => ({
    type,
    header,
    id,
    fields,
    becomes: becomes ?? null,
    skipped: skipped.map(({ because: why, field }) => ({ field: field ?? null, because: why }))
  })),
  entitiesCount: entities.length
})

export const historyEndpoints = [
  endpoint({
    ...common,
    id: "entities.history",
    method: "GET",
    path: "/entities/:type/:id/history",
    summary: "What became of a record, the newest first by the clocks of its authors; also of a deleted one.",
    access: { kind: "scope", scope: "records:read" },
    params: AdminRecords.OfRecord,
    query: AdminRecords.HistoryQuery,
    answer: AdminRecords.History,
    run: Effect.fnUntraced(function* ({ params: { id, type }, principal, query }) {
      const { records } = yield* Reader.of(principal)
      const { after, header, limit = AdminRecords.historyDefault } = query
      const before = positionOf(after)
      if (before === "unfit") return yield* Effect.fail(because(new PlaceUnfit({})))
      const partition = header === undefined ? undefined : { type, header: AdminRecords.conditionOf(header) }
      const entries = yield* records.history({ type, id, partition, before, limit: limit + 1 })
      const items = entries.slice(0, limit)
      const last = items.at(-1)
      const isEnd = entries.length <= limit || last === undefined
      const next = isEnd ? null : ListPlace.write({ at: last.at, author: last.author, event: last.event })
      return { items: items.map(changeOf), next }
    })
  }),
  endpoint({
    ...writing,
    id: "entities.restore",
    path: "/entities/:type/:id/restore",
    summary: "Makes a record look as it did at a time; also one that was deleted since.",
    params: AdminRecords.OfRecord,
    body: AdminRecords.Restoring,
    answer: AdminRecords.Written,
    audit: ({ body: { at }, params }, { commits }) =>
      `restored ${RecordView.named(params)} as of ${at}, ${RecordView.commitsTold(commits)}`,
    run: Effect.fnUntraced(function* ({ body: { at, header }, params: { id, type }, principal }) {
      const { records } = yield* Reader.of(principal)
      const { commits, entities } = yield* records.restore(Entity.open(type), id, AdminRecords.stampOf(at), header)
      const view = yield* records.get(type, id, header ?? entities[0]?.header)
      return { id, commits, record: view === undefined ? null : RecordView.of(view) }
    })
  }),
  endpoint({
    ...writing,
    id: "undo",
    path: "/undo",
    summary: "Takes back what is still in force of commits, one after the other, or of a transaction.",
    body: AdminRecords.Undoing,
    answer: AdminRecords.Undone,
    audit: ({ body: { commits = [], group } }, undone) => {
      const what = group === undefined ? `${commits.length} commits from ${commits[0]}` : `the transaction ${group}`
      return `undid ${what}, ${RecordView.commitsTold(undone.commits)}`
    },
    run: Effect.fnUntraced(function* ({ body: { commits = [], group }, principal }) {
      const { records } = yield* Reader.of(principal)
      const targets = group === undefined ? commits.map((commit) => ({ commit })) : [{ group }]
      return undoneOf(yield* records.undoAll(targets))
    })
  })
]
