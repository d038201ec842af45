/**
 * `syncline query`: records of one type, chosen by equal fields, in order, as they are or as they were. Everything that
 * matches comes out, page by page, unless a limit says otherwise.
 */
import { type History, type HybridTime, Journal } from "@syncline/core"
import { Effect } from "effect"
import { because, UsageInvalid } from "../CliError.ts"
import * as Device from "../Device.ts"
import * as FieldCondition from "../FieldCondition.ts"
import { Output } from "../Output.ts"
import * as PointInTime from "../PointInTime.ts"
import * as Progress from "../Progress.ts"
import * as RecordRow from "../RecordRow.ts"

export interface QueryInput {
  readonly data: string
  readonly type: string
  readonly where: ReadonlyArray<string>
  readonly orderBy: string | undefined
  readonly limit: number | undefined
  readonly offset: number
  readonly at: string | undefined
  readonly isCounting: boolean
}

export const run = Effect.fnUntraced(function* (input: QueryInput) {
  const output = yield* Output
  // Without a prototype: a field may have any name.
  const where: Record<string, FieldCondition.Scalar> = Object.create(null)
  for (const condition of input.where) {
    const [field, value] = yield* conditionOf(condition)
    where[field] = value
  }
  const orderBy = yield* orderOf(input.orderBy)
  const at = input.at === undefined ? undefined : yield* PointInTime.parse(input.at)
  if (at !== undefined) yield* output.note(`As of ${PointInTime.print(at)}.`)
  const query = { type: input.type, where, orderBy, at }
  const range = { offset: input.offset, limit: input.limit ?? Number.POSITIVE_INFINITY }
  yield* Effect.gen(function* () {
    const isWhole = input.where.length === 0 && input.limit === undefined && input.offset === 0
    const each = <E, R>(onPage: OnPage<E, R>) =>
      isWhole && (orderBy === undefined || input.isCounting)
        ? everything(input.type, at, onPage)
        : eachPage(query, range, onPage)
    const show = yield* RecordRow.showing(input.data)
    if (!input.isCounting) return yield* each((rows) => Effect.flatMap(show(rows), output.lines))
    const counted = { rows: 0 }
    if (isWhole && at === undefined) {
      counted.rows = yield* Journal.Journal.use((journal) => journal.count(input.type))
    } else {
      yield* each((rows) => Effect.sync(() => void (counted.rows += rows.length)))
    }
    yield* output.result({ type: input.type, count: counted.rows }, Progress.count(counted.rows))
  }).pipe(Effect.provide(Device.layerReading(input.data)))
})

type At = HybridTime.HybridTime | undefined
type OnPage<E, R> = (rows: ReadonlyArray<Journal.EntityView>) => Effect.Effect<void, E, R>

/** Pages by offset would sort the whole type once for each of them, so all of it comes in the order of the store. */
const everything = <E, R>(type: string, at: At, onPage: OnPage<E, R>) => {
  const onLive: OnPage<E, R> = (page) => onPage(page.filter((each) => each.type === type && !each.isDeleted))
  return at === undefined ? scan(onLive) : scanAt(type, at, onLive)
}

const scan = Effect.fnUntraced(function* <E, R>(onPage: OnPage<E, R>) {
  const journal = yield* Journal.Journal
  let after: Parameters<typeof journal.scan>[0]
  for (;;) {
    const page = yield* journal.scan(after, RecordRow.pageRows)
    yield* onPage(page)
    if (page.length < RecordRow.pageRows) return
    after = page.at(-1)
  }
})

const scanAt = Effect.fnUntraced(function* <E, R>(type: string, at: HybridTime.HybridTime, onPage: OnPage<E, R>) {
  const journal = yield* Journal.Journal
  let after: History.ScanPosition | undefined
  do {
    const page = yield* journal.scanAt(type, at, after, RecordRow.pagePlaces)
    yield* onPage(page.entities)
    after = page.next
  } while (after !== undefined)
})

const eachPage = Effect.fnUntraced(function* <E, R>(
  { at, ...query }: Pick<Journal.EntityQuery, "type" | "where" | "orderBy"> & { readonly at: At },
  range: { readonly offset: number; readonly limit: number },
  onPage: OnPage<E, R>
) {
  const journal = yield* Journal.Journal
  // A page of the past costs a reading of all records, so pages are as large as they may be.
  const pageRows = at === undefined ? RecordRow.pageRows : Journal.queryRowsMax
  let { limit, offset } = range
  while (limit > 0) {
    const asked = { ...query, limit: Math.min(limit, pageRows), offset }
    const rows = yield* at === undefined ? journal.query(asked) : journal.queryAt(asked, at)
    yield* onPage(rows)
    if (rows.length < asked.limit) return
    limit -= rows.length
    offset += rows.length
  }
})

const conditionOf = Effect.fnUntraced(function* (condition: string) {
  const [field, value] = yield* FieldCondition.parse("--where", condition)
  if (field !== "id") return [field, value] as const
  return yield* because(new UsageInvalid({ problem: "--where cannot ask for the id; use: get <type> <id>" }))
})

const orderOf = Effect.fnUntraced(function* (orderBy: string | undefined) {
  if (orderBy === undefined) return undefined
  const [, field, direction] = /^(.+?)(?::(asc|desc))?$/.exec(orderBy) ?? []
  if (field === undefined) {
    return yield* because(new UsageInvalid({ problem: "--order-by takes a field, or field:desc" }))
  }
  return { field, isDescending: direction === "desc" }
})
