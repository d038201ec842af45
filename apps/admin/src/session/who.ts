/** Who is signed in at the hub, and what that may do. The hub decides anew at each question; the pages only do not offer what it would refuse. */
import type { AdminIdentity, AdminPeople } from "@syncline/core/admin"
import { queryOptions, useQuery } from "@tanstack/react-query"
import { ask, Refused } from "../api/ask.ts"

export type Whoami = AdminPeople.Whoami
export type Scope = Whoami["scopes"][number]

/** `null` where nobody is signed in. */
export const whoQuery = queryOptions({
  queryKey: ["session", "who"],
  queryFn: ({ signal }) =>
    ask<Whoami>("GET", "/session", { signal }).catch((error: unknown) => {
      if (error instanceof Refused && error.status === 401) return null
      throw error
    }),
  staleTime: 60_000
})

export const identityQuery = queryOptions({
  queryKey: ["session", "identity"],
  queryFn: ({ signal }) => ask<AdminIdentity>("GET", "/identity", { signal }),
  staleTime: 600_000
})

/** Whether the hub waits for its first account. */
export const setupQuery = queryOptions({
  queryKey: ["session", "setup"],
  queryFn: ({ signal }) => ask<{ readonly isNeeded: boolean }>("GET", "/setup", { signal }),
  staleTime: 10_000
})

/** Of pages that only who is signed in sees. */
export const useWho = (): Whoami => {
  const { data } = useQuery(whoQuery)
  return data ?? { kind: "session", account: null, scopes: [], signedInMs: null }
}

export const useMay = (scope: Scope | undefined): boolean => {
  const { scopes } = useWho()
  return scope === undefined || scopes.includes(scope)
}

/** False for an account that acts as no member of the team: of records it sees nothing. `undefined` until that is known. */
export const useActsAsMember = (): boolean | undefined => {
  const { account } = useWho()
  const policy = useQuery(identityQuery).data?.policy
  if (account === null || account.member !== null) return true
  return policy === undefined ? undefined : policy !== "enterprise"
}

/** Whether the hub's space is a team's; a personal one has no charter, and no pages of it. */
export const useIsTeam = (): boolean => useQuery(identityQuery).data?.policy === "enterprise"
