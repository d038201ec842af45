/**
 * Why the hub's settings cannot be used. Nothing was opened; the operator mends the named setting and starts again.
 */
import { Schema } from "effect"

/** A setting has a value that is not allowed. */
export class SettingInvalid extends Schema.TaggedError<SettingInvalid>()("SettingInvalid", {
  /** The setting and where it stands, e.g. `SYNCLINE_PORT` or `port in hub.json`. */
  setting: Schema.String,
  value: Schema.String,
  allowed: Schema.String
}) {
  override get message(): string {
    return `${this.setting} is ${this.value}, but must be ${this.allowed}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The settings file has an entry that the hub does not know. */
export class SettingUnknown extends Schema.TaggedError<SettingUnknown>()("SettingUnknown", {
  path: Schema.String,
  key: Schema.String,
  known: Schema.String
}) {
  override get message(): string {
    return `${this.path} has a setting ${JSON.stringify(this.key)} that the hub does not know; it knows ${this.known}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The settings file cannot be read, or holds no JSON object. */
export class SettingsUnreadable extends Schema.TaggedError<SettingsUnreadable>()("SettingsUnreadable", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `the settings file ${this.path}, named by SYNCLINE_CONFIG, cannot be used: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class HubConfigError extends Schema.TaggedError<HubConfigError>()("HubConfigError", {
  reason: Schema.Union([SettingInvalid, SettingUnknown, SettingsUnreadable])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
