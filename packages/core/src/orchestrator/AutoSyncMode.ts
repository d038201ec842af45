/**
 * When a node syncs by itself: all the time, now and then, or only when it is told to. It says what there is to choose from; what
 * follows of it is done in `AutoSync`.
 */
import { Schema } from "effect"

/** Shortest and longest time between two rounds, in milliseconds. */
export const everyMsMin = 5_000
export const everyMsMax = 86_400_000

/**
 * `live`: links are kept and changes go over as they come. `everyMs`: so many milliseconds apart links are made and mailboxes
 * looked into, and let go once in step. `off`: nothing of it happens before `ForceSync`.
 */
export const AutoSyncMode = Schema.Union([
  Schema.Literals(["live", "off"]),
  Schema.Struct({ everyMs: Schema.Int.check(Schema.isBetween({ minimum: everyMsMin, maximum: everyMsMax })) })
])
export type AutoSyncMode = typeof AutoSyncMode.Type

const isMode = Schema.is(AutoSyncMode)

/** Why a node cannot sync so, if it cannot: programs without types may ask for anything. */
export const problem = (mode: unknown): string | undefined =>
  isMode(mode)
    ? undefined
    : `auto-sync is "live", "off" or { everyMs } of ${everyMsMin} to ${everyMsMax} whole milliseconds, not ${JSON.stringify(mode) ?? "nothing"}`

/** The mode for people. */
export const text = (mode: AutoSyncMode): string => {
  if (mode === "live") return "auto-sync is on"
  return mode === "off" ? "auto-sync is off" : `auto-sync comes every ${mode.everyMs / 1_000} s`
}
