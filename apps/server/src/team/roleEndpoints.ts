/** Roles and teams, and whether the contents of the space are sealed. */
import { Charter, type CharterOperation, type CharterState } from "@syncline/core"
import { AdminPage, AdminTeam } from "@syncline/core/admin"
import { PolicyDesk } from "@syncline/policy"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import type { Principal } from "../rest/Principal.ts"
import * as ActingMember from "./ActingMember.ts"
import { because, NoneOfTeam } from "./TeamError.ts"
import * as teamProblems from "./teamProblems.ts"

const reading = { tag: "roles", access: { kind: "scope", scope: "team:read" }, isTeams: true, problems: {} } as const
const writing = {
  ...reading,
  access: { kind: "scope", scope: "team:write" },
  problems: teamProblems.acting,
  audit: "path"
} as const

const inTeam = <A>(kind: "role" | "team", id: string, found: A | undefined) =>
  found === undefined ? Effect.fail(because(new NoneOfTeam({ kind, id }))) : Effect.succeed(found)

const state = Effect.map(Charter.Charter, (charter) => charter.state())

/** Takes a role or a team away that is there. */
const remove = Effect.fnUntraced(function* (
  kind: "role" | "team",
  id: string,
  principal: Principal | undefined,
  wording: Charter.Wording
) {
  const { roles, teams } = yield* state
  yield* inTeam(kind, id, (kind === "role" ? roles : teams).get(id))
  const operation: CharterOperation.CharterOperation =
    kind === "role" ? { _tag: "RemoveRole", role: id } : { _tag: "RemoveTeam", team: id }
  yield* ActingMember.write(principal, [operation], wording)
})

const roleEndpointsOnly = [
  endpoint({
    ...reading,
    id: "roles.list",
    method: "GET",
    path: "/roles",
    summary: "Roles, by their ids.",
    query: AdminPage.Query,
    answer: AdminTeam.Roles,
    run: ({ query }) => Effect.map(state, ({ roles }) => AdminPage.cut(roles.values(), ({ id }) => id, query))
  }),
  endpoint({
    ...writing,
    id: "roles.put",
    method: "PUT",
    path: "/roles/:id",
    summary: "Makes a role, or changes one that is not built in.",
    params: AdminTeam.OfId,
    body: AdminTeam.RoleAs,
    answer: AdminTeam.Role,
    run: Effect.fnUntraced(function* ({ body: { level, name, ...wording }, params: { id: role }, principal }) {
      const { roles } = yield* ActingMember.write(principal, [{ _tag: "SetRole", role, name, level }], wording)
      return yield* inTeam("role", role, roles.get(role))
    })
  }),
  endpoint({
    ...writing,
    id: "roles.remove",
    method: "DELETE",
    path: "/roles/:id",
    summary: "Takes a role away that nobody has.",
    params: AdminTeam.OfId,
    query: AdminTeam.Expecting,
    answer: "none",
    run: ({ params: { id }, principal, query }) => remove("role", id, principal, query)
  })
]

const teamEndpointsOnly = [
  endpoint({
    ...reading,
    id: "teams.list",
    method: "GET",
    path: "/teams",
    summary: "Teams, by their ids.",
    tag: "teams",
    query: AdminPage.Query,
    answer: AdminTeam.Teams,
    run: ({ query }) => Effect.map(state, ({ teams }) => AdminPage.cut(teams.values(), ({ id }) => id, query))
  }),
  endpoint({
    ...writing,
    id: "teams.put",
    method: "PUT",
    path: "/teams/:id",
    summary: "Makes a team, or renames it.",
    tag: "teams",
    params: AdminTeam.OfId,
    body: AdminTeam.TeamAs,
    answer: AdminTeam.TeamName,
    run: Effect.fnUntraced(function* ({ body: { name, ...wording }, params: { id: team }, principal }) {
      const { teams } = yield* ActingMember.write(principal, [{ _tag: "SetTeam", team, name }], wording)
      return yield* inTeam("team", team, teams.get(team))
    })
  }),
  endpoint({
    ...writing,
    id: "teams.remove",
    method: "DELETE",
    path: "/teams/:id",
    summary: "Takes a team from all its members.",
    tag: "teams",
    params: AdminTeam.OfId,
    query: AdminTeam.Expecting,
    answer: "none",
    run: ({ params: { id }, principal, query }) => remove("team", id, principal, query)
  })
]

const sealEndpoints = [
  endpoint({
    ...writing,
    id: "seal.put",
    method: "PUT",
    path: "/seal",
    summary: "Seals the contents of the space from now on, for good, or says otherwise how its keys are kept.",
    tag: "seal",
    access: { kind: "scope", scope: "team:write", isFresh: true },
    body: AdminTeam.SealAs,
    answer: AdminTeam.Seal,
    run: Effect.fnUntraced(function* ({ body: { periodDays, showsHistory, ...wording }, principal }) {
      const sealed = yield* ActingMember.write(principal, [{ _tag: "SealSpace", showsHistory, periodDays }], wording)
      return sealOf(sealed)
    })
  })
]

const sealOf = (sealed: CharterState.CharterState) => PolicyDesk.sealOf(sealed)!

export const roleEndpoints = [...roleEndpointsOnly, ...teamEndpointsOnly, ...sealEndpoints]
