/** Which types of records there are for who asks, and what their fields are. */
import type { NodeServices } from "@syncline/node"
import { Journal, type Partition } from "@syncline/core"
import { AdminPage, AdminRecords } from "@syncline/core/admin"
import { Effect } from "effect"
import { type AnyEndpoint, endpoint } from "../rest/Endpoint.ts"
import * as FieldKinds from "./FieldKinds.ts"
import * as Reader from "./Reader.ts"
import * as recordProblems from "./recordProblems.ts"
import { because, NoneOfRecords } from "./RecordsError.ts"

const reading = {
  method: "GET",
  tag: "records",
  access: { kind: "scope", scope: "records:read" },
  problems: recordProblems.all
} as const

type TypeCount = typeof AdminRecords.TypeCount.Type

/** Types of which the reader sees a live record. */
const typesFor = Effect.fnUntraced(function* ({ sees }: Reader.Reader) {
  const counts = yield* (yield* Journal.Journal).liveCounts
  const types = new Map<string, TypeCount>()
  for (const { count, partition } of counts) {
    if (count === 0 || !sees(partition)) continue
    types.set(partition.type, more(types.get(partition.type), partition, count))
  }
  return types
})

const more = (known: TypeCount | undefined, { header, type }: Partition.Partition, count: number): TypeCount => ({
  id: type,
  records: (known?.records ?? 0) + count,
  partitions: (known?.partitions ?? 0) + 1,
  header: [...new Set([...(known?.header ?? []), ...Object.keys(header)])].toSorted()
})

export const typeEndpoints: ReadonlyArray<AnyEndpoint<NodeServices>> = [
  endpoint({
    ...reading,
    id: "types.list",
    path: "/types",
    summary: "Types of which the caller may read a record, and how many.",
    query: AdminPage.Query,
    answer: AdminRecords.Types,
    run: Effect.fnUntraced(function* ({ principal, query }) {
      const types = yield* typesFor(yield* Reader.of(principal))
      return AdminPage.cut(types.values(), ({ id }) => id, query)
    })
  }),
  endpoint({
    ...reading,
    id: "types.get",
    path: "/types/:type",
    summary: "A type, with the fields of its first records.",
    params: AdminRecords.OfType,
    answer: AdminRecords.TypeSeen,
    run: Effect.fnUntraced(function* ({ params: { type }, principal }) {
      const reader = yield* Reader.of(principal)
      const known = (yield* typesFor(reader)).get(type)
      if (known === undefined) return yield* Effect.fail(because(new NoneOfRecords({ kind: "type", id: type })))
      const fields = yield* FieldKinds.sample(reader.records, type)
      return { ...known, fields: Object.fromEntries(fields) }
    })
  })
]
