/** Questions about how the hub is run: backups, settings, what it found when it looked at itself. */
import type { AdminBackup, AdminGateways, AdminOperation, AdminSettings } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask, part } from "./ask.ts"

export type Backups = typeof AdminBackup.Backups.Type
export type Backup = Backups["backups"][number]
export type BackupRun = Backups["runs"][number]
export type RestorePlan = typeof AdminBackup.RestorePlan.Type
export type Setting = AdminSettings.Setting
export type Doctor = AdminOperation.Doctor
export type About = typeof AdminOperation.About.Type
export type Gateway = (typeof AdminGateways.Gateways.Type)["gateways"][number]

export const backupsQuery = queryOptions({
  queryKey: ["backups", "all"],
  queryFn: ({ signal }) => ask<Backups>("GET", "/backups", { signal }),
  // One that goes on is looked at again, should the live line be away.
  refetchInterval: ({ state }) => (state.data?.runs.some(({ endedMs }) => endedMs === null) === true ? 2_000 : false)
})

export const planQuery = (id: string) =>
  queryOptions({
    queryKey: ["backups", "plan", id],
    queryFn: ({ signal }) => ask<RestorePlan>("GET", `/backups/${part(id)}/restore`, { signal })
  })

export const settingsQuery = queryOptions({
  queryKey: ["settings", "all"],
  queryFn: async ({ signal }) =>
    (await ask<{ readonly settings: ReadonlyArray<Setting> }>("GET", "/settings", { signal })).settings
})

export const doctorQuery = queryOptions({
  queryKey: ["settings", "doctor"],
  queryFn: ({ signal }) => ask<Doctor>("GET", "/doctor", { signal })
})

export const aboutQuery = queryOptions({
  queryKey: ["settings", "about"],
  queryFn: ({ signal }) => ask<About>("GET", "/about", { signal }),
  staleTime: 600_000
})

export const gatewaysQuery = queryOptions({
  queryKey: ["settings", "gateways"],
  queryFn: async ({ signal }) =>
    (await ask<{ readonly gateways: ReadonlyArray<Gateway> }>("GET", "/gateways", { signal })).gateways
})
