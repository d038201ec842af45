/**
 * What a request to Google came to, as a closed list. No error of a library goes further than this file: such an error carries
 * the request with its token, so only a status and one of Google's short reasons are taken from it. What a failure means for a
 * mailbox is `DriveMailboxError`'s business.
 */

export type FailureKind =
  /** Nobody answers, or something is broken at the other end. */
  | "unreachable"
  /** Asked too much. */
  | "busy"
  | "full"
  /** A person must act. */
  | "denied"
  /** The access token is not taken. */
  | "unauthorized"
  | "missing"
  /** The id is in use. */
  | "exists"
  /** A page token is no good any more. */
  | "gone"
  /** The answer broke off. */
  | "cut"
  | "oversize"
  /** The request is not understood. */
  | "refused"

export interface DriveFailure {
  readonly kind: FailureKind
  /** For people, without addresses and secrets. */
  readonly problem: string
  /** Milliseconds to wait at least, as Google said; else 0. */
  readonly afterMs: number
}

export const failure = (kind: FailureKind, problem: string, afterMs = 0): DriveFailure => ({ kind, problem, afterMs })

/** What a person does who is not signed in, or not any more. */
export const signInAgain = "sign in with `syncline drive login`"

/** What an error of the client says. */
export const ofError = (error: unknown): DriveFailure => {
  const response = field(error, "response")
  const status = field(response, "status")
  if (typeof status !== "number") return ofSilence(error)
  // The client refuses an answer that was granted for one reason only: its length is beyond the limit.
  if (status >= 200 && status < 300) return failure("oversize", tooLong)
  const reason = reasonOf(field(response, "data"))
  return ofStatus(status, reason, afterMsOf(field(response, "headers")))
}

interface Meaning {
  readonly kind: "busy" | "full" | "denied"
  /** What a person does about it. */
  readonly remedy?: string
}

const switchOn = "switch on the Google Drive API for the OAuth client's project in Google's console"

/** Google's reasons that say more than the status does; each is a row in SPEC.md. */
export const reasons: Readonly<Record<string, Meaning>> = {
  rateLimitExceeded: { kind: "busy" },
  userRateLimitExceeded: { kind: "busy" },
  dailyLimitExceeded: { kind: "busy" },
  downloadQuotaExceeded: { kind: "busy" },
  storageQuotaExceeded: { kind: "full" },
  teamDriveFileLimitExceeded: { kind: "full" },
  numChildrenInNonRootLimitExceeded: { kind: "full" },
  activeItemCreationLimitExceeded: { kind: "full" },
  appNotAuthorizedToFile: {
    kind: "denied",
    remedy: `another OAuth client made the file: use the same one on all devices, and ${signInAgain}`
  },
  insufficientFilePermissions: {
    kind: "denied",
    remedy: `this account may not change the file: ${signInAgain} with the account that owns the folder`
  },
  insufficientPermissions: {
    kind: "denied",
    remedy: `the login does not cover Drive: ${signInAgain} and tick the box for Drive`
  },
  accessNotConfigured: { kind: "denied", remedy: switchOn },
  invalid_grant: { kind: "denied", remedy: `the login has ended or was revoked: ${signInAgain}` },
  invalid_client: { kind: "denied", remedy: "Google does not know the OAuth client: check its id and secret" },
  unauthorized_client: { kind: "denied", remedy: "make an OAuth client of the kind Desktop app" }
}

const ofStatus = (status: number, reason: string | undefined, afterMs: number): DriveFailure => {
  const said = `Google Drive answered ${status}${reason === undefined ? "" : ` (${reason})`}`
  const meaning = reason !== undefined && Object.hasOwn(reasons, reason) ? reasons[reason] : undefined
  if (meaning !== undefined) {
    return failure(meaning.kind, meaning.remedy === undefined ? said : `${said}: ${meaning.remedy}`, afterMs)
  }
  switch (status) {
    case 401:
      return failure("unauthorized", said)
    case 403:
      return failure("denied", `${said}: ${signInAgain}, or ask whoever administers the account`)
    case 404:
      return failure("missing", said)
    case 409:
      return failure("exists", said)
    case 410:
      return failure("gone", said)
    case 429:
      return failure("busy", said, afterMs)
    default:
      return status >= 500 || status === 408 ? failure("unreachable", said, afterMs) : failure("refused", said)
  }
}

const tooLong = "the answer is larger than what was asked for"

/** What it says when there was no answer, or not all of one. */
const ofSilence = (error: unknown): DriveFailure => {
  const cause = field(error, "cause")
  const code = field(error, "code") ?? field(cause, "code")
  const type = field(cause, "type") ?? field(error, "type")
  if (type === "max-size") return failure("oversize", tooLong)
  if (code === "ERR_STREAM_PREMATURE_CLOSE") return failure("cut", "the answer broke off")
  if (code === "TimeoutError" || code === "AbortError") return failure("unreachable", "no answer in time")
  return failure("unreachable", `no connection${short(code) === undefined ? "" : ` (${short(code)})`}`)
}

/** Google's word for a failure: `error.errors[0].reason` of Drive, or `error` of the token endpoint. */
const reasonOf = (data: unknown): string | undefined => {
  const error = field(parsed(data), "error")
  const errors = field(error, "errors")
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  return short(error) ?? short(field(first, "reason")) ?? short(field(error, "status"))
}

/** A request for bytes gets its refusal as bytes. */
const parsed = (data: unknown): unknown => {
  const text = data instanceof ArrayBuffer ? Buffer.from(data).toString("utf8") : data
  if (typeof text !== "string") return data
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// A word of a closed vocabulary cannot be a token, whatever a proxy in between answers.
const short = (value: unknown): string | undefined =>
  typeof value === "string" && /^[A-Za-z_]{1,48}$/.test(value) ? value : undefined

/** Longest wait that is believed, in milliseconds: a day. */
const afterMsMax = 86_400_000

/** `Retry-After`: seconds, or a date, which is compared with the date of the answer. */
const afterMsOf = (headers: unknown): number => {
  const read = (name: string): string => (hasGet(headers) ? (headers.get(name) ?? "") : "")
  const said = read("retry-after")
  const ms = /^\d+$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - Date.parse(read("date"))
  return Number.isFinite(ms) ? Math.min(Math.max(Math.ceil(ms), 0), afterMsMax) : 0
}

// The client brings a class of headers of its own.
const hasGet = (value: unknown): value is { readonly get: (name: string) => string | null } =>
  typeof field(value, "get") === "function"

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
