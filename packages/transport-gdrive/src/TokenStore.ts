/**
 * Where the tokens of a login are kept: a contract for whoever has files or a keyring, and one that forgets with the process.
 * Tokens are `Redacted`, so that printing one shows nothing. Getting them is `DriveLogin`'s business, renewing `DriveAccess`'s.
 */
import { Effect, type Redacted } from "effect"
import type { TokenStoreError } from "./TokenStoreError.ts"

export interface DriveTokens {
  /** Good until somebody revokes it, or for half a year without use; 7 days while Google's console says "Testing". */
  readonly refreshToken: Redacted.Redacted<string>
  /** Good for about an hour; absent where only the refresh token was kept. */
  readonly accessToken: Redacted.Redacted<string> | undefined
  /** When the access token ends, in milliseconds since 1970. */
  readonly expiresAtMs: number
}

export interface TokenStore {
  /** What was saved last; nothing where nobody has signed in. */
  readonly load: Effect.Effect<DriveTokens | undefined, TokenStoreError>
  /** Durable once it succeeds, and readable for this user of the machine only. */
  readonly save: (tokens: DriveTokens) => Effect.Effect<void, TokenStoreError>
}

/** Keeps tokens while the process lives. */
export const makeMemory = (tokens?: DriveTokens): TokenStore => {
  let kept = tokens
  return {
    load: Effect.sync(() => kept),
    save: (next) =>
      Effect.sync(() => {
        kept = next
      })
  }
}
