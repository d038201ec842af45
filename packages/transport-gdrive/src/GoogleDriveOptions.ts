/**
 * What can be set on the mailbox, with units, bounds and defaults. It opens nothing and knows no token; those are the
 * `TokenStore`'s.
 */
import type { Redacted } from "effect"
import type { TokenStore } from "./TokenStore.ts"

/** An OAuth client of the kind "Desktop app", as Google's console makes it. All devices of one account use the same. */
export interface OAuthApp {
  readonly clientId: string
  /** Google gives installed programs a secret too, and treats it as known. It still belongs in no log. */
  readonly clientSecret: Redacted.Redacted<string>
}

/** Where Google is. HTTPS, or plain HTTP on this machine, which is where a test's server is. */
export interface DriveEndpoints {
  /** Root of Drive's REST, of uploads too. */
  readonly api: string
  /** The page where a person consents. */
  readonly consent: string
  /** Where codes and refresh tokens are exchanged. */
  readonly token: string
  /** Where a login is taken back. */
  readonly revoke: string
}

export const googleEndpoints: DriveEndpoints = {
  api: "https://www.googleapis.com/",
  consent: "https://accounts.google.com/o/oauth2/v2/auth",
  token: "https://oauth2.googleapis.com/token",
  revoke: "https://oauth2.googleapis.com/revoke"
}

export interface GoogleDriveOptions {
  readonly app: OAuthApp
  /** Where the tokens of a login are; see `login`. */
  readonly tokens: TokenStore
  /**
   * Whose Drive it is to be, as `driveAccount` tells its address or id. It stands in the mailbox's address, which tells several
   * accounts apart, and a login of another account is refused. Absent: whoever signs in.
   */
  readonly account?: string
  /** The folder to use, made by this OAuth client. Absent: the visible folder "Syncline", which is found or made. */
  readonly folderId?: string
  readonly endpoints?: Partial<DriveEndpoints>
  /** How often to look, milliseconds, 100 to 3,600,000; default 15,000. */
  readonly pollEveryMs?: number
  /** So long what Drive said last counts as new, and nobody asks again; milliseconds, 0 to 60,000; default 10,000. */
  readonly freshForMs?: number
  /** Time limit of one request, milliseconds, 100 to 600,000; default 60,000. */
  readonly requestMsMax?: number
}

export interface GoogleDriveSettings {
  readonly app: OAuthApp
  readonly tokens: TokenStore
  readonly account: string | undefined
  readonly folderId: string | undefined
  readonly endpoints: DriveEndpoints
  readonly pollEveryMs: number
  readonly freshForMs: number
  readonly requestMsMax: number
}

export const requestMsDefault = 60_000

/** Fills in the defaults. A value out of bounds is a mistake in the program and throws while the node is composed. */
export const settings = (options: GoogleDriveOptions): GoogleDriveSettings => ({
  app: options.app,
  tokens: options.tokens,
  account: accountOf(options.account),
  folderId: folderOf(options.folderId),
  endpoints: endpointsOf(options.endpoints),
  pollEveryMs: within("pollEveryMs", options.pollEveryMs ?? 15_000, 100, 3_600_000),
  freshForMs: within("freshForMs", options.freshForMs ?? 10_000, 0, 60_000),
  requestMsMax: within("requestMsMax", options.requestMsMax ?? requestMsDefault, 100, 600_000)
})

/** Google's addresses unless others are given. A token goes over no foreign network in the clear. */
export const endpointsOf = (given: Partial<DriveEndpoints> = {}): DriveEndpoints => {
  const endpoints = { ...googleEndpoints, ...given }
  for (const [name, address] of Object.entries(endpoints)) {
    if (!isSafe(address)) throw new RangeError(`endpoints.${name} is neither https: nor http: on this machine`)
  }
  return endpoints
}

const isSafe = (address: string): boolean => {
  if (!URL.canParse(address)) return false
  const { hostname, protocol } = new URL(address)
  return protocol === "https:" || (protocol === "http:" && /^(127\.0\.0\.1|\[::1\]|localhost)$/.test(hostname))
}

// It stands in queries, so nothing but what Google's ids are made of.
const folderOf = (id: string | undefined): string | undefined => {
  if (id !== undefined && !/^[\w-]{8,128}$/.test(id)) throw new RangeError(`folderId ${id} is no id of a Drive folder`)
  return id
}

// It is shown at a terminal, and a log's line holds it.
const accountOf = (account: string | undefined): string | undefined => {
  if (account !== undefined && !/^[^\s\p{C}]{1,254}$/u.test(account)) {
    throw new RangeError("account is neither the address nor the id of a Google account")
  }
  return account
}

const within = (name: string, value: number, min: number, max: number): number => {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} is ${value}, not a whole number from ${min} to ${max}`)
  }
  return value
}
