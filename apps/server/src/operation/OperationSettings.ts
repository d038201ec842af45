/**
 * The settings of how the hub is run: how much devices and the space may take, and where traces go. Where values come from is
 * `HubConfig`'s business, and what is done by them `Quotas`' and `Tracing`'s.
 */
import { type Setting, wholeNumber } from "../Setting.ts"

export interface QuotaSettings {
  /** Live records by which one device may make the space grow; 0 is no limit. */
  readonly recordsPerDevice: number
  /** MiB of commits that one device may bring within 24 hours; 0 is no limit. */
  readonly mebibytesPerDeviceDay: number
  /** MiB that the journal may take; 0 is no limit. */
  readonly mebibytesOfSpace: number
}

export const noQuotas: QuotaSettings = { recordsPerDevice: 0, mebibytesPerDeviceDay: 0, mebibytesOfSpace: 0 }

const recordsMax = 100_000_000
/** A tebibyte. */
const mebibytesMax = 1_048_576

export const quotaRecords: Setting<number> = {
  variable: "SYNCLINE_QUOTA_RECORDS_PER_DEVICE",
  key: "quotaRecordsPerDevice",
  fallback: 0,
  allowed: `a whole number from 0 to ${recordsMax} (0 is no limit)`,
  read: wholeNumber(0, recordsMax)
}

const mebibytes = (variable: string, key: string): Setting<number> => ({
  variable,
  key,
  fallback: 0,
  allowed: `a whole number from 0 to ${mebibytesMax} (0 is no limit)`,
  read: wholeNumber(0, mebibytesMax)
})

export const quotaDay = mebibytes("SYNCLINE_QUOTA_MIB_PER_DEVICE_DAY", "quotaMibPerDeviceDay")
export const quotaSpace = mebibytes("SYNCLINE_QUOTA_MIB_SPACE", "quotaMibSpace")

/** What is in a URL before its host would be a secret in the environment, and is not sent. */
const isCollector = (value: unknown): value is string => {
  const url = typeof value === "string" ? URL.parse(value) : null
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
}

export const otlpUrl: Setting<string> = {
  variable: "SYNCLINE_OTLP_URL",
  key: "otlpUrl",
  fallback: "",
  allowed:
    "the http or https address, without a name or password, at which a collector takes traces as OTLP in JSON, e.g. http://127.0.0.1:4318/v1/traces",
  read: (value) => (value === "" || isCollector(value) ? value : undefined)
}

export const settings = [quotaRecords, quotaDay, quotaSpace, otlpUrl]
