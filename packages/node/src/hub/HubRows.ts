/**
 * What may be read and changed of a hub's rows, and within which bounds. How they are kept is for the stores.
 */
import type { Effect } from "effect"
import type { AccountRow, Attempts, CredentialKind, CredentialRow, SessionRow, TokenRow } from "./HubRow.ts"
import type { HubStoreError } from "./HubStoreError.ts"

export interface AccountReads {
  readonly get: (id: string) => AccountRow | undefined
  readonly named: (name: string) => AccountRow | undefined
  /** In the order of their names by code point, behind a name; at most `limit` of 1 to 1,000. */
  readonly list: (afterName: string | undefined, limit: number) => ReadonlyArray<AccountRow>
  /** Accounts that act as this member, in the order of their names. */
  readonly ofMember: (member: string) => ReadonlyArray<AccountRow>
  readonly count: () => number
  /** Accounts of the role that are not disabled. */
  readonly countEnabled: (role: string) => number
}

export interface AccountRows extends AccountReads {
  /** Makes the account, or changes the one of that id. Throws for a name that is taken, and beyond 10,000 accounts. */
  readonly put: (row: AccountRow) => void
  /** Takes the account out, with its credentials, sessions and tokens; gives the hashes of the sessions, or nothing where there is no such account. */
  readonly remove: (id: string) => ReadonlyArray<string> | undefined
}

export interface CredentialReads {
  readonly get: (kind: CredentialKind, id: string) => CredentialRow | undefined
  /** In the order in which they were made, then by kind and id. */
  readonly ofAccount: (account: string) => ReadonlyArray<CredentialRow>
}

export interface CredentialRows extends CredentialReads {
  /** Throws where another account has it, where there is no such account, and beyond 20 of the account. */
  readonly put: (row: CredentialRow) => void
  /** True when there was one. */
  readonly remove: (kind: CredentialKind, id: string) => boolean
}

export interface SessionReads {
  readonly get: (hash: string) => SessionRow | undefined
  /** The one that was used last first. */
  readonly ofAccount: (account: string) => ReadonlyArray<SessionRow>
  readonly count: () => number
}

export interface SessionRows extends SessionReads {
  /**
   * Begins a session, or changes the one of that hash. Gives the hashes of those that ended to make room: beyond 50 of the account, and
   * beyond 20,000 of all, the one that was used longest ago. Throws where there is no such account.
   */
  readonly put: (row: SessionRow) => ReadonlyArray<string>
  readonly remove: (hash: string) => boolean
  /** Ends the sessions of an account but one, and gives their hashes. */
  readonly removeOf: (account: string, exceptHash?: string) => ReadonlyArray<string>
  /** Ends those last used before one time, and those whose sign-in was before another, and gives their hashes. */
  readonly removeBefore: (usedMs: number, signedInMs: number) => ReadonlyArray<string>
}

export interface TokenReads {
  readonly get: (id: string) => TokenRow | undefined
  /** In the order in which they were made, then by id. */
  readonly ofAccount: (account: string) => ReadonlyArray<TokenRow>
  /** In the order of their ids by code point, behind one; at most `limit` of 1 to 1,000. */
  readonly list: (afterId: string | undefined, limit: number) => ReadonlyArray<TokenRow>
  readonly count: () => number
}

export interface TokenRows extends TokenReads {
  /** Throws where there is no such account, beyond 200 of the account and beyond 10,000 of all. */
  readonly put: (row: TokenRow) => void
  readonly remove: (id: string) => boolean
  /** Takes out those that were good until then at the longest, and gives their ids. */
  readonly removeExpired: (nowMs: number) => ReadonlyArray<string>
}

export interface ThrottleReads {
  readonly get: (key: string) => Attempts | undefined
}

export interface ThrottleRows extends ThrottleReads {
  /**
   * Counts one more attempt under a key of 64 hexadecimal digits, and gives all of them; they begin anew where the last was `forgetMs` ago or
   * more. Beyond 65,536 keys the one that tried longest ago is forgotten.
   */
  readonly bump: (key: string, nowMs: number, forgetMs: number) => Attempts
  readonly clear: (key: string) => void
}

export interface SettingReads {
  readonly get: (key: string) => string | undefined
  /** Keys that begin so, in order. */
  readonly keys: (prefix: string) => ReadonlyArray<string>
}

export interface SettingRows extends SettingReads {
  /** A key has 1 to 128 printable characters of ASCII, a value at most 65,536 characters. Throws beyond 4,096 settings. */
  readonly set: (key: string, value: string) => void
  readonly remove: (key: string) => boolean
}

/** What may be read. */
export interface HubReads {
  readonly accounts: AccountReads
  readonly credentials: CredentialReads
  readonly sessions: SessionReads
  readonly tokens: TokenReads
  readonly throttle: ThrottleReads
  readonly settings: SettingReads
}

/** What may be read and changed. */
export interface HubRows extends HubReads {
  readonly accounts: AccountRows
  readonly credentials: CredentialRows
  readonly sessions: SessionRows
  readonly tokens: TokenRows
  readonly throttle: ThrottleRows
  readonly settings: SettingRows
}

export interface HubStoreShape {
  /** Reads one state of all rows. `body` waits for nothing, and does not keep what it was given. */
  readonly read: <A>(body: (rows: HubReads) => A) => Effect.Effect<A, HubStoreError>
  /**
   * Changes rows in one transaction, which is durable when this resolves. Where `body` throws, as the rows do for what cannot be
   * kept, nothing of it is kept, and it fails with that. `body` waits for nothing, and does not keep what it was given.
   */
  readonly change: <A>(body: (rows: HubRows) => A) => Effect.Effect<A, HubStoreError>
}
