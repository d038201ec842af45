/**
 * A hub's settings of which some change while it runs: who reads them here reads what is in force. What the environment or the file
 * sets stays. Which values may be, and where they are kept, is `RunTimeSettings`' business.
 */
import * as HubConfig from "../HubConfig.ts"
import type { Setting } from "../Setting.ts"
import * as OperationSettings from "./OperationSettings.ts"

/** Settings that take effect at once. */
export const changeable: ReadonlyArray<Setting<unknown>> = [
  HubConfig.logLevel,
  HubConfig.backupEveryHours,
  HubConfig.backupKeep,
  OperationSettings.quotaRecords,
  OperationSettings.quotaDay,
  OperationSettings.quotaSpace
]

export class LiveConfig {
  /** Its fields change; a copy of it does not. */
  readonly config: HubConfig.HubConfig
  readonly #made = new Map<string, unknown>()
  readonly #listeners = new Set<() => void>()

  constructor(base: HubConfig.HubConfig) {
    const inForce = <A>({ key }: Setting<A>, given: A): A => (this.#made.get(key) as A | undefined) ?? given
    this.config = {
      ...base,
      get logLevel() {
        return inForce(HubConfig.logLevel, base.logLevel)
      },
      get backupEveryHours() {
        return inForce(HubConfig.backupEveryHours, base.backupEveryHours)
      },
      get backupKeep() {
        return inForce(HubConfig.backupKeep, base.backupKeep)
      },
      get quotas() {
        const { mebibytesOfSpace, mebibytesPerDeviceDay, recordsPerDevice } = base.quotas
        return {
          recordsPerDevice: inForce(OperationSettings.quotaRecords, recordsPerDevice),
          mebibytesPerDeviceDay: inForce(OperationSettings.quotaDay, mebibytesPerDeviceDay),
          mebibytesOfSpace: inForce(OperationSettings.quotaSpace, mebibytesOfSpace)
        }
      }
    }
  }

  /** What was made of a setting while a hub ran, if anything. */
  made(key: string): unknown {
    return this.#made.get(key)
  }

  /** Puts these in force together; `undefined` is what it was at the start. A setting of the environment or the file stays as it is. */
  set(values: ReadonlyArray<readonly [key: string, value: unknown]>): void {
    for (const [key, value] of values) {
      if (this.config.origins.has(key)) continue
      if (value === undefined) this.#made.delete(key)
      else this.#made.set(key, value)
    }
    for (const listener of this.#listeners) listener()
  }

  /** Calls the listener after each change, until what it returns is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
