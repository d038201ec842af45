/** The policy's desk: what is in force and why it decides as it does, what a draft would change, and putting one in force. */
import { Charter, Journal } from "@syncline/core"
import { AdminPolicy, AdminTeam } from "@syncline/core/admin"
import { PolicyDesk } from "@syncline/policy"
import { Effect } from "effect"
import * as HttpServer from "../http/HttpServer.ts"
import { endpoint } from "../rest/Endpoint.ts"
import type { Principal } from "../rest/Principal.ts"
import * as Reader from "../records/Reader.ts"
import * as StoreProblems from "../rest/StoreProblems.ts"
import { documentBytesMax } from "./charterEndpoints.ts"
import * as ActingMember from "./ActingMember.ts"
import * as teamProblems from "./teamProblems.ts"

/** Versions of a policy that one answer lists. */
const versionsMax = 100

const reading = {
  method: "POST",
  tag: "policy",
  access: { kind: "scope", scope: "team:read" },
  isTeams: true,
  bodyBytesMax: documentBytesMax
} as const
const writing = { ...reading, access: { kind: "scope", scope: "policy:write" }, audit: "path" } as const
/** Policies are compared on all that is there. */
const reviewing = { ...reading, answerMsMax: HttpServer.reviewMsMax } as const

const asking = { ...teamProblems.desk, ...teamProblems.team, ...StoreProblems.journal }
const changing = { ...teamProblems.desk, ...teamProblems.acting }

/** As the caller may be told of them. */
const deskRecords = Effect.fnUntraced(function* (principal: Principal | undefined) {
  const { partitions, partitionsOf } = PolicyDesk.recordsOf(yield* Journal.Journal)
  const sees = yield* Reader.reviewing(principal)
  const records: PolicyDesk.DeskRecords = {
    partitions: Effect.map(partitions, (all) => all.filter(({ partition }) => sees(partition))),
    partitionsOf: (type, id) => Effect.map(partitionsOf(type, id), (all) => all.filter(sees))
  }
  return records
})

/** Of a question that names no record nobody looks one up. */
const noRecords: PolicyDesk.DeskRecords = { partitions: Effect.succeed([]), partitionsOf: () => Effect.succeed([]) }

export const policyEndpoints = [
  endpoint({
    id: "policy.versions",
    method: "GET",
    path: "/policy/versions",
    summary: "What was put in force, the newest first.",
    tag: "policy",
    access: reading.access,
    isTeams: true,
    answer: AdminPolicy.Versions,
    problems: {},
    run: () => Effect.map(Charter.Charter, (charter) => ({ versions: PolicyDesk.versions(charter, versionsMax) }))
  }),
  endpoint({
    ...reading,
    id: "policy.explain",
    path: "/policy/explain",
    summary: "Why somebody may or may not do something, by which rule.",
    body: AdminPolicy.Question,
    answer: AdminPolicy.Explanation,
    problems: asking,
    run: Effect.fnUntraced(function* ({ body, principal }) {
      const records = body.id === undefined ? noRecords : yield* deskRecords(principal)
      return yield* PolicyDesk.explain(yield* Charter.Charter, records, body)
    })
  }),
  endpoint({
    ...reading,
    id: "policy.test",
    path: "/policy/test",
    summary: "What is wrong with a draft, its own tests among it.",
    body: AdminPolicy.Text,
    answer: AdminPolicy.Tested,
    problems: {},
    run: ({ body: { text } }) =>
      Effect.map(Charter.Charter, (charter) => ({
        problems: PolicyDesk.problems(text),
        warnings: PolicyDesk.warnings(charter, text)
      }))
  }),
  endpoint({
    ...reviewing,
    id: "policy.simulate",
    path: "/policy/simulate",
    summary: "What every device could do with the records that are there, now or by a draft.",
    body: AdminPolicy.Draft,
    answer: AdminPolicy.Reaches,
    problems: asking,
    run: Effect.fnUntraced(function* ({ body: { text }, principal }) {
      return { reach: yield* PolicyDesk.simulate(yield* Charter.Charter, yield* deskRecords(principal), text) }
    })
  }),
  endpoint({
    ...reviewing,
    id: "policy.diff",
    path: "/policy/diff",
    summary: "Who would gain and lose what by a draft.",
    body: AdminPolicy.Text,
    answer: AdminPolicy.Impacts,
    problems: asking,
    run: Effect.fnUntraced(function* ({ body: { text }, principal }) {
      return yield* PolicyDesk.compare(yield* Charter.Charter, yield* deskRecords(principal), text)
    })
  }),
  endpoint({
    ...writing,
    id: "policy.apply",
    path: "/policy/apply",
    summary: "Puts a document in force.",
    body: AdminPolicy.Applied,
    answer: AdminTeam.Written,
    problems: changing,
    run: Effect.fnUntraced(function* ({ body: { text, ...wording }, principal }) {
      const { version } = yield* PolicyDesk.apply(yield* ActingMember.charterFor(principal), text, wording)
      return { version }
    })
  }),
  endpoint({
    ...writing,
    id: "policy.rollback",
    path: "/policy/rollback",
    summary: "Puts in force again what was in force at a version of the charter.",
    body: AdminPolicy.WentBackTo,
    answer: AdminPolicy.WentBack,
    problems: changing,
    run: Effect.fnUntraced(function* ({ body: { version, ...wording }, principal }) {
      const charter = yield* ActingMember.charterFor(principal)
      const { policy, version: now } = yield* PolicyDesk.rollBack(charter, version, wording)
      const warnings = policy === undefined ? [] : PolicyDesk.warnings(charter, policy.text)
      return { version: now, policyVersion: policy?.version ?? null, warnings }
    })
  })
]
