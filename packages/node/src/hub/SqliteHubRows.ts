/**
 * A hub's rows as SQL: each statement reads, puts or takes out rows of one table. Bounds, and what goes together, are
 * `BoundedRows`'; when a transaction begins and ends is `SqliteHubStore`'s to say.
 */
import type Database from "better-sqlite3"
import type { AccountRow, Attempts, CredentialKind, CredentialRow, SessionRow, TokenRow } from "./HubRow.ts"
import type { RowPort } from "./RowPort.ts"

/** The tables of version 1. */
export const tables = `
  CREATE TABLE account (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, member TEXT, is_disabled INTEGER NOT NULL,
    made_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX account_by_member ON account (member) WHERE member IS NOT NULL;
  CREATE TABLE credential (
    kind TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, data TEXT NOT NULL, made_ms INTEGER NOT NULL,
    used_ms INTEGER, counter INTEGER NOT NULL, PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX credential_by_account ON credential (account);
  CREATE TABLE session (
    hash TEXT PRIMARY KEY, account TEXT NOT NULL, made_ms INTEGER NOT NULL, signed_in_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL, user_agent TEXT NOT NULL, remote TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX session_by_account ON session (account, used_ms);
  CREATE INDEX session_by_use ON session (used_ms);
  CREATE TABLE token (
    id TEXT PRIMARY KEY, hash TEXT NOT NULL, account TEXT NOT NULL, note TEXT NOT NULL, scopes TEXT NOT NULL,
    made_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, used_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX token_by_account ON token (account);
  CREATE INDEX token_by_end ON token (expires_ms);
  CREATE TABLE throttle (
    key TEXT PRIMARY KEY, count INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX throttle_by_time ON throttle (last_ms, key);
  CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`

/** What a row may lack is NULL in its column, and 1 and 0 are yes and no. */
type Columns<Row> = { readonly [F in keyof Row]: Row[F] extends boolean ? number : Column<Row[F]> }
type Column<A> = undefined extends A ? Exclude<A, undefined> | null : A

const account = ({ isDisabled, member, ...row }: Columns<AccountRow>): AccountRow => ({
  ...row,
  member: member ?? undefined,
  isDisabled: isDisabled === 1
})
const credential = ({ usedMs, ...row }: Columns<CredentialRow>): CredentialRow => ({
  ...row,
  usedMs: usedMs ?? undefined
})

type TokenColumns = Omit<TokenRow, "scopes" | "usedMs"> & { readonly scopes: string; readonly usedMs: number | null }
const token = ({ scopes, usedMs, ...row }: TokenColumns): TokenRow => ({
  ...row,
  scopes: JSON.parse(scopes) as ReadonlyArray<string>,
  usedMs: usedMs ?? undefined
})

/** The rows of an open file. */
export const over = (db: Database.Database): RowPort => ({
  accounts: accountsOver(db),
  credentials: credentialsOver(db),
  sessions: sessionsOver(db),
  tokens: tokensOver(db),
  throttle: throttleOver(db),
  settings: settingsOver(db)
})

const accountsOver = (db: Database.Database): RowPort["accounts"] => {
  const select = "SELECT id, name, role, member, is_disabled AS isDisabled, made_ms AS madeMs FROM account"
  const one = (where: string) => db.prepare<[string], Columns<AccountRow>>(`${select} WHERE ${where}`)
  const [byId, byName, byMember] = [one("id = ?"), one("name = ?"), one("member = ? ORDER BY name")]
  const page = db.prepare<[string | null, string | null, number], Columns<AccountRow>>(
    `${select} WHERE ? IS NULL OR name > ? ORDER BY name LIMIT ?`
  )
  const count = db.prepare<[], number>("SELECT count(*) FROM account").pluck()
  const enabled = db
    .prepare<[string], number>("SELECT count(*) FROM account WHERE role = ? AND is_disabled = 0")
    .pluck()
  const put = db.prepare(
    `INSERT INTO account (id, name, role, member, is_disabled, made_ms) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, member = excluded.member,
       is_disabled = excluded.is_disabled, made_ms = excluded.made_ms`
  )
  const remove = db.prepare("DELETE FROM account WHERE id = ?")
  const found = (row: Columns<AccountRow> | undefined) => (row === undefined ? undefined : account(row))
  return {
    get: (id) => found(byId.get(id)),
    named: (name) => found(byName.get(name)),
    list: (after, limit) => page.all(after ?? null, after ?? null, limit).map(account),
    ofMember: (member) => byMember.all(member).map(account),
    count: () => count.get()!,
    countEnabled: (role) => enabled.get(role)!,
    put: ({ id, isDisabled, madeMs, member, name, role }) =>
      void put.run(id, name, role, member ?? null, isDisabled ? 1 : 0, madeMs),
    remove: (id) => remove.run(id).changes > 0
  }
}

const credentialsOver = (db: Database.Database): RowPort["credentials"] => {
  const select = "SELECT kind, id, account, data, made_ms AS madeMs, used_ms AS usedMs, counter FROM credential"
  const byId = db.prepare<[CredentialKind, string], Columns<CredentialRow>>(`${select} WHERE kind = ? AND id = ?`)
  const byAccount = db.prepare<[string], Columns<CredentialRow>>(
    `${select} WHERE account = ? ORDER BY made_ms, kind, id`
  )
  const put = db.prepare(
    `INSERT INTO credential (kind, id, account, data, made_ms, used_ms, counter) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (kind, id) DO UPDATE SET account = excluded.account, data = excluded.data, made_ms = excluded.made_ms,
       used_ms = excluded.used_ms, counter = excluded.counter`
  )
  const remove = db.prepare("DELETE FROM credential WHERE kind = ? AND id = ?")
  return {
    get: (kind, id) => {
      const row = byId.get(kind, id)
      return row === undefined ? undefined : credential(row)
    },
    ofAccount: (owner) => byAccount.all(owner).map(credential),
    put: (row) => void put.run(row.kind, row.id, row.account, row.data, row.madeMs, row.usedMs ?? null, row.counter),
    remove: (kind, id) => remove.run(kind, id).changes > 0
  }
}

const sessionsOver = (db: Database.Database): RowPort["sessions"] => {
  const select = `SELECT hash, account, made_ms AS madeMs, signed_in_ms AS signedInMs, used_ms AS usedMs,
    user_agent AS userAgent, remote FROM session`
  const byHash = db.prepare<[string], SessionRow>(`${select} WHERE hash = ?`)
  const byAccount = db.prepare<[string], SessionRow>(`${select} WHERE account = ? ORDER BY used_ms DESC, hash`)
  const count = db.prepare<[], number>("SELECT count(*) FROM session").pluck()
  const put = db.prepare(
    `INSERT INTO session (hash, account, made_ms, signed_in_ms, used_ms, user_agent, remote) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (hash) DO UPDATE SET account = excluded.account, made_ms = excluded.made_ms,
       signed_in_ms = excluded.signed_in_ms, used_ms = excluded.used_ms, user_agent = excluded.user_agent,
       remote = excluded.remote`
  )
  const remove = db.prepare("DELETE FROM session WHERE hash = ?")
  const least = db
    .prepare<[string], string>("SELECT hash FROM session WHERE hash <> ? ORDER BY used_ms, hash DESC LIMIT 1")
    .pluck()
  const before = db
    .prepare<[number, number], string>(
      "SELECT hash FROM session WHERE used_ms < ? OR signed_in_ms < ? ORDER BY used_ms DESC, hash"
    )
    .pluck()
  return {
    get: (hash) => byHash.get(hash),
    ofAccount: (owner) => byAccount.all(owner),
    count: () => count.get()!,
    put: (row) =>
      void put.run(row.hash, row.account, row.madeMs, row.signedInMs, row.usedMs, row.userAgent, row.remote),
    remove: (hash) => remove.run(hash).changes > 0,
    leastUsed: (exceptHash) => least.get(exceptHash),
    before: (usedMs, signedInMs) => before.all(usedMs, signedInMs)
  }
}

const tokensOver = (db: Database.Database): RowPort["tokens"] => {
  const select = `SELECT id, hash, account, note, scopes, made_ms AS madeMs, expires_ms AS expiresMs, used_ms AS usedMs
    FROM token`
  const byId = db.prepare<[string], TokenColumns>(`${select} WHERE id = ?`)
  const byAccount = db.prepare<[string], TokenColumns>(`${select} WHERE account = ? ORDER BY made_ms, id`)
  const page = db.prepare<[string | null, string | null, number], TokenColumns>(
    `${select} WHERE ? IS NULL OR id > ? ORDER BY id LIMIT ?`
  )
  const count = db.prepare<[], number>("SELECT count(*) FROM token").pluck()
  const put = db.prepare(
    `INSERT INTO token (id, hash, account, note, scopes, made_ms, expires_ms, used_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, account = excluded.account, note = excluded.note,
       scopes = excluded.scopes, made_ms = excluded.made_ms, expires_ms = excluded.expires_ms, used_ms = excluded.used_ms`
  )
  const remove = db.prepare("DELETE FROM token WHERE id = ?")
  const expired = db.prepare<[number], string>("SELECT id FROM token WHERE expires_ms <= ? ORDER BY id").pluck()
  return {
    get: (id) => {
      const row = byId.get(id)
      return row === undefined ? undefined : token(row)
    },
    ofAccount: (owner) => byAccount.all(owner).map(token),
    list: (after, limit) => page.all(after ?? null, after ?? null, limit).map(token),
    count: () => count.get()!,
    put: (row) => {
      const { account: owner, expiresMs, hash, id, madeMs, note, scopes, usedMs } = row
      put.run(id, hash, owner, note, JSON.stringify(scopes), madeMs, expiresMs, usedMs ?? null)
    },
    remove: (id) => remove.run(id).changes > 0,
    expired: (nowMs) => expired.all(nowMs)
  }
}

const throttleOver = (db: Database.Database): RowPort["throttle"] => {
  const byKey = db.prepare<[string], Attempts>(
    "SELECT count, first_ms AS firstMs, last_ms AS lastMs FROM throttle WHERE key = ?"
  )
  const put = db.prepare(
    `INSERT INTO throttle (key, count, first_ms, last_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET count = excluded.count, first_ms = excluded.first_ms, last_ms = excluded.last_ms`
  )
  const remove = db.prepare("DELETE FROM throttle WHERE key = ?")
  const count = db.prepare<[], number>("SELECT count(*) FROM throttle").pluck()
  const oldest = db.prepare<[], string>("SELECT key FROM throttle ORDER BY last_ms, key LIMIT 1").pluck()
  return {
    get: (key) => byKey.get(key),
    put: (key, attempts) => void put.run(key, attempts.count, attempts.firstMs, attempts.lastMs),
    remove: (key) => remove.run(key).changes > 0,
    count: () => count.get()!,
    oldest: () => oldest.get()
  }
}

const settingsOver = (db: Database.Database): RowPort["settings"] => {
  const byKey = db.prepare<[string], string>("SELECT value FROM setting WHERE key = ?").pluck()
  const keys = db
    .prepare<[string, string], string>("SELECT key FROM setting WHERE substr(key, 1, length(?)) = ? ORDER BY key")
    .pluck()
  const put = db.prepare(
    "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
  )
  const remove = db.prepare("DELETE FROM setting WHERE key = ?")
  const count = db.prepare<[], number>("SELECT count(*) FROM setting").pluck()
  return {
    get: (key) => byKey.get(key),
    keys: (prefix) => keys.all(prefix, prefix),
    put: (key, value) => void put.run(key, value),
    remove: (key) => remove.run(key).changes > 0,
    count: () => count.get()!
  }
}

/** Takes all sessions out. */
export const endSessions = (db: Database.Database): void => void db.prepare("DELETE FROM session").run()
