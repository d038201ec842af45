/**
 * The hub's settings as people see and change them while it runs: what is in force and where it comes from, and changes that are kept
 * beside the accounts before they take effect. What a setting does is for whoever reads it.
 */
import { Orchestrator } from "@syncline/core"
import type { AdminSettings } from "@syncline/core/admin"
import { HubStore, type HubStoreError } from "@syncline/node/hub"
import { Context, Effect, Layer } from "effect"
import * as HubConfig from "../HubConfig.ts"
import type { Setting } from "../Setting.ts"
import { changeable, type LiveConfig } from "./LiveConfig.ts"
import { settings as operationSettings } from "./OperationSettings.ts"
import { because, SetByEnvironment, type SettingsError, SettingsUnfit } from "./SettingsError.ts"

const prefix = "setting/"

export type SettingValue = string | number | null

export interface RunTimeSettingsShape {
  /** All settings, always in the same order. */
  readonly all: Effect.Effect<ReadonlyArray<AdminSettings.Setting>>
  /** Keeps new values and puts them in force, all or none; null is what it was at the start. */
  readonly change: (
    values: Readonly<Record<string, SettingValue>>
  ) => Effect.Effect<void, SettingsError | HubStoreError.HubStoreError>
  /** Puts in force what earlier runs were told. Where that cannot be read it is told in the log, and the start's values hold. */
  readonly replay: Effect.Effect<void>
}

export class RunTimeSettings extends Context.Service<RunTimeSettings, RunTimeSettingsShape>()(
  "@syncline/server/operation/RunTimeSettings"
) {}

export const layer = (
  live: LiveConfig
): Layer.Layer<RunTimeSettings, never, HubStore.HubStore | Orchestrator.Orchestrator> =>
  Layer.effect(
    RunTimeSettings,
    Effect.gen(function* () {
      const [store, orchestrator] = [yield* HubStore.HubStore, yield* Orchestrator.Orchestrator]
      return {
        all: Effect.sync(() => HubConfig.settings.map((setting) => told(live, setting as Setting<unknown>))),
        change: (values) => change(live, store, orchestrator, values),
        replay: replay(live, store)
      }
    })
  )

const isShown = ({ choices, fallback }: Setting<unknown>): boolean =>
  typeof fallback === "number" || choices !== undefined

const told = (live: LiveConfig, setting: Setting<unknown>): AdminSettings.Setting => {
  const { allowed, choices, fallback, key, variable } = setting
  const origin = live.config.origins.get(key)
  const made = live.made(key)
  const value = made ?? (origin === undefined ? fallback : origin.value)
  const isVisible = isShown(setting)
  return {
    key,
    variable,
    kind: choices !== undefined ? "choice" : isVisible ? "number" : "hidden",
    value: isVisible ? (value as string | number) : null,
    default: isVisible ? (fallback as string | number) : null,
    isSet: origin !== undefined || made !== undefined,
    source: made !== undefined ? "runtime" : (origin?.source ?? "default"),
    isChangeable: origin === undefined && changeable.some((one) => one.key === key),
    allowed
  }
}

const change = Effect.fnUntraced(function* (
  live: LiveConfig,
  store: HubStore.HubStoreShape,
  orchestrator: Orchestrator.Orchestrator["Service"],
  values: Readonly<Record<string, SettingValue>>
) {
  const entries = Object.entries(values)
  const faults = entries.flatMap(([key, value]) => faultOf(key, value))
  if (faults.length > 0) return yield* because(new SettingsUnfit({ faults }))
  const outside = entries.flatMap(([key]) => {
    const origin = live.config.origins.get(key)
    if (origin === undefined) return []
    const { variable } = changeable.find((one) => one.key === key)!
    return [{ key, where: origin.source === "environment" ? variable : "the settings file" }]
  })
  if (outside.length > 0) return yield* because(new SetByEnvironment({ settings: outside }))
  yield* store.change(({ settings }) => {
    for (const [key, value] of entries) {
      if (value === null) settings.remove(prefix + key)
      else settings.set(prefix + key, JSON.stringify(value))
    }
  })
  live.set(entries.map(([key, value]) => [key, value ?? undefined]))
  // What a quota has put off comes when views are compared: now, and not in a while.
  const isQuota = entries.some(([key]) => operationSettings.some((one) => one.key === key))
  if (isQuota) yield* Effect.ignore(orchestrator.send({ _tag: "ForceSync", peer: null }))
})

const faultOf = (
  key: string,
  value: SettingValue
): ReadonlyArray<{ readonly key: string; readonly problem: string }> => {
  const setting = changeable.find((one) => one.key === key)
  if (setting === undefined) {
    const isThere = HubConfig.settings.some((one) => one.key === key)
    return [{ key, problem: isThere ? "takes effect only at a start of the hub" : "is no setting" }]
  }
  // A text of digits is a number in the environment, and a mistake here.
  const isOfKind = value === null || (typeof value === typeof setting.fallback && setting.read(value) !== undefined)
  return isOfKind ? [] : [{ key, problem: `must be ${setting.allowed}, and not ${JSON.stringify(value)}` }]
}

const replay = (live: LiveConfig, store: HubStore.HubStoreShape): Effect.Effect<void> =>
  store
    .read(({ settings }) => changeable.map((setting) => [setting, settings.get(prefix + setting.key)] as const))
    .pipe(
      Effect.map((kept) => {
        const values = kept.flatMap(([setting, text]) => {
          const value = text === undefined ? undefined : setting.read(valueOf(text))
          // A later version may allow what this one does not.
          return value === undefined ? [] : [[setting.key, value] as const]
        })
        if (values.length > 0) live.set(values)
      }),
      Effect.catch((failure) => Effect.logError("settings that were changed while the hub ran do not hold", failure))
    )

const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
