/**
 * The hub's settings: environment first, then the JSON file that SYNCLINE_CONFIG names, then the defaults. This is the
 * only reader of the environment. It opens nothing but that file and does not look whether a folder or port is free.
 */
import { readFileSync } from "node:fs"
import { resolve, sep } from "node:path"
import { DeleteWatch } from "@syncline/core"
import { AuditKeeper } from "@syncline/policy"
import { Effect, Redacted } from "effect"
import { HubConfigError, SettingInvalid, SettingsUnreadable, SettingUnknown } from "./HubConfigError.ts"
import * as EdgeSettings from "./http/EdgeSettings.ts"
import * as GatewaySettings from "./gateway/GatewaySettings.ts"
import * as OperationSettings from "./operation/OperationSettings.ts"
import * as OidcSettings from "./people/OidcSettings.ts"
import * as RelayAddress from "./RelayAddress.ts"
import { listOf, pathOf, type Setting, type Switch, switches, switchOf, wholeNumber } from "./Setting.ts"

export type PolicyKind = (typeof policyKinds)[number]
export type LogLevel = (typeof logLevels)[number]

export interface HubConfig {
  /** 0 lets the system choose. */
  readonly port: number
  readonly host: string
  /** Absolute path. */
  readonly dataFolder: string
  /** Name of the space. */
  readonly space: string
  readonly logLevel: LogLevel
  /** Whom the hub lets in: `personal` whom its list of trusted peers names, `enterprise` whom the space's charter names. */
  readonly policy: PolicyKind
  /** Records that one device may delete within a minute, of all types; more wait for a person. */
  readonly massDeleteRecords: number
  /** Percent of a type that one device may delete within a minute, from 20 records on; more wait for a person. */
  readonly massDeletePercent: number
  /** Entries that the audit holds; the oldest make room. */
  readonly auditEntries: number
  /** Whether devices may meet here for a pairing. */
  readonly pairing: Switch
  /** Absolute path of a folder that a cloud program copies, where the hub meets devices that cannot reach it; none where absent. */
  readonly mailboxFolder: string | undefined
  /** Whether the hub relays for devices that it lets in, and tells them where others are. */
  readonly relay: Switch
  /** Port of that, QUIC and TCP; 0 lets the system choose two. */
  readonly relayPort: number
  /** Where others reach it there, where that is not what it listens on: multiaddrs without a peer, IP addresses or host names. */
  readonly relayAddresses: ReadonlyArray<string>
  /** Absolute path of the folder for backups, outside of the data folder; none are made where absent. */
  readonly backupFolder: string | undefined
  /** Hours from one backup to the next; 0 makes none by itself. */
  readonly backupEveryHours: number
  /** Backups of this hub that stay. */
  readonly backupKeep: number
  /** How much devices may bring, and the space may take. */
  readonly quotas: OperationSettings.QuotaSettings
  /** Where traces go; nowhere where absent. */
  readonly otlpUrl: string | undefined
  /** What stands between the hub and those who call it. */
  readonly edge: EdgeSettings.EdgeSettings
  /** Whether routes may lead into the networks that the hub stands in. */
  readonly lanPeers: Switch
  /** The doors for other systems' own clients. */
  readonly gateways: GatewaySettings.GatewaySettings
  /** The other service that people may sign in by; none where absent. */
  readonly oidc: OidcSettings.OidcSettings | undefined
  /** What opens the hub's key, where it is under a passphrase. */
  readonly passphrase: Redacted.Redacted<string> | undefined
  /** Where each setting comes from, by its key. Those that are not in it have their default. */
  readonly origins: ReadonlyMap<string, Origin>
}

/** A value that somebody gave before the start. It may be a path or worse: only what is a number or a choice is shown. */
export interface Origin {
  readonly source: "environment" | "file"
  readonly value: unknown
}

export type Environment = { readonly [name: string]: string | undefined }

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const
const policyKinds = ["personal", "enterprise"] as const
const spaceTextMax = 128

const port: Setting<number> = {
  variable: "SYNCLINE_PORT",
  key: "port",
  fallback: 5342,
  allowed: "a whole number from 0 to 65535 (0 lets the system choose)",
  read: wholeNumber(0, 65_535)
}

const host: Setting<string> = {
  variable: "SYNCLINE_HOST",
  key: "host",
  fallback: "127.0.0.1",
  allowed: "a host name or address of this machine, such as 127.0.0.1 or 0.0.0.0",
  read: (value) => (typeof value === "string" && /^[\w.:-]{1,253}$/.test(value) ? value : undefined)
}

const data: Setting<string> = {
  variable: "SYNCLINE_DATA",
  key: "data",
  fallback: "./data",
  allowed: "the path of a folder",
  read: (value) => (typeof value === "string" && value.trim() !== "" && !value.includes("\0") ? value : undefined)
}

const space: Setting<string> = {
  variable: "SYNCLINE_SPACE",
  key: "space",
  fallback: "home",
  allowed: `a name of 1 to ${spaceTextMax} characters without spaces at its ends`,
  read: (value) =>
    typeof value === "string" && value !== "" && value.trim() === value && value.length <= spaceTextMax
      ? value
      : undefined
}

export const logLevel: Setting<LogLevel> = {
  variable: "SYNCLINE_LOG_LEVEL",
  key: "logLevel",
  fallback: "info",
  allowed: `one of ${logLevels.join(", ")}`,
  choices: logLevels,
  read: (value) => logLevels.find((level) => level === value)
}

const policy: Setting<PolicyKind> = {
  variable: "SYNCLINE_POLICY",
  key: "policy",
  fallback: "personal",
  allowed: `one of ${policyKinds.join(", ")}`,
  choices: policyKinds,
  read: (value) => policyKinds.find((kind) => kind === value)
}

const massDeleteRecords: Setting<number> = {
  variable: "SYNCLINE_MASS_DELETE_RECORDS",
  key: "massDeleteRecords",
  fallback: DeleteWatch.defaultDeleteLimits.recordsMax,
  allowed: `a whole number from 1 to ${DeleteWatch.limitRecordsMax}`,
  read: wholeNumber(1, DeleteWatch.limitRecordsMax)
}

const massDeletePercent: Setting<number> = {
  variable: "SYNCLINE_MASS_DELETE_PERCENT",
  key: "massDeletePercent",
  fallback: DeleteWatch.defaultDeleteLimits.shareMax * 100,
  allowed: "a whole number from 1 to 100 (100 holds nothing by its share)",
  read: wholeNumber(1, 100)
}

const auditEntries: Setting<number> = {
  variable: "SYNCLINE_AUDIT_ENTRIES",
  key: "auditEntries",
  fallback: AuditKeeper.entriesMaxDefault,
  allowed: "a whole number from 1000 to 100000000",
  read: wholeNumber(1_000, 100_000_000)
}

const pairing: Setting<Switch> = {
  variable: "SYNCLINE_PAIRING",
  key: "pairing",
  fallback: "on",
  allowed: `one of ${switches.join(", ")}`,
  choices: switches,
  read: (value) => switches.find((state) => state === value)
}

const mailboxFolder = pathOf(
  "SYNCLINE_MAILBOX_FOLDER",
  "mailboxFolder",
  "the path of a folder that a cloud program copies between devices"
)

const relay = switchOf("SYNCLINE_RELAY", "relay")

const relayPort: Setting<number> = {
  variable: "SYNCLINE_RELAY_PORT",
  key: "relayPort",
  fallback: 5343,
  allowed: "a whole number from 0 to 65535 (0 lets the system choose)",
  read: wholeNumber(0, 65_535)
}

const relayAddresses = listOf("SYNCLINE_RELAY_ADDRESSES", "relayAddresses", {
  max: RelayAddress.givenMax,
  allowed: "host names, IP addresses or multiaddrs such as /dns4/hub.example.com/tcp/5343",
  passes: RelayAddress.isGiven
})

const backupFolder = pathOf("SYNCLINE_BACKUP_FOLDER", "backupFolder", "the path of a folder outside of the data folder")

export const backupEveryHours: Setting<number> = {
  variable: "SYNCLINE_BACKUP_EVERY_HOURS",
  key: "backupEveryHours",
  fallback: 24,
  allowed: "a whole number from 0 to 8760 (0 makes none by itself)",
  read: wholeNumber(0, 8_760)
}

export const backupKeep: Setting<number> = {
  variable: "SYNCLINE_BACKUP_KEEP",
  key: "backupKeep",
  fallback: 14,
  allowed: "a whole number from 1 to 1000",
  read: wholeNumber(1, 1_000)
}

const passphraseFile = pathOf(
  "SYNCLINE_PASSPHRASE_FILE",
  "passphraseFile",
  "the path of a file whose first line is the passphrase"
)

const lanPeers = switchOf("SYNCLINE_LAN_PEERS", "lanPeers")

/** All of them, in the order in which they are listed. */
export const settings = [
  port,
  host,
  data,
  space,
  logLevel,
  policy,
  massDeleteRecords,
  massDeletePercent,
  auditEntries,
  pairing,
  mailboxFolder,
  relay,
  relayPort,
  relayAddresses,
  backupFolder,
  backupEveryHours,
  backupKeep,
  ...OperationSettings.settings,
  ...EdgeSettings.settings,
  lanPeers,
  GatewaySettings.projectAi,
  GatewaySettings.galileosky,
  GatewaySettings.galileoskyClear,
  GatewaySettings.galileoskyPeers,
  GatewaySettings.galileoskyPages,
  GatewaySettings.isync,
  GatewaySettings.isyncPeers,
  GatewaySettings.bodyMebibytes,
  GatewaySettings.from,
  OidcSettings.issuer,
  OidcSettings.clientId,
  OidcSettings.clientSecretFile,
  OidcSettings.members,
  passphraseFile
]

/** Reads the settings; `environment` is the process's own unless a test gives another. */
export const load = (environment: Environment = process.env): Effect.Effect<HubConfig, HubConfigError> =>
  Effect.gen(function* () {
    const file = yield* readFile(environment["SYNCLINE_CONFIG"])
    const shared = (path: string): string | undefined => (path === "" ? undefined : resolve(path))
    const origins = new Map<string, Origin>()
    const value = <A>(setting: Setting<A>) => pick(setting, environment, file, origins)
    const dataFolder = resolve(yield* value(data))
    return {
      port: yield* value(port),
      host: yield* value(host),
      dataFolder,
      space: yield* value(space),
      logLevel: yield* value(logLevel),
      policy: yield* value(policy),
      massDeleteRecords: yield* value(massDeleteRecords),
      massDeletePercent: yield* value(massDeletePercent),
      auditEntries: yield* value(auditEntries),
      pairing: yield* value(pairing),
      mailboxFolder: shared(yield* value(mailboxFolder)),
      relay: yield* value(relay),
      relayPort: yield* value(relayPort),
      relayAddresses: yield* relayAddressesOf(yield* value(relayAddresses), yield* value(relayPort)),
      backupFolder: yield* backupFolderOf(shared(yield* value(backupFolder)), dataFolder),
      backupEveryHours: yield* value(backupEveryHours),
      backupKeep: yield* value(backupKeep),
      quotas: {
        recordsPerDevice: yield* value(OperationSettings.quotaRecords),
        mebibytesPerDeviceDay: yield* value(OperationSettings.quotaDay),
        mebibytesOfSpace: yield* value(OperationSettings.quotaSpace)
      },
      otlpUrl: (yield* value(OperationSettings.otlpUrl)) || undefined,
      edge: {
        publicUrl: (yield* value(EdgeSettings.publicUrl)) || undefined,
        trustedProxies: yield* value(EdgeSettings.trustedProxies),
        tls: yield* tlsOf(yield* value(EdgeSettings.tlsCertificate), yield* value(EdgeSettings.tlsKey))
      },
      lanPeers: yield* value(lanPeers),
      gateways: {
        projectAi: yield* value(GatewaySettings.projectAi),
        galileosky: yield* value(GatewaySettings.galileosky),
        galileoskyClear: yield* value(GatewaySettings.galileoskyClear),
        galileoskyPeers: yield* value(GatewaySettings.galileoskyPeers),
        galileoskyPages: yield* value(GatewaySettings.galileoskyPages),
        isync: yield* value(GatewaySettings.isync),
        isyncPeers: yield* value(GatewaySettings.isyncPeers),
        bodyMebibytes: yield* value(GatewaySettings.bodyMebibytes),
        from: yield* value(GatewaySettings.from)
      },
      oidc: yield* oidcOf({
        issuer: yield* value(OidcSettings.issuer),
        clientId: yield* value(OidcSettings.clientId),
        clientSecret: yield* readSecret(OidcSettings.clientSecretFile, yield* value(OidcSettings.clientSecretFile)),
        members: yield* value(OidcSettings.members)
      }),
      passphrase: yield* readSecret(passphraseFile, yield* value(passphraseFile)),
      origins
    }
  })

/** A host alone says nothing of a port that the system chooses. */
const relayAddressesOf = (
  given: ReadonlyArray<string>,
  port: number
): Effect.Effect<ReadonlyArray<string>, HubConfigError> => {
  const bare = port === 0 ? given.find((each) => !each.startsWith("/")) : undefined
  if (bare === undefined) return Effect.succeed(given)
  const allowed = `multiaddrs only, as ${relayPort.variable} is 0`
  return refuse(new SettingInvalid({ setting: relayAddresses.variable, value: JSON.stringify(bare), allowed }))
}

/** A certificate without its key, or the other way round, was meant to be one with it. */
const tlsOf = (certificate: string, key: string): Effect.Effect<EdgeSettings.EdgeSettings["tls"], HubConfigError> => {
  const found = EdgeSettings.tlsOf(certificate, key)
  if (found === undefined || !("missing" in found)) return Effect.succeed(found)
  const { allowed, variable } = found.missing
  return refuse(new SettingInvalid({ setting: variable, value: '""', allowed: `${allowed}, beside the other` }))
}

/** What a purge takes out of the data folder would stay in it with its backups. */
const backupFolderOf = (
  path: string | undefined,
  dataFolder: string
): Effect.Effect<string | undefined, HubConfigError> => {
  if (path === undefined || (path !== dataFolder && !path.startsWith(dataFolder + sep))) return Effect.succeed(path)
  const { allowed, variable } = backupFolder
  return refuse(new SettingInvalid({ setting: variable, value: JSON.stringify(path), allowed }))
}

/** The first line of the file; a secret in the environment itself would be seen by every process of the account. */
const readSecret = (
  { allowed, variable }: Setting<string>,
  path: string
): Effect.Effect<Redacted.Redacted<string> | undefined, HubConfigError> => {
  if (path === "") return Effect.succeed(undefined)
  try {
    const [line = ""] = readFileSync(path, "utf8").split(/\r?\n/, 1)
    return Effect.succeed(Redacted.make(line, { label: "secret of a file" }))
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return refuse(new SettingInvalid({ setting: variable, value: `${JSON.stringify(path)} (${problem})`, allowed }))
  }
}

/** A service without a name of the hub there is none, nor the other way round. */
const oidcOf = (
  given: OidcSettings.OidcSettings
): Effect.Effect<OidcSettings.OidcSettings | undefined, HubConfigError> => {
  const { clientId, issuer } = given
  if (issuer !== "" && clientId !== "") return Effect.succeed(given)
  const isNone = issuer === "" && clientId === "" && given.clientSecret === undefined && given.members.length === 0
  if (isNone) return Effect.succeed(undefined)
  const { allowed, variable } = issuer === "" ? OidcSettings.issuer : OidcSettings.clientId
  return refuse(new SettingInvalid({ setting: variable, value: '""', allowed }))
}

interface SettingsFile {
  readonly path: string
  readonly entries: { readonly [key: string]: unknown }
}

const refuse = (reason: HubConfigError["reason"]): Effect.Effect<never, HubConfigError> =>
  Effect.fail(new HubConfigError({ reason }))

/** An empty variable counts as absent: that is how a service file or a compose file leaves one out. */
const pick = <A>(
  setting: Setting<A>,
  environment: Environment,
  file: SettingsFile | undefined,
  origins: Map<string, Origin>
): Effect.Effect<A, HubConfigError> => {
  const text = environment[setting.variable]
  const fromEnvironment = text !== undefined && text !== ""
  const given: unknown = fromEnvironment ? text : file?.entries[setting.key]
  if (given === undefined) return Effect.succeed(setting.fallback)
  const value = setting.read(given)
  if (value !== undefined) {
    origins.set(setting.key, { source: fromEnvironment ? "environment" : "file", value })
    return Effect.succeed(value)
  }
  const name = fromEnvironment ? setting.variable : `${setting.key} in ${file!.path}`
  return refuse(new SettingInvalid({ setting: name, value: JSON.stringify(given), allowed: setting.allowed }))
}

const readFile = (path: string | undefined): Effect.Effect<SettingsFile | undefined, HubConfigError> => {
  if (path === undefined || path === "") return Effect.succeed(undefined)
  const unreadable = (problem: string) => refuse(new SettingsUnreadable({ path, problem }))
  let entries: unknown
  try {
    entries = JSON.parse(readFileSync(path, "utf8"))
  } catch (error) {
    return unreadable(error instanceof SyntaxError ? `it holds no JSON (${error.message})` : String(error))
  }
  if (typeof entries !== "object" || entries === null || Array.isArray(entries)) {
    return unreadable("it must hold one JSON object")
  }
  const known = settings.map(({ key }) => key)
  const unknown = Object.keys(entries).find((key) => !known.includes(key))
  if (unknown !== undefined) return refuse(new SettingUnknown({ path, key: unknown, known: known.join(", ") }))
  return Effect.succeed({ path, entries: entries as SettingsFile["entries"] })
}
