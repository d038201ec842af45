/** Conflicts that the hub found, for who may read the records. What becomes of a record is for whoever writes it. */
import { Journal } from "@syncline/core"
import { AdminPage, AdminRecords } from "@syncline/core/admin"
import type { NodeServices } from "@syncline/node"
import { Effect } from "effect"
import { type AnyEndpoint, endpoint } from "../rest/Endpoint.ts"
import * as conflictSight from "./conflictSight.ts"
import * as Conflicts from "./Conflicts.ts"
import * as Reader from "./Reader.ts"
import * as recordProblems from "./recordProblems.ts"
import { because, PlaceUnfit } from "./RecordsError.ts"

const told = ({ number: _number, ...conflict }: Conflicts.Noted) => conflict

/**
 * So many of the noted ones as somebody sees: of a record that is there no more only who has the whole space. What it does not see
 * takes no place, or a page that goes on would tell of it.
 */
const seenBy = Effect.fnUntraced(function* (
  reader: Reader.Reader,
  noted: ReadonlyArray<Conflicts.Noted>,
  limit: number
) {
  if (reader.isAll) return noted.slice(0, limit)
  const journal = yield* Journal.Journal
  const known = new Map<string, boolean>()
  const seen: Array<Conflicts.Noted> = []
  for (const one of noted) {
    if (seen.length === limit) break
    const record = JSON.stringify([one.type, one.id, one.header])
    let isSeen = known.get(record)
    if (isSeen === undefined) {
      const places = (yield* journal.liveOf(one.type, one.id)).map(({ partition }) => partition)
      isSeen = conflictSight.sees(one, places, reader.sees)
      known.set(record, isSeen)
    }
    if (isSeen) seen.push(one)
  }
  return seen
})

export const conflictEndpoints: ReadonlyArray<AnyEndpoint<NodeServices | Conflicts.Conflicts>> = [
  endpoint({
    id: "conflicts.list",
    method: "GET",
    path: "/conflicts",
    summary:
      "Fields that two devices wrote without knowing of each other, the newest first; the last 1,024 that the hub found.",
    tag: "records",
    access: { kind: "scope", scope: "records:read" },
    query: AdminRecords.ConflictQuery,
    answer: AdminRecords.Conflicts,
    problems: recordProblems.all,
    run: Effect.fnUntraced(function* ({ principal, query: { after, id, limit = AdminPage.pageDefault, type } }) {
      const reader = yield* Reader.of(principal)
      const before = after === undefined ? undefined : Number(after)
      if (before !== undefined && !Number.isSafeInteger(before)) return yield* Effect.fail(because(new PlaceUnfit({})))
      const conflicts = yield* Conflicts.Conflicts
      const all = (yield* conflicts.newest(before)).filter(
        (one) => (type === undefined || one.type === type) && (id === undefined || one.id === id)
      )
      const seen = yield* seenBy(reader, all, limit + 1)
      const page = seen.slice(0, limit)
      const next = seen.length > limit ? String(page.at(-1)!.number) : null
      return { items: page.map(told), next, missed: reader.isAll ? yield* conflicts.missed : 0 }
    })
  })
]
