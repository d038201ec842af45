/**
 * What a store of a hub's rows does by itself: it finds, puts and takes out single rows. Bounds, what is unique, and what goes
 * together is `BoundedRows`' business, the same over every store.
 */
import type { Attempts, CredentialKind, CredentialRow, SessionRow, TokenRow } from "./HubRow.ts"
import type {
  AccountReads,
  AccountRows,
  CredentialReads,
  SessionReads,
  SettingReads,
  ThrottleReads,
  TokenReads
} from "./HubRows.ts"

/** Each `put` makes a row or takes the place of the one with its key; each `remove` says whether there was one. */
export interface RowPort {
  readonly accounts: AccountReads & Pick<AccountRows, "put"> & { readonly remove: (id: string) => boolean }
  readonly credentials: CredentialReads & {
    readonly put: (row: CredentialRow) => void
    readonly remove: (kind: CredentialKind, id: string) => boolean
  }
  readonly sessions: SessionReads & {
    readonly put: (row: SessionRow) => void
    readonly remove: (hash: string) => boolean
    /** The hash of the one that was used longest ago, but for one. */
    readonly leastUsed: (exceptHash: string) => string | undefined
    /** Hashes of those last used before one time, or signed in before another. */
    readonly before: (usedMs: number, signedInMs: number) => ReadonlyArray<string>
  }
  readonly tokens: TokenReads & {
    readonly put: (row: TokenRow) => void
    readonly remove: (id: string) => boolean
    /** Ids of those that are good until then at the longest. */
    readonly expired: (nowMs: number) => ReadonlyArray<string>
  }
  readonly throttle: ThrottleReads & {
    readonly put: (key: string, attempts: Attempts) => void
    readonly remove: (key: string) => boolean
    readonly count: () => number
    /** The key that tried longest ago. */
    readonly oldest: () => string | undefined
  }
  readonly settings: SettingReads & {
    readonly put: (key: string, value: string) => void
    readonly remove: (key: string) => boolean
    readonly count: () => number
  }
}
