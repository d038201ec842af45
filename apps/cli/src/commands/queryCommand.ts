/**
 * `syncline query`: records of one type, chosen by equal fields, in order. Everything that matches comes out, page by
 * page, unless a limit says otherwise.
 */
import { Journal } from "@syncline/core"
import { Effect } from "effect"
import { because, UsageInvalid } from "../CliError.ts"
import * as Device from "../Device.ts"
import { Output } from "../Output.ts"
import * as Progress from "../Progress.ts"
import * as RecordRow from "../RecordRow.ts"

export interface QueryInput {
  readonly data: string
  readonly type: string
  readonly where: ReadonlyArray<string>
  readonly orderBy: string | undefined
  readonly limit: number | undefined
  readonly offset: number
  readonly isCounting: boolean
}

export const run = Effect.fnUntraced(function* (input: QueryInput) {
  const output = yield* Output
  const where: Record<string, Scalar> = {}
  for (const condition of input.where) {
    const [field, value] = yield* conditionOf(condition)
    where[field] = value
  }
  const orderBy = yield* orderOf(input.orderBy)
  const query = { type: input.type, where, orderBy }
  const range = { offset: input.offset, limit: input.limit ?? Number.POSITIVE_INFINITY }
  yield* Effect.gen(function* () {
    const isWhole = input.where.length === 0 && input.limit === undefined && input.offset === 0
    if (!input.isCounting && isWhole && orderBy === undefined) return yield* everything(input.type, output.lines)
    if (!input.isCounting)
      return yield* eachPage(query, range, (rows) => output.lines(rows.map((row) => RecordRow.of(row))))
    const counted = { rows: 0 }
    if (isWhole) {
      counted.rows = yield* Journal.Journal.use((journal) => journal.count(input.type))
    } else {
      yield* eachPage(query, range, (rows) => Effect.sync(() => void (counted.rows += rows.length)))
    }
    yield* output.result({ type: input.type, count: counted.rows }, Progress.count(counted.rows))
  }).pipe(Effect.provide(Device.layerReading(input.data)))
})

/** Pages by offset would sort the whole type once for each of them, so all of it comes in the order of the store. */
const everything = Effect.fnUntraced(function* <E>(
  type: string,
  onRows: (rows: ReadonlyArray<unknown>) => Effect.Effect<void, E>
) {
  const journal = yield* Journal.Journal
  let after: Parameters<typeof journal.scan>[0]
  for (;;) {
    const page = yield* journal.scan(after, RecordRow.pageRows)
    yield* onRows(page.filter((each) => each.type === type && !each.isDeleted).map((each) => RecordRow.of(each)))
    if (page.length < RecordRow.pageRows) return
    after = page.at(-1)
  }
})

type Scalar = Journal.EntityQuery["where"][string]

const eachPage = Effect.fnUntraced(function* <E, R>(
  query: Pick<Journal.EntityQuery, "type" | "where" | "orderBy">,
  range: { readonly offset: number; readonly limit: number },
  onPage: (rows: ReadonlyArray<Journal.EntityView>) => Effect.Effect<void, E, R>
) {
  const journal = yield* Journal.Journal
  let { limit, offset } = range
  while (limit > 0) {
    const wanted = Math.min(limit, RecordRow.pageRows)
    const rows = yield* journal.query({ ...query, limit: wanted, offset })
    yield* onPage(rows)
    if (rows.length < wanted) return
    limit -= rows.length
    offset += rows.length
  }
})

/** `field=value`; a value that reads as a JSON number, truth value, null or quoted text is that, else it is a text. */
const conditionOf = Effect.fnUntraced(function* (condition: string) {
  const at = condition.indexOf("=")
  const field = condition.slice(0, at)
  if (at < 1) {
    return yield* because(new UsageInvalid({ problem: `--where ${condition}: write it as --where field=value` }))
  }
  if (field === "id") {
    return yield* because(new UsageInvalid({ problem: "--where cannot ask for the id; use: get <type> <id>" }))
  }
  return [field, scalarOf(condition.slice(at + 1))] as const
})

const scalarOf = (text: string): Scalar => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? text : (value as Scalar)
  } catch {
    return text
  }
}

const orderOf = Effect.fnUntraced(function* (orderBy: string | undefined) {
  if (orderBy === undefined) return undefined
  const [, field, direction] = /^(.+?)(?::(asc|desc))?$/.exec(orderBy) ?? []
  if (field === undefined) {
    return yield* because(new UsageInvalid({ problem: "--order-by takes a field, or field:desc" }))
  }
  return { field, isDescending: direction === "desc" }
})
