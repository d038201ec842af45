/** A hub with gateways in the test's own process, and what a device that syncs with it sees. Everything is closed with the test. */
import { pino } from "pino"
import { onTestFinished } from "vitest"
import * as GatewaySettings from "../../src/gateway/GatewaySettings.ts"
import * as Hub from "../../src/Hub.ts"
import type { HubConfig } from "../../src/HubConfig.ts"
import { temporaryFolder } from "../hubProcess.ts"

export interface GatewayHub {
  readonly url: string
  readonly peer: string
  readonly data: string
  /** Lines of the log, parsed. */
  readonly log: () => ReadonlyArray<{ readonly [key: string]: unknown }>
  readonly stop: () => Promise<void>
}

type Given = Partial<GatewaySettings.GatewaySettings>

export const settingsOf = (dataFolder: string, gateways: Given, more: Partial<HubConfig> = {}): HubConfig => ({
  port: 0,
  host: "127.0.0.1",
  dataFolder,
  space: "home",
  logLevel: "info",
  policy: "personal",
  massDeleteRecords: 1_000,
  massDeletePercent: 20,
  auditEntries: 1_000,
  pairing: "off",
  mailboxFolder: undefined,
  relay: "off",
  relayPort: 0,
  relayAddresses: [],
  backupFolder: undefined,
  backupEveryHours: 0,
  backupKeep: 1,
  gateways: { ...GatewaySettings.none, ...gateways },
  passphrase: undefined,
  ...more
})

export const openHub = async (
  gateways: Given,
  { data = temporaryFolder(), ...more }: Partial<HubConfig> & { readonly data?: string } = {}
): Promise<GatewayHub> => {
  const lines: Array<string> = []
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) })
  const hub = await Hub.open(settingsOf(data, gateways, more), log)
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= hub.stop())
  onTestFinished(stop)
  return {
    url: hub.url,
    peer: hub.peer,
    data,
    log: () => lines.map((line) => JSON.parse(line) as { readonly [key: string]: unknown }),
    stop
  }
}
