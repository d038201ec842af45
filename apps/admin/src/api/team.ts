/** Questions about the team: its charter as a whole, who is invited, who asks to join. */
import type { AdminOnboarding, AdminTeam } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask } from "./ask.ts"

export type Team = AdminTeam.Team
export type Member = Team["members"][number]
export type Device = Team["devices"][number]
export type Role = Team["roles"][number]
export type CharterRecord = typeof AdminTeam.CharterRecord.Type
export type Invitation = typeof AdminOnboarding.Invitation.Type
export type Request = typeof AdminOnboarding.Request.Type

export const teamQuery = queryOptions({
  queryKey: ["team", "charter"],
  queryFn: ({ signal }) => ask<Team>("GET", "/charter", { signal })
})

/** What was written into the charter last. */
const recordsMax = 100

export const charterRecordsQuery = queryOptions({
  queryKey: ["team", "records"],
  queryFn: async ({ signal }) =>
    (
      await ask<{ readonly records: ReadonlyArray<CharterRecord> }>("GET", "/charter/records", {
        signal,
        query: { limit: recordsMax }
      })
    ).records
})

export const invitationsQuery = queryOptions({
  queryKey: ["joining", "invitations"],
  queryFn: async ({ signal }) =>
    (await ask<{ readonly invitations: ReadonlyArray<Invitation> }>("GET", "/invitations", { signal })).invitations
})

/** Requests by invitation. */
export const requestsQuery = queryOptions({
  queryKey: ["joining", "requests"],
  queryFn: async ({ signal }) =>
    (await ask<{ readonly requests: ReadonlyArray<Request> }>("GET", "/requests", { signal })).requests
})

/** What a change is made to: the hub refuses it where somebody else was faster. */
export const seenOf = ({ digest, version }: Pick<Team, "digest" | "version">) => ({
  expectedVersion: version,
  expectedDigest: digest
})
