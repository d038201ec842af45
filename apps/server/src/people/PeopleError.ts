/** Why somebody was not signed in, or something about an account was not done. */
import { Schema } from "effect"

/** The setup token is wrong, was used or is too old, or the hub has an account. Restart a hub without accounts for a new one. */
export class SetupRefused extends Schema.TaggedError<SetupRefused>()("SetupRefused", {}) {
  override get message(): string {
    return "this token makes no first account; a hub that has none tells a new one when it starts"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Name and password do not go together, whichever is wrong. */
export class SignInRefused extends Schema.TaggedError<SignInRefused>()("SignInRefused", {}) {
  override get message(): string {
    return "this name and this password do not sign in here"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** There were too many attempts of this name, or from this address. */
export class SignInTooOften extends Schema.TaggedError<SignInTooOften>()("SignInTooOften", {
  retryAfterMs: Schema.Int
}) {
  override get message(): string {
    return `too many attempts failed; try again in ${Math.ceil(this.retryAfterMs / 1_000)} s`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** As many passwords are checked as may be at a time. */
export class PasswordsBusy extends Schema.TaggedError<PasswordsBusy>()("PasswordsBusy", {}) {
  override get message(): string {
    return "too many people sign in at once; try again in a moment"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** A one-time link is unknown, used or too old. An owner of the hub makes a new one. */
export class LinkRefused extends Schema.TaggedError<LinkRefused>()("LinkRefused", {}) {
  override get message(): string {
    return "this link is not good, or not any more; an owner of the hub can make a new one"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Only a signed-in person can do this, about its own account. */
export class PersonNeeded extends Schema.TaggedError<PersonNeeded>()("PersonNeeded", {}) {
  override get message(): string {
    return "this takes a person who is signed in, neither a token nor the hub's machine"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Only who holds the hub's data folder makes tokens for others; people make their own. */
export class DoorNeeded extends Schema.TaggedError<DoorNeeded>()("DoorNeeded", {}) {
  override get message(): string {
    return "a token for an account is made by its person, who is signed in, or on the hub's machine"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The hub has no such account, session, token or passkey, or the caller may not know of it. */
export class NoneOfPeople extends Schema.TaggedError<NoneOfPeople>()("NoneOfPeople", {
  kind: Schema.Literals(["account", "session", "token", "passkey"]),
  id: Schema.String
}) {
  override get message(): string {
    return `there is no ${this.kind} ${this.id}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** An account cannot act as a member that the team does not have. */
export class MemberMissing extends Schema.TaggedError<MemberMissing>()("MemberMissing", { member: Schema.String }) {
  override get message(): string {
    return `no account can act as ${this.member}, as this hub's team has no such member`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Without this account nobody could look after the others. Make another owner first. */
export class LastOwner extends Schema.TaggedError<LastOwner>()("LastOwner", { account: Schema.String }) {
  override get message(): string {
    return `${this.account} is the last owner of this hub; make another one first`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A token cannot be given what its account does not have. */
export class ScopesExceeded extends Schema.TaggedError<ScopesExceeded>()("ScopesExceeded", {
  scopes: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `the account does not have ${this.scopes.join(", ")}, and a token has no more than its account`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** No account signs in by this passkey, or it is not proven. */
export class PasskeyRefused extends Schema.TaggedError<PasskeyRefused>()("PasskeyRefused", {}) {
  override get message(): string {
    return "this passkey does not sign in here"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** What a browser answered proves no new passkey for this site, or its challenge is used or too old. Ask for options and try again. */
export class PasskeyUnfit extends Schema.TaggedError<PasskeyUnfit>()("PasskeyUnfit", {}) {
  override get message(): string {
    return "this is no new passkey for this hub; ask for the options again, and use an authenticator that checks who you are"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The hub is called by an IP address, and browsers take none for a passkey. Give it a name by `SYNCLINE_PUBLIC_URL`. */
export class PasskeysOff extends Schema.TaggedError<PasskeysOff>()("PasskeysOff", {}) {
  override get message(): string {
    return "this hub has no passkeys, as browsers take no IP address for them; name a host in SYNCLINE_PUBLIC_URL"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The hub is set to no other service to sign in by. Set `SYNCLINE_OIDC_ISSUER`. */
export class OidcOff extends Schema.TaggedError<OidcOff>()("OidcOff", {}) {
  override get message(): string {
    return "this hub is set to no other service to sign in by"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The other service vouches for nobody who may sign in here, or not for this browser. */
export class OidcRefused extends Schema.TaggedError<OidcRefused>()("OidcRefused", {}) {
  override get message(): string {
    return "this does not sign in here; begin again, or ask an owner of the hub to link your account"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The other service does not answer. */
export class OidcUnreachable extends Schema.TaggedError<OidcUnreachable>()("OidcUnreachable", {}) {
  override get message(): string {
    return "the service to sign in by does not answer; try again, or sign in another way"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Without this the account could not sign in. Add another way first. */
export class LastCredential extends Schema.TaggedError<LastCredential>()("LastCredential", {}) {
  override get message(): string {
    return "the account signs in by nothing else; give it another way first"
  }
  get isRetryable(): boolean {
    return false
  }
}

export class PeopleError extends Schema.TaggedError<PeopleError>()("PeopleError", {
  reason: Schema.Union([
    SetupRefused,
    SignInRefused,
    SignInTooOften,
    PasswordsBusy,
    LinkRefused,
    PasskeyRefused,
    PasskeyUnfit,
    PasskeysOff,
    OidcOff,
    OidcRefused,
    OidcUnreachable,
    LastCredential,
    PersonNeeded,
    DoorNeeded,
    NoneOfPeople,
    MemberMissing,
    LastOwner,
    ScopesExceeded
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: PeopleError["reason"]): PeopleError => new PeopleError({ reason })
