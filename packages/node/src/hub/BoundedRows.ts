/**
 * A hub's rows over any store, within their bounds: what is unique stays so, nothing is kept of an account that is not there, and
 * what goes beyond a bound is refused or makes room, as each row promises. It neither opens files nor begins transactions.
 */
import * as HubRow from "./HubRow.ts"
import type {
  AccountRows,
  CredentialRows,
  HubRows,
  SessionRows,
  SettingRows,
  ThrottleRows,
  TokenRows
} from "./HubRows.ts"
import { AccountNameTaken, AccountUnknown, because, CredentialTaken, HubRowsExhausted } from "./HubStoreError.ts"
import * as RowFitness from "./RowFitness.ts"
import type { RowPort } from "./RowPort.ts"

/** The rows over a store. Each change is to run inside a transaction of it. */
export const over = (port: RowPort): HubRows => ({
  accounts: accountsOver(port),
  credentials: credentialsOver(port),
  sessions: sessionsOver(port),
  tokens: tokensOver(port),
  throttle: throttleOver(port),
  settings: settingsOver(port)
})

const exhausted = (rows: string, limit: number): never => {
  throw because(new HubRowsExhausted({ rows, limit }))
}

const assertAccount = ({ accounts }: RowPort, id: string): void => {
  if (accounts.get(id) === undefined) throw because(new AccountUnknown({ id }))
}

const listed = (limit: number): number => Math.min(Math.max(Math.trunc(limit), 1), HubRow.listMax)

const accountsOver = (port: RowPort): AccountRows => {
  const { accounts, credentials, sessions, tokens } = port
  return {
    ...accounts,
    list: (afterName, limit) => accounts.list(afterName, listed(limit)),
    put: (row) => {
      RowFitness.account(row)
      const named = accounts.named(row.name)
      if (named !== undefined && named.id !== row.id) throw because(new AccountNameTaken({ name: row.name }))
      const isNew = accounts.get(row.id) === undefined
      if (isNew && accounts.count() >= HubRow.accountsMax) exhausted("accounts", HubRow.accountsMax)
      accounts.put(row)
    },
    remove: (id) => {
      if (!accounts.remove(id)) return undefined
      for (const row of credentials.ofAccount(id)) credentials.remove(row.kind, row.id)
      for (const row of tokens.ofAccount(id)) tokens.remove(row.id)
      return ended(
        port,
        sessions.ofAccount(id).map(({ hash }) => hash)
      )
    }
  }
}

/** Takes sessions out, and gives their hashes. */
const ended = ({ sessions }: RowPort, hashes: ReadonlyArray<string>): ReadonlyArray<string> => {
  for (const hash of hashes) sessions.remove(hash)
  return hashes
}

const credentialsOver = (port: RowPort): CredentialRows => {
  const { credentials } = port
  return {
    ...credentials,
    put: (row) => {
      RowFitness.credential(row)
      assertAccount(port, row.account)
      const known = credentials.get(row.kind, row.id)
      if (known !== undefined && known.account !== row.account) throw because(new CredentialTaken({ kind: row.kind }))
      const most = HubRow.credentialsOfAccountMax
      if (known === undefined && credentials.ofAccount(row.account).length >= most) {
        exhausted("credentials of this account", most)
      }
      credentials.put(row)
    }
  }
}

const sessionsOver = (port: RowPort): SessionRows => {
  const { sessions } = port
  return {
    ...sessions,
    put: (row) => {
      RowFitness.session(row)
      assertAccount(port, row.account)
      sessions.put(row)
      const own = sessions.ofAccount(row.account).filter(({ hash }) => hash !== row.hash)
      const room = ended(
        port,
        own.slice(HubRow.sessionsOfAccountMax - 1).map(({ hash }) => hash)
      )
      if (sessions.count() <= HubRow.sessionsMax) return room
      const other = sessions.leastUsed(row.hash)!
      return [...room, ...ended(port, [other])]
    },
    removeOf: (account, exceptHash) =>
      ended(
        port,
        sessions.ofAccount(account).flatMap(({ hash }) => (hash === exceptHash ? [] : [hash]))
      ),
    removeBefore: (usedMs, signedInMs) => ended(port, sessions.before(usedMs, signedInMs))
  }
}

const tokensOver = (port: RowPort): TokenRows => {
  const { tokens } = port
  return {
    ...tokens,
    list: (afterId, limit) => tokens.list(afterId, listed(limit)),
    put: (row) => {
      RowFitness.token(row)
      assertAccount(port, row.account)
      const known = tokens.get(row.id)
      if (known?.account !== row.account && tokens.ofAccount(row.account).length >= HubRow.tokensOfAccountMax) {
        exhausted("tokens of this account", HubRow.tokensOfAccountMax)
      }
      if (known === undefined && tokens.count() >= HubRow.tokensMax) exhausted("tokens", HubRow.tokensMax)
      tokens.put(row)
    },
    removeExpired: (nowMs) => {
      const ids = tokens.expired(nowMs)
      for (const id of ids) tokens.remove(id)
      return ids
    }
  }
}

const throttleOver = ({ throttle }: RowPort): ThrottleRows => ({
  ...throttle,
  bump: (key, nowMs, forgetMs) => {
    RowFitness.attempt(key, nowMs, forgetMs)
    const known = throttle.get(key)
    // A clock that was ahead and is right again must hold nobody up, so the last attempt is now.
    const attempts =
      known !== undefined && nowMs - known.lastMs < forgetMs
        ? { count: Math.min(known.count + 1, HubRow.attemptsMax), firstMs: known.firstMs, lastMs: nowMs }
        : { count: 1, firstMs: nowMs, lastMs: nowMs }
    if (known === undefined && throttle.count() >= HubRow.throttleKeysMax) throttle.remove(throttle.oldest()!)
    throttle.put(key, attempts)
    return attempts
  },
  clear: (key) => void throttle.remove(key)
})

const settingsOver = ({ settings }: RowPort): SettingRows => ({
  ...settings,
  set: (key, value) => {
    RowFitness.setting(key, value)
    const isNew = settings.get(key) === undefined
    if (isNew && settings.count() >= HubRow.settingsMax) exhausted("settings", HubRow.settingsMax)
    settings.put(key, value)
  }
})
