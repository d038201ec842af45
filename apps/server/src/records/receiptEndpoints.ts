/** Receipts: what became of the hub's own commits elsewhere, of those whose records the caller may read. */
import type { NodeServices } from "@syncline/node"
import { Commit, DeviceKey, Journal, QuarantineDesk, type Receipt } from "@syncline/core"
import { AdminPage, AdminQuarantine } from "@syncline/core/admin"
import { Effect } from "effect"
import * as HttpServer from "../http/HttpServer.ts"
import { type AnyEndpoint, endpoint } from "../rest/Endpoint.ts"
import * as Reader from "./Reader.ts"
import * as recordProblems from "./recordProblems.ts"
import { because, NoneOfRecords } from "./RecordsError.ts"

/** Receipts that one answer looks through for those that are to be seen. */
const lookedMax = 2_000

const reading = {
  method: "GET",
  tag: "receipts",
  access: { kind: "scope", scope: "records:read" },
  problems: recordProblems.all,
  answerMsMax: HttpServer.reviewMsMax
} as const

/** Where a commit lies: as it is stored, or as it waits since it was taken back. */
const partitionOf = Effect.fnUntraced(function* ({ commit, lseq, status }: Receipt.Receipt) {
  const journal = yield* Journal.Journal
  const { peer } = yield* DeviceKey.DeviceKey
  if (status !== "rejected") {
    const [stored] = (yield* journal.feed(lseq - 1, peer, 1)).commits
    return stored?.lseq === lseq ? stored.partition : undefined
  }
  const row = yield* journal.quarantined(commit)
  const packed = row === undefined ? "gone" : Commit.open(row.bytes)
  return typeof packed === "string" ? undefined : packed.header.partition
})

const isSeen = (reader: Reader.Reader, receipt: Receipt.Receipt) =>
  reader.isAll
    ? Effect.succeed(true)
    : Effect.map(partitionOf(receipt), (partition) => partition !== undefined && reader.sees(partition))

const page = Effect.fnUntraced(function* (reader: Reader.Reader, query: typeof AdminQuarantine.ReceiptQuery.Type) {
  const desk = yield* QuarantineDesk.QuarantineDesk
  const { after = 0, limit = AdminPage.pageDefault, status } = query
  const items: Array<Receipt.Receipt> = []
  let upto = after
  for (let looked = 0; looked < lookedMax;) {
    const receipts = yield* desk.receipts({ after: upto, limit, status })
    for (const receipt of receipts) {
      if (items.length === limit) return { items, next: String(upto) }
      upto = receipt.lseq
      if (yield* isSeen(reader, receipt)) items.push(receipt)
    }
    looked += receipts.length
    if (receipts.length < limit) return { items, next: null }
  }
  return { items, next: String(upto) }
})

export const receiptEndpoints: ReadonlyArray<AnyEndpoint<NodeServices>> = [
  endpoint({
    ...reading,
    id: "receipts.list",
    path: "/receipts",
    summary: "What became of the hub's own commits, in the order in which they were written.",
    query: AdminQuarantine.ReceiptQuery,
    answer: AdminQuarantine.Receipts,
    run: Effect.fnUntraced(function* ({ principal, query }) {
      return yield* page(yield* Reader.of(principal), query)
    })
  }),
  endpoint({
    ...reading,
    id: "receipts.get",
    path: "/receipts/:id",
    summary: "What became of one of the hub's own commits.",
    params: AdminQuarantine.OfCommit,
    answer: AdminQuarantine.Receipt,
    run: Effect.fnUntraced(function* ({ params: { id }, principal }) {
      const reader = yield* Reader.of(principal)
      const receipt = yield* (yield* QuarantineDesk.QuarantineDesk).receipt(id)
      if (receipt !== undefined && (yield* isSeen(reader, receipt))) return receipt
      return yield* Effect.fail(because(new NoneOfRecords({ kind: "receipt", id })))
    })
  })
]
