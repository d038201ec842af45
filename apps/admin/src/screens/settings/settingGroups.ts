/** The hub's settings in groups, and what each is for in words. One that is not named here stands under its own name. */
import type { Setting } from "../../api/operation.ts"

interface Named {
  readonly group: string
  readonly words: string
}

const named = (group: string, all: { readonly [key: string]: string }): ReadonlyArray<readonly [string, Named]> =>
  Object.entries(all).map(([key, words]) => [key, { group, words }] as const)

const known = new Map<string, Named>([
  ...named("Limits", {
    quotaRecordsPerDevice: "Records by which one device may make the space grow",
    quotaMibPerDeviceDay: "MiB that one device may bring within 24 hours",
    quotaMibSpace: "MiB that the journal may take",
    massDeleteRecords: "Records that one device may delete before somebody is asked",
    massDeletePercent: "Share of a type, in percent, that one device may delete before somebody is asked",
    auditEntries: "Entries that the audit keeps"
  }),
  ...named("Backups", {
    backupFolder: "Where backups go",
    backupEveryHours: "Hours between two backups",
    backupKeep: "Backups that are kept"
  }),
  ...named("Operation", {
    logLevel: "What the log tells",
    otlpUrl: "Where traces go",
    port: "Port",
    host: "Where it listens",
    data: "Data folder",
    space: "Name of the space",
    policy: "How devices are let in",
    passphraseFile: "File with the passphrase of the hub's key"
  }),
  ...named("Ways in", {
    pairing: "Pairing by codes",
    mailboxFolder: "Folder that a cloud service syncs",
    relay: "Relays for devices that cannot reach each other",
    relayPort: "Port of the relay",
    relayAddresses: "Addresses of the relay",
    lanPeers: "Routes into the local network",
    publicUrl: "Address for browsers",
    trustedProxies: "Proxies in front of it",
    tlsCert: "Certificate",
    tlsKey: "Key of the certificate"
  })
])

export interface Group {
  readonly name: string
  readonly settings: ReadonlyArray<Setting & { readonly words: string }>
}

const groupOf = (key: string): Named =>
  known.get(key) ??
  (key.startsWith("gateway")
    ? { group: "Gateways", words: key }
    : { group: key.startsWith("oidc") ? "Sign-in by an organisation" : "Others", words: key })

/** In the order of the list; groups in the order in which they first come up, those that can be changed first. */
export const groupsOf = (settings: ReadonlyArray<Setting>): ReadonlyArray<Group> => {
  const groups = new Map<string, Array<Setting & { readonly words: string }>>(
    ["Limits", "Backups", "Operation"].map((name) => [name, []] as [string, []])
  )
  for (const setting of settings) {
    const { group, words } = groupOf(setting.key)
    groups.set(group, [...(groups.get(group) ?? []), { ...setting, words }])
  }
  return [...groups].filter(([, list]) => list.length > 0).map(([name, list]) => ({ name, settings: list }))
}

/** Where a value comes from, in words. */
export const sourceWords: { readonly [S in Setting["source"]]: string } = {
  default: "as it comes",
  environment: "from the environment",
  file: "from the settings file",
  runtime: "changed while it runs"
}
