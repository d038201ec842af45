/**
 * What a hub keeps of the people who sign in to it, row by row, with the bounds of each. What a role or a scope means, and how
 * a secret is checked, is for others: here lie only texts, times and hashes.
 */

/** Accounts of one hub. */
export const accountsMax = 10_000
/** Ways to sign in that one account has. */
export const credentialsOfAccountMax = 20
/** Sessions of one account; beyond it the one that was used longest ago ends. */
export const sessionsOfAccountMax = 50
/** Sessions of all accounts; the same. */
export const sessionsMax = 20_000
/** Tokens of one account. */
export const tokensOfAccountMax = 200
/** Tokens of all accounts. */
export const tokensMax = 10_000
/** Names and addresses whose attempts are counted; beyond it the one that tried longest ago is forgotten. */
export const throttleKeysMax = 65_536
/** Attempts that one key counts; it stays there. */
export const attemptsMax = 1_000_000
/** Settings that are made while a hub runs. */
export const settingsMax = 4_096

/** Longest texts, in characters. */
export const accountIdCharsMax = 128
export const accountNameCharsMax = 128
export const roleCharsMax = 64
export const memberCharsMax = 64
/** 1,023 bytes of an authenticator in base64url, and some more. */
export const credentialIdCharsMax = 1_400
export const credentialDataCharsMax = 8_192
export const userAgentCharsMax = 200
export const remoteCharsMax = 64
export const tokenIdCharsMax = 64
export const noteCharsMax = 256
export const scopeCharsMax = 64
export const settingKeyCharsMax = 128
export const settingCharsMax = 65_536
/** Scopes of one token. */
export const scopesMax = 64
/** Most rows that one listing gives. */
export const listMax = 1_000

/** A login at this hub. It is no record of the space. */
export interface AccountRow {
  readonly id: string
  /** No other account has it. Whoever makes it settles small and capital letters. */
  readonly name: string
  readonly role: string
  /** The member of the charter as whom it acts, where it does. */
  readonly member: string | undefined
  readonly isDisabled: boolean
  readonly madeMs: number
}

export const credentialKinds = ["password", "passkey", "oidc"] as const
export type CredentialKind = (typeof credentialKinds)[number]

/** A way to sign in to an account: no other account has one of this kind and id. */
export interface CredentialRow {
  readonly kind: CredentialKind
  readonly id: string
  readonly account: string
  /** A hash or a public key with what belongs to it, never a secret. */
  readonly data: string
  readonly madeMs: number
  readonly usedMs: number | undefined
  /** What an authenticator counts up. */
  readonly counter: number
}

export interface SessionRow {
  /** SHA-256 of the session's secret, 64 hexadecimal digits. */
  readonly hash: string
  readonly account: string
  readonly madeMs: number
  readonly signedInMs: number
  readonly usedMs: number
  readonly userAgent: string
  readonly remote: string
}

export interface TokenRow {
  readonly id: string
  /** SHA-256 of the token's secret, 64 hexadecimal digits. */
  readonly hash: string
  readonly account: string
  readonly note: string
  readonly scopes: ReadonlyArray<string>
  readonly madeMs: number
  readonly expiresMs: number
  readonly usedMs: number | undefined
}

/** Attempts under one key, e.g. of a name or an address. */
export interface Attempts {
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}
