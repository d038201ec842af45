/** The charter: who belongs to the team, and writing its records. Devices go by their peer ids. It decides nothing. */
import { Charter, CharterOperation, HybridTime } from "@syncline/core"
import { AdminPage, AdminTeam } from "@syncline/core/admin"
import { PolicyDesk } from "@syncline/policy"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import { type Principal, scopesOf } from "../rest/Principal.ts"
import * as ActingMember from "./ActingMember.ts"
import { AskedElsewhere, because } from "./TeamError.ts"
import * as teamProblems from "./teamProblems.ts"

/** Operations with the longest policy document, with room for JSON's escapes. */
export const documentBytesMax = 512 * 1024

const recordOf = ({
  at,
  behalf,
  note,
  operations,
  signer,
  version
}: ReturnType<Charter.CharterShape["records"]>[number]) => ({
  version,
  atMs: HybridTime.millis(at),
  signer,
  behalf,
  note,
  operations: operations.map(plainOf)
})

/** What may be told of an operation in words: no keys, and no documents, which have endpoints of their own. */
const plainOf = ({ ...operation }: CharterOperation.CharterOperation) => {
  const plain: Record<string, string | number | boolean | null | ReadonlyArray<string>> = {}
  for (const [name, value] of Object.entries(operation)) {
    if (name === "text") continue
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      plain[name] = value
    }
    if (Array.isArray(value) && value.every((each) => typeof each === "string")) plain[name] = value
  }
  return plain
}

/** Where an operation is to be asked for that the caller might do here and not there; `undefined` where it may be asked for here. */
const elsewhere = (
  principal: Principal | undefined,
  { _tag }: { readonly _tag: string }
): "PUT /seal" | "POST /policy/apply" | "POST /policy/rollback" | undefined => {
  if (principal === undefined) return undefined
  // Sealing is for good, and takes a person who signed in just now.
  if (_tag === "SealSpace") return principal.kind === "session" ? "PUT /seal" : undefined
  if (scopesOf(principal).has("policy:write")) return undefined
  if (_tag === "SetPolicy") return "POST /policy/apply"
  return _tag === "RemovePolicy" ? "POST /policy/rollback" : undefined
}

export const charterEndpoints = [
  endpoint({
    id: "charter.get",
    method: "GET",
    path: "/charter",
    summary: "Who belongs to the team, with roles, teams and limits.",
    tag: "charter",
    access: { kind: "scope", scope: "team:read" },
    isTeams: true,
    answer: AdminTeam.Team,
    problems: {},
    run: () => Effect.map(Charter.Charter, PolicyDesk.summary)
  }),
  endpoint({
    id: "charter.records",
    method: "GET",
    path: "/charter/records",
    summary: "What was written into the charter, the newest first: by which device, in whose name, and why.",
    tag: "charter",
    access: { kind: "scope", scope: "team:read" },
    isTeams: true,
    query: AdminTeam.RecordsQuery,
    answer: AdminTeam.CharterRecords,
    problems: {},
    run: ({ query: { before, limit = AdminPage.pageDefault } }) =>
      Effect.map(Charter.Charter, (charter) => ({ records: charter.records(limit, before).map(recordOf) }))
  }),
  endpoint({
    id: "charter.write",
    method: "POST",
    path: "/charter/records",
    summary: "Writes a record of the charter: all of its operations or none.",
    tag: "charter",
    access: { kind: "scope", scope: "team:write" },
    isTeams: true,
    body: AdminTeam.Operations,
    bodyBytesMax: documentBytesMax,
    answer: AdminTeam.Written,
    problems: teamProblems.acting,
    audit: (_, { version }) => `version ${version} of the charter`,
    run: Effect.fnUntraced(function* ({ body: { operations, ...wording }, principal }) {
      for (const operation of operations) {
        const where = elsewhere(principal, operation)
        if (where === undefined) continue
        return yield* Effect.fail(because(new AskedElsewhere({ operation: operation._tag, where })))
      }
      const { version } = yield* ActingMember.write(principal, operations.map(CharterOperation.fromJson), wording)
      return { version }
    })
  })
]
