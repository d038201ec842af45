/**
 * Settings: where they come from and what is said about wrong ones.
 */
import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import * as OperationSettings from "../src/operation/OperationSettings.ts"
import * as GatewaySettings from "../src/gateway/GatewaySettings.ts"
import * as HubConfig from "../src/HubConfig.ts"
import { failHub, temporaryFolder } from "./hubProcess.ts"

const load = (environment: HubConfig.Environment) => Effect.runSync(HubConfig.load(environment))
const complaint = (environment: HubConfig.Environment) => Effect.runSync(Effect.flip(HubConfig.load(environment)))

const fileOf = (text: string): string => {
  const path = join(temporaryFolder(), "hub.json")
  writeFileSync(path, text)
  return path
}

describe("settings", () => {
  it("[HB-1] are the defaults when nothing is set", () => {
    expect(load({})).toEqual({
      port: 5342,
      host: "127.0.0.1",
      dataFolder: resolve("./data"),
      space: "home",
      logLevel: "info",
      policy: "personal",
      massDeleteRecords: 1_000,
      massDeletePercent: 20,
      auditEntries: 200_000,
      pairing: "on",
      relay: "off",
      relayPort: 5343,
      relayAddresses: [],
      backupFolder: undefined,
      backupEveryHours: 24,
      backupKeep: 14,
      quotas: OperationSettings.noQuotas,
      origins: new Map(),
      edge: { trustedProxies: [] },
      lanPeers: "off",
      gateways: GatewaySettings.none
    })
  })

  it("[HB-1] come from the environment before the file, setting by setting", () => {
    const file = fileOf(
      `{ "port": 7000, "space": "acme", "logLevel": "debug", "host": "0.0.0.0", "massDeletePercent": 50, "auditEntries": 5000 }`
    )
    const config = load({
      SYNCLINE_CONFIG: file,
      SYNCLINE_PORT: "7001",
      SYNCLINE_SPACE: "",
      SYNCLINE_DATA: "/var/hub",
      SYNCLINE_POLICY: "enterprise",
      SYNCLINE_MASS_DELETE_RECORDS: "1000000",
      SYNCLINE_PAIRING: "off",
      SYNCLINE_RELAY: "1",
      SYNCLINE_RELAY_PORT: "4001",
      SYNCLINE_RELAY_ADDRESSES: "hub.example.com, /ip4/192.0.2.1/udp/4001/quic-v1",
      SYNCLINE_MAILBOX_FOLDER: "/srv/dropbox/Syncline",
      SYNCLINE_BACKUP_FOLDER: "/srv/backups",
      SYNCLINE_QUOTA_RECORDS_PER_DEVICE: "5000",
      SYNCLINE_QUOTA_MIB_PER_DEVICE_DAY: "64",
      SYNCLINE_QUOTA_MIB_SPACE: "2048",
      SYNCLINE_OTLP_URL: "http://127.0.0.1:4318",
      SYNCLINE_BACKUP_EVERY_HOURS: "0",
      SYNCLINE_BACKUP_KEEP: "3",
      SYNCLINE_LAN_PEERS: "1",
      SYNCLINE_GATEWAY_PROJECT_AI: "1",
      SYNCLINE_GATEWAY_GALILEOSKY: "1",
      SYNCLINE_GATEWAY_GALILEOSKY_CLEAR: "off",
      SYNCLINE_GATEWAY_GALILEOSKY_PEERS: "http://192.168.1.20:3001, https://peer.example",
      SYNCLINE_GATEWAY_GALILEOSKY_PAGES: "http://localhost:3001",
      SYNCLINE_GATEWAY_ISYNC: "off",
      SYNCLINE_GATEWAY_ISYNC_PEERS: "10",
      SYNCLINE_GATEWAY_BODY_MIB: "8",
      SYNCLINE_GATEWAY_FROM: "10.0.0.0/8, fd00::/8,192.0.2.7"
    })
    const { origins, ...values } = config
    expect(origins.get("port")).toEqual({ source: "environment", value: 7001 })
    expect(origins.get("massDeletePercent")).toEqual({ source: "file", value: 50 })
    expect(origins.get("space")).toEqual({ source: "file", value: "acme" })
    expect([origins.has("relay"), origins.has("trustedProxies")]).toEqual([true, false])
    expect(values).toEqual({
      port: 7001,
      host: "0.0.0.0",
      dataFolder: "/var/hub",
      space: "acme",
      logLevel: "debug",
      policy: "enterprise",
      massDeleteRecords: 1_000_000,
      massDeletePercent: 50,
      auditEntries: 5_000,
      pairing: "off",
      relay: "on",
      relayPort: 4001,
      relayAddresses: ["hub.example.com", "/ip4/192.0.2.1/udp/4001/quic-v1"],
      mailboxFolder: "/srv/dropbox/Syncline",
      backupFolder: "/srv/backups",
      backupEveryHours: 0,
      backupKeep: 3,
      quotas: { recordsPerDevice: 5_000, mebibytesPerDeviceDay: 64, mebibytesOfSpace: 2_048 },
      otlpUrl: "http://127.0.0.1:4318",
      edge: { trustedProxies: [] },
      lanPeers: "on",
      gateways: {
        projectAi: "on",
        galileosky: "on",
        galileoskyClear: "off",
        galileoskyPeers: ["http://192.168.1.20:3001", "https://peer.example"],
        galileoskyPages: ["http://localhost:3001"],
        isync: "off",
        isyncPeers: 10,
        bodyMebibytes: 8,
        from: ["10.0.0.0/8", "fd00::/8", "192.0.2.7"]
      }
    })
  })

  it("[HB-2] of the environment that are not allowed are named with what is", () => {
    const sentences = {
      SYNCLINE_PORT: `must be a whole number from 0 to 65535 (0 lets the system choose)`,
      SYNCLINE_HOST: `must be a host name or address of this machine`,
      SYNCLINE_DATA: `must be the path of a folder`,
      SYNCLINE_SPACE: `must be a name of 1 to 128 characters`,
      SYNCLINE_LOG_LEVEL: `must be one of trace, debug, info, warn, error, fatal, silent`,
      SYNCLINE_POLICY: `must be one of personal, enterprise`,
      SYNCLINE_MASS_DELETE_RECORDS: `must be a whole number from 1 to 1000000`,
      SYNCLINE_MASS_DELETE_PERCENT: `must be a whole number from 1 to 100 (100 holds nothing by its share)`,
      SYNCLINE_QUOTA_RECORDS_PER_DEVICE: `must be a whole number from 0 to 100000000 (0 is no limit)`,
      SYNCLINE_QUOTA_MIB_PER_DEVICE_DAY: `must be a whole number from 0 to 1048576 (0 is no limit)`,
      SYNCLINE_QUOTA_MIB_SPACE: `must be a whole number from 0 to 1048576 (0 is no limit)`,
      SYNCLINE_OTLP_URL: `must be the http or https address, without a name or password`,
      SYNCLINE_GATEWAY_PROJECT_AI: `must be one of on, off, or 1 for on`,
      SYNCLINE_GATEWAY_GALILEOSKY_PEERS: `must be at most 64 origins such as http://192.168.1.20:3001`,
      SYNCLINE_GATEWAY_GALILEOSKY_PAGES: `must be at most 64 origins such as http://192.168.1.20:3001`,
      SYNCLINE_GATEWAY_FROM: `must be at most 64 addresses or networks such as 192.168.1.0/24`
    }
    for (const [variable, sentence] of Object.entries(sentences)) {
      const error = complaint({ [variable]: " " })
      expect(error.reason._tag).toBe("SettingInvalid")
      expect(error.message).toContain(`${variable} is " ", but ${sentence}`)
    }
    for (const port of ["-1", "65536", "80.5", "0x50", "1e3", "eighty"]) {
      expect(complaint({ SYNCLINE_PORT: port }).message).toContain(`SYNCLINE_PORT is ${JSON.stringify(port)}`)
    }
    for (const [variable, values] of Object.entries({
      SYNCLINE_RELAY: ["yes", "2"],
      SYNCLINE_RELAY_ADDRESSES: [
        "0.0.0.0/x",
        "/ip4/0.0.0.0/tcp/4001",
        "/ip4/192.0.2.1/tcp/0",
        "/dns4/hub/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        "a,,b"
      ],
      SYNCLINE_MASS_DELETE_RECORDS: ["0", "1000001", "1e3", "-1", "some"],
      SYNCLINE_MASS_DELETE_PERCENT: ["0", "101", "20%", "0.2", "2.5"]
    })) {
      for (const value of values) {
        expect(complaint({ [variable]: value }).message).toContain(`${variable} is ${JSON.stringify(value)}`)
      }
    }
  })

  it("[HB-2] of the file that are not allowed are named with the file", () => {
    const wrong = fileOf(`{ "port": "80", "space": 7 }`)
    expect(complaint({ SYNCLINE_CONFIG: wrong }).message).toContain(`space in ${wrong} is 7, but must be a name`)
    const unknown = fileOf(`{ "prot": 80 }`)
    expect(complaint({ SYNCLINE_CONFIG: unknown }).message).toBe(
      `${unknown} has a setting "prot" that the hub does not know; it knows port, host, data, space, logLevel, policy, massDeleteRecords, massDeletePercent, auditEntries, pairing, mailboxFolder, relay, relayPort, relayAddresses, backupFolder, backupEveryHours, backupKeep, quotaRecordsPerDevice, quotaMibPerDeviceDay, quotaMibSpace, otlpUrl, publicUrl, trustedProxies, tlsCert, tlsKey, lanPeers, gatewayProjectAi, gatewayGalileosky, gatewayGalileoskyClear, gatewayGalileoskyPeers, gatewayGalileoskyPages, gatewayIsync, gatewayIsyncPeers, gatewayBodyMib, gatewayFrom, oidcIssuer, oidcClientId, oidcClientSecretFile, oidcMembers, passphraseFile`
    )
    expect(complaint({ SYNCLINE_CONFIG: fileOf("{") }).message).toContain("it holds no JSON")
    expect(complaint({ SYNCLINE_CONFIG: fileOf("[]") }).message).toContain("it must hold one JSON object")
    expect(complaint({ SYNCLINE_CONFIG: "/nowhere/hub.json" }).reason._tag).toBe("SettingsUnreadable")
  })

  it("[HB-2] that are not allowed end the process with 2 and one sentence", async () => {
    const { code, log, out } = await failHub({ data: temporaryFolder(), env: { SYNCLINE_PORT: "http" } })
    expect({ code, out }).toEqual({ code: 2, out: "" })
    expect(log).toBe(
      `syncline hub: SYNCLINE_PORT is "http", but must be a whole number from 0 to 65535 (0 lets the system choose)\n`
    )
  })
})
