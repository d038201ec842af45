/**
 * Why a login, or its end, came to nothing. No reason holds a code, a token or a secret.
 */
import { Schema } from "effect"

/** The person said no, or left the box for Drive unticked. */
export class LoginDeclined extends Schema.TaggedError<LoginDeclined>()("LoginDeclined", { problem: Schema.String }) {
  override get message(): string {
    return `access to Google Drive was not given: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Google does not take the code that came back, or does not know the OAuth client. */
export class LoginRefused extends Schema.TaggedError<LoginRefused>()("LoginRefused", { problem: Schema.String }) {
  override get message(): string {
    return `Google refused the login: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Google cannot be reached to end the login. */
export class LoginUnreachable extends Schema.TaggedError<LoginUnreachable>()("LoginUnreachable", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the login could not be ended: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Nobody came back from Google's page in time. */
export class LoginTimedOut extends Schema.TaggedError<LoginTimedOut>()("LoginTimedOut", { waitedMs: Schema.Int }) {
  override get message(): string {
    return `nobody signed in within ${lengthOf(this.waitedMs)}: begin again`
  }
  get isRetryable(): boolean {
    return true
  }
}

const lengthOf = (ms: number): string => {
  const [seconds, minutes] = [Math.ceil(ms / 1_000), Math.round(ms / 60_000)]
  return minutes > 1 ? `${minutes} minutes` : `${seconds} second${seconds === 1 ? "" : "s"}`
}

/** This machine does not let a program listen on its own loopback address. */
export class LoginBlocked extends Schema.TaggedError<LoginBlocked>()("LoginBlocked", { problem: Schema.String }) {
  override get message(): string {
    return `cannot wait for the answer of Google's page on 127.0.0.1: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Google did not take the login back; its tokens are as good as they were. */
export class LogoutFailed extends Schema.TaggedError<LogoutFailed>()("LogoutFailed", { problem: Schema.String }) {
  override get message(): string {
    return `Google did not take the login back: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

export class DriveLoginError extends Schema.TaggedError<DriveLoginError>()("DriveLoginError", {
  reason: Schema.Union([LoginDeclined, LoginRefused, LoginUnreachable, LoginTimedOut, LoginBlocked, LogoutFailed])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
