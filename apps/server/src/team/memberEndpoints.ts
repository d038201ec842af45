/** Members of the team and how many devices each may have. */
import { Charter, type CharterOperation, CharterState, NewMember, PeerId } from "@syncline/core"
import { AdminPage, AdminTeam } from "@syncline/core/admin"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import * as ActingMember from "./ActingMember.ts"
import { because, NoneOfTeam } from "./TeamError.ts"
import * as teamProblems from "./teamProblems.ts"

const reading = { tag: "members", access: { kind: "scope", scope: "team:read" }, isTeams: true, problems: {} } as const
const writing = {
  ...reading,
  access: { kind: "scope", scope: "team:write" },
  problems: teamProblems.acting,
  audit: "path"
} as const

/** Letters of the request's id behind a member's id that is taken. */
const suffixChars = 6

const memberIn = (state: CharterState.CharterState, id: string) => {
  const member = state.members.get(id)
  return member === undefined ? Effect.fail(because(new NoneOfTeam({ kind: "member", id }))) : Effect.succeed(member)
}

const memberOf = (id: string) => Effect.flatMap(Charter.Charter, (charter) => memberIn(charter.state(), id))

export const memberEndpoints = [
  endpoint({
    ...reading,
    id: "members.list",
    method: "GET",
    path: "/members",
    summary: "Members, by their ids.",
    query: AdminPage.Query,
    answer: AdminTeam.Members,
    run: ({ query }) =>
      Effect.map(Charter.Charter, (charter) => AdminPage.cut(charter.state().members.values(), ({ id }) => id, query))
  }),
  endpoint({
    ...reading,
    id: "members.get",
    method: "GET",
    path: "/members/:id",
    summary: "A member.",
    params: AdminTeam.OfId,
    answer: AdminTeam.Member,
    problems: teamProblems.team,
    run: ({ params: { id } }) => memberOf(id)
  }),
  endpoint({
    ...writing,
    id: "members.add",
    method: "POST",
    path: "/members",
    summary: "A new member, with its first device where one is named.",
    body: AdminTeam.NewMember,
    status: 201,
    answer: AdminTeam.Member,
    run: Effect.fnUntraced(function* ({ body, principal, requestId }) {
      const { device, id, name, role, teams = [], ...wording } = body
      const state = (yield* Charter.Charter).state()
      const isTaken = (one: string): boolean => state.members.has(one) || state.removedMembers.has(one)
      const member = id ?? NewMember.idOf(name, requestId.slice(0, suffixChars), isTaken)
      const operations: Array<CharterOperation.CharterOperation> = [{ _tag: "AddMember", member, name, role, teams }]
      if (device !== undefined) operations.push(addDevice(member, device))
      return yield* memberIn(yield* ActingMember.write(principal, operations, wording), member)
    })
  }),
  endpoint({
    ...writing,
    id: "members.change",
    method: "PATCH",
    path: "/members/:id",
    summary: "Renames a member, or gives it another role or other teams.",
    params: AdminTeam.OfId,
    body: AdminTeam.MemberChanges,
    answer: AdminTeam.Member,
    run: Effect.fnUntraced(function* ({ body: { name, role, teams, ...wording }, params: { id: member }, principal }) {
      yield* memberOf(member)
      const operations: Array<CharterOperation.CharterOperation> = []
      if (name !== undefined) operations.push({ _tag: "RenameMember", member, name })
      if (role !== undefined) operations.push({ _tag: "SetMemberRole", member, role })
      if (teams !== undefined) operations.push({ _tag: "SetMemberTeams", member, teams })
      return yield* memberIn(yield* ActingMember.write(principal, operations, wording), member)
    })
  }),
  endpoint({
    ...writing,
    id: "members.remove",
    method: "DELETE",
    path: "/members/:id",
    summary: "Ends a member's rights and those of its devices, for good.",
    params: AdminTeam.OfId,
    query: AdminTeam.Expecting,
    access: { kind: "scope", scope: "team:write", isFresh: true },
    answer: "none",
    run: Effect.fnUntraced(function* ({ params: { id: member }, principal, query }) {
      yield* memberOf(member)
      yield* ActingMember.write(principal, [{ _tag: "RemoveMember", member }], query)
    })
  }),
  endpoint({
    ...writing,
    id: "members.limit",
    method: "PUT",
    path: "/members/:id/device-limit",
    summary: "How many devices a member may have.",
    params: AdminTeam.OfId,
    body: AdminTeam.MemberDeviceLimit,
    answer: AdminTeam.Member,
    run: Effect.fnUntraced(function* ({ body: { isOwn, limit, ...wording }, params: { id: member }, principal }) {
      yield* memberOf(member)
      const operation = { _tag: "SetMemberDeviceLimit", member, isOwn, limit } as const
      return yield* memberIn(yield* ActingMember.write(principal, [operation], wording), member)
    })
  })
]

/** The operation that gives a member a device. */
export const addDevice = (
  member: string,
  { name, peer }: { readonly name: string; readonly peer: PeerId.PeerId }
): CharterOperation.CharterOperation => ({ _tag: "AddDevice", member, device: PeerId.toPublicKey(peer)!, name })
