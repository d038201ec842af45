/**
 * A hub's rows in memory, for tests of what is built on them. They keep the promises of the file but that of lasting.
 */
import { Effect } from "effect"
import * as BoundedRows from "./BoundedRows.ts"
import type { AccountRow, Attempts, CredentialRow, SessionRow, TokenRow } from "./HubRow.ts"
import type { HubRows, HubStoreShape } from "./HubRows.ts"
import { HubStoreError } from "./HubStoreError.ts"
import type { RowPort } from "./RowPort.ts"

interface Tables {
  readonly accounts: Map<string, AccountRow>
  readonly credentials: Map<string, CredentialRow>
  readonly sessions: Map<string, SessionRow>
  readonly tokens: Map<string, TokenRow>
  readonly throttle: Map<string, Attempts>
  readonly settings: Map<string, string>
}

/** An empty store. */
export const make = (): HubStoreShape => {
  let tables: Tables = copyOf({
    accounts: new Map(),
    credentials: new Map(),
    sessions: new Map(),
    tokens: new Map(),
    throttle: new Map(),
    settings: new Map()
  })
  const attempt = <A>(on: Tables, body: (rows: HubRows) => A, done: () => void): Effect.Effect<A, HubStoreError> =>
    Effect.suspend(() => {
      try {
        const answer = body(BoundedRows.over(portOf(on)))
        done()
        return Effect.succeed(answer)
      } catch (error) {
        return error instanceof HubStoreError ? Effect.fail(error) : Effect.die(error)
      }
    })
  return {
    read: (body) => Effect.suspend(() => attempt(tables, body, () => undefined)),
    change: (body) =>
      Effect.suspend(() => {
        const next = copyOf(tables)
        return attempt(next, body, () => (tables = next))
      })
  }
}

const copyOf = (tables: Tables): Tables => ({
  accounts: new Map(tables.accounts),
  credentials: new Map(tables.credentials),
  sessions: new Map(tables.sessions),
  tokens: new Map(tables.tokens),
  throttle: new Map(tables.throttle),
  settings: new Map(tables.settings)
})

/** By code point, as SQLite sorts. */
const byText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const credentialKey = (kind: string, id: string): string => `${kind} ${id}`

const portOf = ({ accounts, credentials, sessions, settings, throttle, tokens }: Tables): RowPort => {
  const named = () => [...accounts.values()].toSorted((a, b) => byText(a.name, b.name))
  return {
    accounts: {
      get: (id) => accounts.get(id),
      named: (name) => [...accounts.values()].find((row) => row.name === name),
      list: (after, limit) =>
        named()
          .filter(({ name }) => after === undefined || byText(name, after) > 0)
          .slice(0, limit),
      ofMember: (member) => named().filter((row) => row.member === member),
      count: () => accounts.size,
      countEnabled: (role) => named().filter((row) => row.role === role && !row.isDisabled).length,
      put: (row) => void accounts.set(row.id, { ...row }),
      remove: (id) => accounts.delete(id)
    },
    credentials: {
      get: (kind, id) => credentials.get(credentialKey(kind, id)),
      ofAccount: (account) =>
        [...credentials.values()]
          .filter((row) => row.account === account)
          .toSorted((a, b) => a.madeMs - b.madeMs || byText(a.kind, b.kind) || byText(a.id, b.id)),
      put: (row) => void credentials.set(credentialKey(row.kind, row.id), { ...row }),
      remove: (kind, id) => credentials.delete(credentialKey(kind, id))
    },
    sessions: sessionsOf(sessions),
    tokens: {
      get: (id) => tokens.get(id),
      ofAccount: (account) =>
        [...tokens.values()]
          .filter((row) => row.account === account)
          .toSorted((a, b) => a.madeMs - b.madeMs || byText(a.id, b.id)),
      list: (after, limit) =>
        [...tokens.values()]
          .filter(({ id }) => after === undefined || byText(id, after) > 0)
          .toSorted((a, b) => byText(a.id, b.id))
          .slice(0, limit),
      count: () => tokens.size,
      put: (row) => void tokens.set(row.id, { ...row, scopes: [...row.scopes] }),
      remove: (id) => tokens.delete(id),
      expired: (nowMs) =>
        [...tokens.values()]
          .filter(({ expiresMs }) => expiresMs <= nowMs)
          .map(({ id }) => id)
          .toSorted(byText)
    },
    throttle: {
      get: (key) => throttle.get(key),
      put: (key, attempts) => void throttle.set(key, attempts),
      remove: (key) => throttle.delete(key),
      count: () => throttle.size,
      oldest: () => [...throttle].toSorted(([a, x], [b, y]) => x.lastMs - y.lastMs || byText(a, b))[0]?.[0]
    },
    settings: {
      get: (key) => settings.get(key),
      keys: (prefix) => [...settings.keys()].filter((key) => key.startsWith(prefix)).toSorted(byText),
      put: (key, value) => void settings.set(key, value),
      remove: (key) => settings.delete(key),
      count: () => settings.size
    }
  }
}

/** The one that was used last first. */
const sessionsOf = (sessions: Map<string, SessionRow>): RowPort["sessions"] => {
  const sorted = (isMeant: (row: SessionRow) => boolean) =>
    [...sessions.values()].filter(isMeant).toSorted((a, b) => b.usedMs - a.usedMs || byText(a.hash, b.hash))
  return {
    get: (hash) => sessions.get(hash),
    ofAccount: (account) => sorted((row) => row.account === account),
    count: () => sessions.size,
    put: (row) => void sessions.set(row.hash, { ...row }),
    remove: (hash) => sessions.delete(hash),
    leastUsed: (exceptHash) => sorted(({ hash }) => hash !== exceptHash).at(-1)?.hash,
    before: (usedMs, signedInMs) =>
      sorted((row) => row.usedMs < usedMs || row.signedInMs < signedInMs).map(({ hash }) => hash)
  }
}
