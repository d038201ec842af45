/**
 * Looks at the hub from within and says what it found: each check is one sentence, how bad it is, and what to do. It changes nothing,
 * and what it says names no person and no record.
 */
import { statfs, stat } from "node:fs/promises"
import { join } from "node:path"
import { Charter, CharterActing, DeviceKey, Journal, Orchestrator } from "@syncline/core"
import type { AdminOperation } from "@syncline/core/admin"
import { Clock, Context, Effect } from "effect"
import { Backups } from "../backup/Backups.ts"
import { Imports } from "../exchange/Imports.ts"
import { OpenGateways } from "../gateway/Gateways.ts"
import * as TlsFiles from "../http/TlsFiles.ts"
import type { HubConfig } from "../HubConfig.ts"
import { Accounts } from "../people/Accounts.ts"
import { Quotas } from "./Quotas.ts"
import { RunningHub } from "./RunningHub.ts"

/** `bare` says the same without the words of others, where it has some: those may name a place or a person. */
interface Check extends AdminOperation.Check {
  readonly bare?: string
}

const dayMs = 86_400_000
const hourMs = 3_600_000
const mebibyte = 1024 * 1024
/** Free space below which records may soon not be kept, and below which somebody should look. */
const freeBytesBad = 256 * mebibyte
const freeBytesLow = 2 * 1024 * mebibyte
/** A journal's log that grows beyond this is not being taken in. */
const logBytesMax = 512 * mebibyte
/** Days that a certificate should have left. */
const certificateDaysBad = 3
const certificateDaysLow = 21

const good = (id: string, found: string): Check => ({ id, state: "good", found, advice: null })
const warning = (id: string, found: string, advice: string): Check => ({ id, state: "warning", found, advice })
const bad = (id: string, found: string, advice: string): Check => ({ id, state: "bad", found, advice })

const looking = Effect.gen(function* () {
  const { config } = yield* RunningHub
  const looked = yield* Effect.all([
    disk(config),
    store(config),
    devices,
    team(config),
    quarantine,
    accounts,
    backups(config),
    imports,
    quotas(config),
    Effect.map(Clock.currentTimeMillis, (nowMs) => certificate(config.edge, nowMs)),
    Effect.sync(() => reach(config)),
    gateways
  ])
  return looked.flat()
})

const summed = (checks: ReadonlyArray<AdminOperation.Check>): AdminOperation.Doctor => {
  const worst = (["bad", "warning"] as const).find((state) => checks.some((check) => check.state === state))
  return { state: worst ?? "good", checks }
}

/** What was found. Never fails: what cannot be looked at is bad. */
export const examine = Effect.map(looking, (checks) =>
  summed(checks.map(({ advice, found, id, state }) => ({ id, state, found, advice })))
)

/** The same for whoever helps from outside: no place and nobody is named. */
export const examineBare = Effect.map(looking, (checks) =>
  summed(checks.map(({ advice, bare, found, id, state }) => ({ id, state, found: bare ?? found, advice })))
)

const sizeText = (bytes: number): string =>
  bytes >= 1024 * mebibyte ? `${(bytes / 1024 / mebibyte).toFixed(1)} GiB` : `${Math.floor(bytes / mebibyte)} MiB`

/** Of a disk with so many bytes left. */
export const diskOf = (freeBytes: number): Check => {
  const found = `${sizeText(freeBytes)} are free where the data folder lies`
  const advice = "make room, or move the data folder to a larger disk while the hub is stopped"
  if (freeBytes < freeBytesBad) return bad("disk", found, advice)
  return freeBytes < freeBytesLow ? warning("disk", found, advice) : good("disk", found)
}

const disk = ({ dataFolder }: HubConfig) =>
  Effect.promise(async () => {
    const { bavail, bsize } = await statfs(dataFolder)
    return diskOf(bavail * bsize)
  }).pipe(unlessBroken("disk", "look whether the data folder is there and may be read"))

const store = ({ dataFolder }: HubConfig) =>
  Effect.gen(function* () {
    const { head } = yield* Effect.flatMap(Orchestrator.Orchestrator, ({ status }) => status)
    yield* Effect.flatMap(Journal.Journal, (journal) => journal.head)
    const { size } = yield* Effect.promise(() => stat(join(dataFolder, "journal.db-wal")).catch(() => ({ size: 0 })))
    if (size > logBytesMax) {
      const found = `the journal's log has ${sizeText(size)} and is not taken in`
      return warning("store", found, "a program that reads the folder may hold it back; stop that, or restart the hub")
    }
    return good("store", `the journal answers; ${head} commits are in it`)
  }).pipe(unlessBroken("store", "look into the log; restore a backup where the disk has failed"))

const devices = Effect.gen(function* () {
  const { isStarted, peers } = yield* Effect.flatMap(Orchestrator.Orchestrator, ({ status }) => status)
  if (!isStarted) return bad("devices", "no device is let in: the hub does not listen", "restart the hub")
  const linked = peers.filter(
    ({ path, state }) => path !== undefined || state === "syncing" || state === "synced"
  ).length
  const failing = peers.filter(({ state }) => state === "blocked").length
  const found = `${linked} of ${peers.length} devices that are known since the start are linked`
  if (failing === 0) return good("devices", found)
  return warning(
    "devices",
    `${found}; ${failing} are not let in`,
    "look at them with: syncline status, syncline audit list --denied"
  )
}).pipe(unlessBroken("devices", "restart the hub, and look into its log"))

const team = Effect.fnUntraced(function* ({ policy }: HubConfig) {
  if (policy !== "enterprise")
    return good("team", "the hub is of one person: its list of trusted devices says who is let in")
  const services = yield* Effect.context<DeviceKey.DeviceKey>()
  const charter = Context.get(services as Context.Context<DeviceKey.DeviceKey | Charter.Charter>, Charter.Charter)
  const { peer } = Context.get(services, DeviceKey.DeviceKey)
  const state = charter.state()
  const device = state.devices.get(peer)
  const member = device === undefined ? undefined : state.members.get(device.member)
  const counted = `the team has ${state.members.size} members and ${state.devices.size} devices`
  if (member === undefined) {
    return bad(
      "team",
      `${counted}; the hub's own device is none of them`,
      "add it with: syncline member add, on a device of an owner"
    )
  }
  const why = CharterActing.whyNot(state, device!.member, [{ _tag: "SetTeam", team: "doctor", name: "doctor" }])
  if (why === undefined) return good("team", `${counted}; people can manage it at this hub`)
  const bare = `${counted}; people cannot manage it here`
  const advice = "manage it on a device of an owner, or make the hub's member one"
  return { ...warning("team", `${bare}: ${why}`, advice), bare }
})

const quarantine = Effect.gen(function* () {
  const counts = yield* Effect.flatMap(Journal.Journal, (journal) => journal.quarantineCounts)
  const waiting = Object.values(counts).reduce((sum, count) => sum + count, 0)
  if (waiting === 0) return good("quarantine", "nothing waits in quarantine")
  return warning("quarantine", `${waiting} commits wait in quarantine`, "look at them with: syncline quarantine list")
}).pipe(unlessBroken("quarantine", "look into the log"))

const accounts = Effect.gen(function* () {
  const { items } = yield* Effect.flatMap(Accounts, ({ list }) => list({ limit: 500 }))
  const owners = items.filter(({ isDisabled, role }) => role === "owner" && !isDisabled).length
  if (owners > 0) return good("accounts", `${owners} of ${items.length} accounts are owners'`)
  const advice = "the setup token that the hub prints at its start makes the first account"
  return warning("accounts", "no owner can sign in", advice)
}).pipe(unlessBroken("accounts", "put back a copy of hub.db while the hub is stopped"))

const backups = Effect.fnUntraced(
  function* ({ backupEveryHours, backupFolder }: HubConfig) {
    if (backupFolder === undefined) {
      return warning("backups", "no backups are made", "set SYNCLINE_BACKUP_FOLDER to a folder on another disk")
    }
    const desk = yield* Backups
    const nowMs = yield* Clock.currentTimeMillis
    const listed = yield* desk.list
    const newest = Math.max(-Infinity, ...listed.map((one) => ("manifest" in one ? one.manifest.madeMs : -Infinity)))
    const [last] = (yield* desk.runs).filter(({ endedMs, kind }) => kind === "make" && endedMs !== undefined)
    if (last?.problem !== undefined) {
      const bare = "the last backup failed"
      return { ...bad("backups", `${bare}: ${last.problem}`, "mend that; the hub tries again by itself"), bare }
    }
    if (newest === -Infinity)
      return warning(
        "backups",
        "there is no backup yet",
        "one is made soon after the start, and by: syncline backup make"
      )
    const hours = Math.floor((nowMs - newest) / hourMs)
    const found = `the newest of ${listed.length} backups is ${hours} hours old`
    if (backupEveryHours > 0 && hours > 2 * backupEveryHours)
      return bad("backups", found, "look into the log why none was made since")
    return good("backups", found)
  },
  (checked) => unlessBroken("backups", "look whether the folder for backups is there")(checked)
)

/** Of a hub without quotas there is nothing to say. */
const quotas = Effect.fnUntraced(
  function* ({ quotas: { mebibytesOfSpace, mebibytesPerDeviceDay, recordsPerDevice } }: HubConfig) {
    if (mebibytesOfSpace + mebibytesPerDeviceDay + recordsPerDevice === 0) return []
    const { isSpaceFull, overDay, overRecords, spaceBytes } = yield* Effect.flatMap(Quotas, ({ standing }) => standing)
    const raise = "look who it is in the log (CommitsPutOff), and raise the quota where that is right"
    if (isSpaceFull) {
      const found = `the space takes ${sizeText(spaceBytes ?? 0)}, which is its quota: nothing more is taken in`
      return [bad("quotas", found, "raise the quota of the space, quotaMibSpace, or purge what nobody needs")]
    }
    const parts = [
      ...(overRecords > 0 ? [`${overRecords} have used up their records`] : []),
      ...(overDay > 0 ? [`${overDay} what they may bring in a day`] : [])
    ]
    if (parts.length > 0) return [warning("quotas", `of the devices ${parts.join(", and ")}`, raise)]
    return [good("quotas", "no device has used up its quota")]
  },
  (checked) => unlessBroken("quotas", "look into the log")(checked)
)

const imports = Effect.gen(function* () {
  const beganMs = yield* Effect.flatMap(Imports, ({ brokenOffMs }) => brokenOffMs)
  if (beganMs === undefined) return []
  const found = `an import that began at ${new Date(beganMs).toISOString()} did not come to its end`
  return [bad("import", found, "begin again with a new data folder and the same export")]
}).pipe(unlessBroken("import", "look into the log"))

/** Of the certificate as it is at a time, in Unix milliseconds; nothing where the hub has none. */
export const certificate = ({ tls }: HubConfig["edge"], nowMs: number): ReadonlyArray<Check> => {
  if (tls === undefined) return []
  const untilMs = TlsFiles.validUntilMs(tls)
  if (untilMs === undefined)
    return [
      bad("certificate", "the certificate's file cannot be read", "put it back; the hub goes on with the one before")
    ]
  const days = Math.floor((untilMs - nowMs) / dayMs)
  const found = days < 0 ? "the certificate has expired" : `the certificate is good for ${days} days more`
  if (days >= certificateDaysLow) return [good("certificate", found)]
  const renew = "renew it; the hub shows the new one without a restart"
  return [days < certificateDaysBad ? bad("certificate", found, renew) : warning("certificate", found, renew)]
}

/** How others come to the hub, as far as its settings tell. */
const reach = ({ edge: { publicUrl, tls, trustedProxies }, host }: HubConfig): ReadonlyArray<Check> => {
  const isLocal = /^(127\.|::1$|localhost$)/.test(host)
  const isTrustingAll = trustedProxies.some((network) => network.endsWith("/0"))
  if (isTrustingAll) {
    return [
      bad(
        "reach",
        "every address counts as a trusted proxy: callers choose who they are",
        "name your proxy alone in SYNCLINE_TRUSTED_PROXIES"
      )
    ]
  }
  if (publicUrl?.startsWith("https:") === true && tls === undefined && trustedProxies.length === 0) {
    return [
      warning(
        "reach",
        "there is a proxy before the hub that is not trusted: all callers count as one",
        "set SYNCLINE_TRUSTED_PROXIES to its address"
      )
    ]
  }
  if (!isLocal && tls === undefined && publicUrl?.startsWith("https:") !== true) {
    return [
      warning(
        "reach",
        "others reach the hub without TLS: people can sign in on its own machine alone",
        "give it a certificate, or a proxy with one"
      )
    ]
  }
  if (isLocal && publicUrl === undefined) return [good("reach", "this machine alone reaches the hub")]
  return [good("reach", "others reach the hub by TLS")]
}

const gateways = Effect.map(OpenGateways, ({ current }) =>
  current.map(({ because, name, warning: words }): Check => {
    const id = `gateway ${name}`
    if (because === undefined)
      return warning(id, `the gateway ${name} is open: ${words}`, "switch it off where nobody needs it")
    const bare = `the gateway ${name} is closed`
    return { ...bad(id, `${bare}: ${because}`, "mend that, or switch it off"), bare }
  })
)

/** What cannot be looked at is bad. */
function unlessBroken(id: string, advice: string) {
  return <A, E, R>(looking: Effect.Effect<A, E, R>): Effect.Effect<A | Check, never, R> =>
    Effect.catchCause(looking, () => Effect.succeed(bad(id, "it cannot be looked at", advice)))
}
