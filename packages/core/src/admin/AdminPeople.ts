/**
 * People who sign in to a hub, as its REST interface tells of them: accounts, sessions, tokens, and what is sent to sign in. No answer
 * holds a password, a hash or, but for the one time that it is shown, a secret.
 */
import { Schema } from "effect"
import * as CharterOperation from "../charter/CharterOperation.ts"
import * as AdminPage from "./AdminPage.ts"
import { hubRoles, scopes } from "./AdminScope.ts"

export const accountNameCharsMax = 64
/** Fewer characters are guessed; more are no password of a person. */
export const passwordCharsMin = 12
export const passwordCharsMax = 1_024
export const noteCharsMax = 256
/** How long a token is good, in days. */
export const tokenDaysMax = 365
export const tokenDaysDefault = 90

const namePattern = /^[\p{L}\p{N}\p{M}._@+-]+$/u

/** A name as the hub keeps it: small and capital letters, and forms of one letter, are alike. */
export const accountNameOf = (typed: string): string => typed.normalize("NFKC").toLowerCase()

const isAccountName = (typed: string): boolean => {
  const name = accountNameOf(typed)
  return name.length <= accountNameCharsMax && namePattern.test(name)
}

const AccountName = Schema.String.check(
  Schema.makeFilter(
    (text: string) =>
      isAccountName(text) ||
      `must be 1 to ${accountNameCharsMax} letters, digits, dots, dashes, underscores, plus signs or at signs`
  )
)
/** What is typed to sign in, right or wrong: longer texts are not worth the work. */
const Typed = Schema.String.check(Schema.isMaxLength(passwordCharsMax))
const NewPassword = Schema.String.check(
  Schema.isMinLength(passwordCharsMin),
  Schema.isMaxLength(passwordCharsMax),
  Schema.makeFilter((text: string) => text.isWellFormed() || "must be well-formed text")
)
const Secret = Schema.String.check(Schema.isMaxLength(256))
const Id = Schema.String.check(Schema.isMaxLength(64))
const Role = Schema.Literals(hubRoles)
const Scope = Schema.Literals(scopes)
const Member = Schema.String.check(
  Schema.makeFilter((text: string) => CharterOperation.isId(text) || "must be the id of a member")
)

/** Of an account, session or token in a path. */
export const OfId = Schema.Struct({ id: Id })

export const Account = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  role: Role,
  /** The member of the team as whom it acts. */
  member: Schema.NullOr(Schema.String),
  isDisabled: Schema.Boolean,
  madeMs: Schema.Int,
  /** How it may sign in; without any it waits for its one-time link. */
  signsInBy: Schema.Array(Schema.Literals(["password", "passkey", "oidc"])),
  /** Until when its one-time link is good; `null` where it has none. */
  linkUntilMs: Schema.NullOr(Schema.Int)
}).annotate({ identifier: "Account" })
export type Account = typeof Account.Type

export const Accounts = AdminPage.of(Account)

/** Whether the hub waits for its first account. */
export const SetupState = Schema.Struct({ isNeeded: Schema.Boolean })
export const Setup = Schema.Struct({ token: Secret, name: AccountName, password: NewPassword })

export const SignIn = Schema.Struct({ name: Typed, password: Typed })
/** A one-time link's secret, and the password that is to hold from now on. */
export const ByLink = Schema.Struct({ link: Secret, password: NewPassword })
export const PasswordChange = Schema.Struct({ current: Typed, next: NewPassword })

/** Who is signed in. */
export const Whoami = Schema.Struct({
  kind: Schema.Literals(["door", "session", "token"]),
  /** `null` for who holds the hub's data folder. */
  account: Schema.NullOr(
    Schema.Struct({ id: Schema.String, name: Schema.String, role: Role, member: Schema.NullOr(Schema.String) })
  ),
  scopes: Schema.Array(Scope),
  /** When the person last proved who it is; `null` where no person did. */
  signedInMs: Schema.NullOr(Schema.Int)
}).annotate({ identifier: "Whoami" })
export type Whoami = typeof Whoami.Type

export const Session = Schema.Struct({
  id: Schema.String,
  madeMs: Schema.Int,
  signedInMs: Schema.Int,
  /** To the minute. */
  usedMs: Schema.Int,
  userAgent: Schema.String,
  remote: Schema.String,
  /** The one by which this was asked. */
  isCurrent: Schema.Boolean
}).annotate({ identifier: "Session" })
export type Session = typeof Session.Type
export const Sessions = Schema.Struct({ sessions: Schema.Array(Session) })

export const NewAccount = Schema.Struct({ name: AccountName, role: Role, member: Schema.optionalKey(Member) })
/** The secret of a link by which a person chooses a password, shown this once. */
export const Link = Schema.Struct({ link: Schema.String, untilMs: Schema.Int })
export const Made = Schema.Struct({ account: Account, ...Link.fields })
export const AccountChanges = Schema.Struct({
  role: Schema.optionalKey(Role),
  /** `null`: it acts as no member. */
  member: Schema.optionalKey(Schema.NullOr(Member)),
  isDisabled: Schema.optionalKey(Schema.Boolean)
}).check(Schema.makeFilter((changes: object) => Object.keys(changes).length > 0 || "must name something to change"))
export type AccountChanges = typeof AccountChanges.Type

export const Token = Schema.Struct({
  id: Schema.String,
  note: Schema.String,
  scopes: Schema.Array(Schema.String),
  madeMs: Schema.Int,
  expiresMs: Schema.Int,
  /** To the minute; `null` while it was never used. */
  usedMs: Schema.NullOr(Schema.Int)
}).annotate({ identifier: "Token" })
export type Token = typeof Token.Type
export const Tokens = Schema.Struct({ tokens: Schema.Array(Token) })
export const NewToken = Schema.Struct({
  /** What it is for. */
  note: Schema.String.check(
    Schema.isMaxLength(noteCharsMax),
    Schema.makeFilter((text: string) => text.isWellFormed() || "must be well-formed text")
  ),
  scopes: Schema.Array(Scope).check(Schema.isMinLength(1), Schema.isMaxLength(scopes.length)),
  /** 1 to 365 days; default 90. */
  days: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: tokenDaysMax })))
})
export type NewToken = typeof NewToken.Type
/** The secret stands here and never again. */
export const TokenMade = Schema.Struct({ secret: Schema.String, token: Token })
