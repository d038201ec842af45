/** The charter: who belongs to the team, and writing its records. Devices go by their peer ids. It decides nothing. */
import { Charter, CharterOperation } from "@syncline/core"
import { AdminTeam } from "@syncline/core/admin"
import { PolicyDesk } from "@syncline/policy"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import * as ActingMember from "./ActingMember.ts"
import * as teamProblems from "./teamProblems.ts"

/** Operations with the longest policy document, with room for JSON's escapes. */
export const documentBytesMax = 512 * 1024

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
      const { version } = yield* ActingMember.write(principal, operations.map(CharterOperation.fromJson), wording)
      return { version }
    })
  })
]
