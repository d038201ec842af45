/** The settings of a hub as its REST interface tells them, and how those are changed that take effect at once. */
import { Schema } from "effect"

const Value = Schema.Union([Schema.Finite, Schema.String.check(Schema.isMaxLength(64))])

/** Where a value comes from; `runtime` is what somebody changed while the hub ran. */
export const sources = ["default", "environment", "file", "runtime"] as const

const Setting = Schema.Struct({
  /** Its name in the settings file. */
  key: Schema.String,
  /** Its environment variable. */
  variable: Schema.String,
  /** Of `hidden` ones, such as paths, names, addresses and secrets, it is told only whether they are set. */
  kind: Schema.Literals(["number", "choice", "hidden"]),
  value: Schema.NullOr(Value),
  default: Schema.NullOr(Value),
  isSet: Schema.Boolean,
  source: Schema.Literals(sources),
  /** It may be changed while the hub runs, and nothing outside says what it is. */
  isChangeable: Schema.Boolean,
  /** What may be said, in words. */
  allowed: Schema.String
}).annotate({ identifier: "Setting" })
export type Setting = typeof Setting.Type

/** All settings, always in the same order. */
export const Settings = Schema.Struct({ settings: Schema.Array(Setting) })

/** New values by key; `null` is what it was at the start. All or none are put in force. */
export const SettingChanges = Schema.Struct({
  values: Schema.Record(Schema.String.check(Schema.isMaxLength(64)), Schema.NullOr(Value))
}).annotate({ identifier: "SettingChanges" })
