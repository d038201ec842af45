/** Records as they are, or were at a time: lists of a type, and single ones. Nothing here writes. */
import { Journal, type Records } from "@syncline/core"
import { AdminPage, AdminRecords } from "@syncline/core/admin"
import { Effect } from "effect"
import * as HttpServer from "../http/HttpServer.ts"
import { endpoint } from "../rest/Endpoint.ts"
import * as ListPlace from "./ListPlace.ts"
import * as Reader from "./Reader.ts"
import * as RecordRefusal from "./RecordRefusal.ts"
import * as recordProblems from "./recordProblems.ts"
import { because, PlaceUnfit } from "./RecordsError.ts"
import * as RecordView from "./RecordView.ts"

/** As many characters of JSON as a page holds; it holds one record at least. */
const pageLengthMax = 4 * 1024 * 1024

const reading = {
  method: "GET",
  tag: "records",
  access: { kind: "scope", scope: "records:read" },
  problems: recordProblems.all
} as const

interface Found {
  readonly records: ReadonlyArray<typeof AdminRecords.Record.Type>
  /** No more follows. */
  readonly isEnd: boolean
}

/** The records of a page from a place on: in one reading, where what was told before leaves room for that. */
const read = Effect.fnUntraced(function* (
  records: Records.RecordsShape,
  type: string,
  query: AdminRecords.Query,
  { fromId, told }: ListPlace.OfRecords
) {
  const { at, isDescending, limit = AdminPage.pageDefault, orderBy, where } = query
  const question = {
    type,
    where: where === undefined ? {} : AdminRecords.conditionOf(where),
    orderBy: orderBy === undefined ? undefined : { field: orderBy, isDescending: isDescending === "true" },
    fromId,
    lengthMax: pageLengthMax
  }
  const ask = (more: Pick<Journal.EntityQuery, "limit" | "offset">) =>
    at === undefined
      ? records.query({ ...question, ...more })
      : records.queryAt({ ...question, ...more }, AdminRecords.stampOf(at))
  const found: Array<typeof AdminRecords.Record.Type> = []
  let [length, again, offset] = [0, 0, fromId === undefined ? told : 0]
  for (;;) {
    // Those of the first id that were told come again.
    const toldLeft = fromId === undefined ? 0 : told - again
    const wanted = Math.min(limit + 1 - found.length + toldLeft, Journal.queryRowsMax)
    const views = yield* ask({ limit: wanted, offset })
    offset += views.length
    let lengthRead = 0
    for (const view of views) {
      const viewLength = JSON.stringify(view.fields).length
      lengthRead += viewLength
      if (view.id === fromId && again < told) {
        again++
        continue
      }
      length += viewLength
      if (found.length >= limit || (found.length > 0 && length > pageLengthMax)) {
        return { records: found, isEnd: false } satisfies Found
      }
      found.push(RecordView.of(view))
    }
    if (views.length === 0 || (views.length < wanted && lengthRead <= pageLengthMax)) {
      return { records: found, isEnd: true } satisfies Found
    }
  }
})

/** Where the next page begins: where ids are the order, behind the last one and others of its id that were told. */
const nextOf = (
  query: AdminRecords.Query,
  { fromId, told }: ListPlace.OfRecords,
  { records }: Found
): ListPlace.OfRecords => {
  const last = records.at(-1)!
  if (!ListPlace.isById(query)) return { told: told + records.length }
  const same = records.filter(({ id }) => id === last.id).length
  return { fromId: last.id, told: same + (fromId === last.id ? told : 0) }
}

export const recordEndpoints = [
  endpoint({
    ...reading,
    id: "entities.list",
    path: "/entities/:type",
    summary: "Records of a type that the caller may read, by their ids or in another order, now or at a time.",
    params: AdminRecords.OfType,
    query: AdminRecords.Query,
    answer: AdminRecords.Records,
    answerMsMax: HttpServer.reviewMsMax,
    run: Effect.fnUntraced(function* ({ params: { type }, principal, query }) {
      const { records } = yield* Reader.of(principal)
      const place = query.after === undefined ? { told: 0 } : ListPlace.ofRecords(query.after)
      if (place === undefined || (place.fromId !== undefined && !ListPlace.isById(query)))
        return yield* Effect.fail(because(new PlaceUnfit({})))
      const found = yield* read(records, type, query, place)
      return { items: found.records, next: found.isEnd ? null : ListPlace.write(nextOf(query, place, found)) }
    })
  }),
  endpoint({
    ...reading,
    id: "entities.get",
    path: "/entities/:type/:id",
    summary: "A record, now or at a time.",
    params: AdminRecords.OfRecord,
    query: AdminRecords.WhichAt,
    answer: AdminRecords.Record,
    run: Effect.fnUntraced(function* ({ params: { id, type }, principal, query: { at, header } }) {
      const { records } = yield* Reader.of(principal)
      const which = header === undefined ? undefined : AdminRecords.conditionOf(header)
      const view = yield* at === undefined
        ? records.get(type, id, which)
        : records.at(type, id, AdminRecords.stampOf(at), which)
      return view === undefined || view.isDeleted ? yield* RecordRefusal.absent(type, id) : RecordView.of(view)
    })
  })
]
