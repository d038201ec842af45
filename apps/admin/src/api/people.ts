/** Questions about those who sign in: accounts, sessions, tokens, passkeys. */
import type { AdminPasskeys, AdminPeople } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask, part } from "./ask.ts"
import { allOf } from "./pages.ts"

export type Account = AdminPeople.Account
export type Session = AdminPeople.Session
export type Token = AdminPeople.Token
export type Passkey = AdminPasskeys.Passkey

interface Sessions {
  readonly sessions: ReadonlyArray<Session>
}
interface Tokens {
  readonly tokens: ReadonlyArray<Token>
}
interface Passkeys {
  readonly passkeys: ReadonlyArray<Passkey>
}

export const accountsQuery = queryOptions({
  queryKey: ["people", "accounts"],
  queryFn: ({ signal }) => allOf<Account>("/accounts", signal)
})

/** Of an account, or of whoever asks. */
const ofAccount = (account: string | undefined, path: string): string =>
  account === undefined ? path : `/accounts/${part(account)}${path}`

export const sessionsQuery = (account?: string) =>
  queryOptions({
    queryKey: ["people", "sessions", account],
    queryFn: async ({ signal }) => (await ask<Sessions>("GET", ofAccount(account, "/sessions"), { signal })).sessions
  })

export const tokensQuery = (account?: string) =>
  queryOptions({
    queryKey: ["tokens", account],
    queryFn: async ({ signal }) => (await ask<Tokens>("GET", ofAccount(account, "/tokens"), { signal })).tokens
  })

export const passkeysQuery = (account?: string) =>
  queryOptions({
    queryKey: ["people", "passkeys", account],
    queryFn: async ({ signal }) => (await ask<Passkeys>("GET", ofAccount(account, "/passkeys"), { signal })).passkeys
  })

/** How people may sign in at this hub, beside by a password. */
export const waysQuery = queryOptions({
  queryKey: ["session", "ways"],
  queryFn: ({ signal }) => ask<typeof AdminPasskeys.Ways.Type>("GET", "/session/ways", { signal }),
  staleTime: 600_000
})
