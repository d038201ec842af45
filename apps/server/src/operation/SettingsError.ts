/** Why settings are not changed while the hub runs. */
import { Schema } from "effect"

/** Some settings are not there, not to be changed while the hub runs, or have a value that is not allowed. Mend what is named. */
export class SettingsUnfit extends Schema.TaggedError<SettingsUnfit>()("SettingsUnfit", {
  faults: Schema.Array(Schema.Struct({ key: Schema.String, problem: Schema.String }))
}) {
  override get message(): string {
    return `nothing was changed: ${this.faults.map(({ key, problem }) => `${key} ${problem}`).join("; ")}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The environment or the settings file says what they are. Change it there and restart, or take it out there. */
export class SetByEnvironment extends Schema.TaggedError<SetByEnvironment>()("SetByEnvironment", {
  settings: Schema.Array(Schema.Struct({ key: Schema.String, where: Schema.String }))
}) {
  override get message(): string {
    const said = this.settings.map(({ key, where }) => `${key} is set by ${where}`).join(", ")
    return `nothing was changed: ${said}; change it there and restart the hub, or take it out there`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  reason: Schema.Union([SettingsUnfit, SetByEnvironment])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: SettingsError["reason"]): SettingsError => new SettingsError({ reason })
