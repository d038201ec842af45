/** The quarantine: what waits of which the caller sees the partition, and deciding on it. What a decision does is the desk's. */
import type { NodeServices } from "@syncline/node"
import { Commit, Journal, type Quarantine, QuarantineDesk } from "@syncline/core"
import { AdminPage, AdminQuarantine } from "@syncline/core/admin"
import { Effect, Stream } from "effect"
import * as HttpServer from "../http/HttpServer.ts"
import { type AnyEndpoint, type Call, endpoint } from "../rest/Endpoint.ts"
import * as Reader from "./Reader.ts"
import * as recordProblems from "./recordProblems.ts"
import { because, NoneOfRecords, SelectionTooWide } from "./RecordsError.ts"

/** Entries that one answer looks through for those that are to be seen. */
const lookedMax = 2_000

const common = { tag: "quarantine", problems: recordProblems.all, answerMsMax: HttpServer.reviewMsMax } as const
const reading = { ...common, method: "GET", access: { kind: "scope", scope: "records:read" } } as const
const deciding = { ...common, method: "POST", body: AdminQuarantine.Decided, answer: AdminQuarantine.Outcome } as const

/** Where a commit of the quarantine lies; `undefined` where that cannot be read, or it is gone. */
const partitionOf = Effect.fnUntraced(function* (id: string) {
  const row = yield* (yield* Journal.Journal).quarantined(id)
  const packed = row === undefined ? "gone" : Commit.open(row.bytes)
  return typeof packed === "string" ? undefined : packed.header.partition
})

/** What cannot be read is for who has the whole space. */
const isSeen = (reader: Reader.Reader, id: string) =>
  reader.isAll
    ? Effect.succeed(true)
    : Effect.map(partitionOf(id), (partition) => partition !== undefined && reader.sees(partition))

const page = Effect.fnUntraced(function* (reader: Reader.Reader, query: typeof AdminQuarantine.Query.Type) {
  const desk = yield* QuarantineDesk.QuarantineDesk
  const { after = 0, limit = AdminPage.pageDefault, reason } = query
  const items: Array<Quarantine.QuarantineEntry> = []
  let upto = after
  for (let looked = 0; looked < lookedMax;) {
    const entries = yield* desk.list({ after: upto, limit, reason })
    for (const entry of entries) {
      if (items.length === limit) return { items, next: String(upto) }
      upto = entry.place
      if (yield* isSeen(reader, entry.id)) items.push(entry)
    }
    looked += entries.length
    if (entries.length < limit) return { items, next: null }
  }
  return { items, next: String(upto) }
})

type Decide = (ids: ReadonlyArray<string>) => ReturnType<QuarantineDesk.QuarantineDeskShape["release"]>
type DecideWhere = QuarantineDesk.QuarantineDeskShape["releaseWhere"]

/** Whoever does not have the whole space decides on what it could have written itself; what it does not see is unknown. */
const decide = Effect.fnUntraced(function* (
  { body: { ids, reason, ...of }, principal }: Call<unknown, unknown, typeof AdminQuarantine.Decided.Type>,
  each: Decide,
  where: DecideWhere
) {
  const reader = yield* Reader.of(principal)
  if (ids === undefined) {
    if (!reader.isAll) return yield* Effect.fail(because(new SelectionTooWide({})))
    return yield* where({ reason: reason!, ...of })
  }
  const answers = new Map<string, QuarantineDesk.QuarantineAnswer>()
  const asked: Array<string> = []
  for (const id of new Set(ids)) {
    const refusal = reader.isAll ? undefined : yield* refusalOf(reader, id)
    if (refusal === undefined) asked.push(id)
    else answers.set(id, refusal)
  }
  for (const answer of yield* each(asked)) answers.set(answer.id, answer)
  const all = [...new Set(ids)].map((id) => answers.get(id)!)
  const done = all.filter(({ outcome }) => outcome === "released" || outcome === "discarded").length
  const stayed = all.filter(({ outcome }) => outcome === "waiting" || outcome === "denied").length
  return { done, stayed, answers: all }
})

const unsaid = { rule: "", policyVersion: 0, reason: null } as const

const refusalOf = Effect.fnUntraced(function* (reader: Reader.Reader, id: string) {
  const partition = yield* partitionOf(id)
  let answer: QuarantineDesk.QuarantineAnswer | undefined
  if (partition === undefined || !reader.sees(partition)) {
    answer = { ...unsaid, id, outcome: "unknown", because: "it is not in quarantine" }
  } else if (!reader.decides(partition)) {
    const words = "deciding on it takes the rights to create, update and delete there"
    answer = { ...unsaid, id, outcome: "denied", because: words }
  }
  return answer
})

const told =
  (act: string) =>
  (
    { body: { ids, reason } }: Call<unknown, unknown, typeof AdminQuarantine.Decided.Type>,
    { done, stayed }: typeof AdminQuarantine.Outcome.Type
  ): string =>
    `${act} ${ids === undefined ? reason : `${ids.length} commits from ${ids[0]}`} in quarantine: ${done} done, ${stayed} stay`

export const quarantineEndpoints: ReadonlyArray<AnyEndpoint<NodeServices>> = [
  endpoint({
    ...reading,
    id: "quarantine.list",
    path: "/quarantine",
    summary: "Commits that wait and what for, in the order in which they came.",
    query: AdminQuarantine.Query,
    answer: AdminQuarantine.Entries,
    run: Effect.fnUntraced(function* ({ principal, query }) {
      const reader = yield* Reader.of(principal)
      const found = yield* page(reader, query)
      const counts = reader.isAll ? yield* (yield* QuarantineDesk.QuarantineDesk).counts : null
      return { ...found, counts }
    })
  }),
  endpoint({
    ...reading,
    id: "quarantine.get",
    path: "/quarantine/:id",
    summary: "A commit that waits, with what it would do.",
    params: AdminQuarantine.OfCommit,
    answer: AdminQuarantine.Shown,
    run: Effect.fnUntraced(function* ({ params: { id }, principal }) {
      const reader = yield* Reader.of(principal)
      const shown = (yield* isSeen(reader, id)) ? yield* (yield* QuarantineDesk.QuarantineDesk).show(id) : undefined
      if (shown !== undefined) return shown
      return yield* Effect.fail(because(new NoneOfRecords({ kind: "commit in quarantine", id })))
    })
  }),
  endpoint({
    ...reading,
    id: "quarantine.export",
    path: "/quarantine/export",
    summary: "Commits that wait, as a file with a line for each: what they are and the bytes that were signed.",
    query: AdminQuarantine.ExportQuery,
    answer: "file",
    run: Effect.fnUntraced(function* ({ principal, query: { reason } }) {
      const reader = yield* Reader.of(principal)
      const [desk, journal] = [yield* QuarantineDesk.QuarantineDesk, yield* Journal.Journal]
      const seen = ({ id }: QuarantineDesk.QuarantineExport) =>
        Effect.provideService(isSeen(reader, id), Journal.Journal, journal)
      const lines = desk.export(reason).pipe(Stream.filterEffect(seen))
      return {
        mediaType: "application/x-ndjson; charset=utf-8",
        fileName: "quarantine.ndjson",
        text: lines.pipe(
          Stream.map((line) => `${JSON.stringify(line)}\n`),
          Stream.orDie
        )
      }
    })
  }),
  endpoint({
    ...deciding,
    id: "quarantine.release",
    path: "/quarantine/release",
    summary: "Applies commits that wait, as far as the policy lets them in now.",
    access: { kind: "scope", scope: "quarantine:write" },
    audit: told("released"),
    run: Effect.fnUntraced(function* (call) {
      const desk = yield* QuarantineDesk.QuarantineDesk
      return yield* decide(call, desk.release, desk.releaseWhere)
    })
  }),
  endpoint({
    ...deciding,
    id: "quarantine.discard",
    path: "/quarantine/discard",
    summary: "Drops commits that wait; of a mass delete the records are kept.",
    access: { kind: "scope", scope: "quarantine:write", isFresh: true },
    audit: told("discarded"),
    run: Effect.fnUntraced(function* (call) {
      const desk = yield* QuarantineDesk.QuarantineDesk
      return yield* decide(call, desk.discard, desk.discardWhere)
    })
  })
]
