/** The hub's backups: which there are, making one now, and verifying one. Restoring is for the command line, on a hub that is stopped. */
import { AdminBackup } from "@syncline/core/admin"
import type { FolderBackup } from "@syncline/node/hub"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import { type BackupRun, Backups } from "./Backups.ts"

const tag = "backups"
const reading = { kind: "scope", scope: "operate:read" } as const
const writing = { kind: "scope", scope: "operate:write" } as const
const off = { BackupsOff: 409, BackupUnderWay: 409, BackupUnknown: 404 } as const
const problems = {
  ...off,
  BackupPlaceUnfit: 503,
  BackupRuns: 503,
  BackupForeign: 503,
  BackupDamaged: 503,
  FolderInUse: 503,
  FolderNotEmpty: 503,
  BackupStopped: 503,
  BackupStoreFailed: 503
} as const

const told = (one: FolderBackup.Listed) => {
  if ("problem" in one) return { id: one.id, problem: one.problem }
  const { files, head, isKeySealed, madeMs, peer, records, space, stateHash } = one.manifest
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  return { id: one.id, madeMs, peer, space, records, commits: head, stateHash, bytes, isKeySealed }
}

const toldRun = ({ backup, endedMs, problem, ...run }: BackupRun) => ({
  ...run,
  backup: backup ?? null,
  endedMs: endedMs ?? null,
  problem: problem ?? null
})

export const backupEndpoints = [
  endpoint({
    id: "backups.list",
    method: "GET",
    path: "/backups",
    summary: "Backups of the hub's folder, the newest first, and what was done with them last.",
    tag,
    access: reading,
    answer: AdminBackup.Backups,
    problems,
    run: Effect.fnUntraced(function* () {
      const desk = yield* Backups
      const [backups, runs] = [yield* desk.list, yield* desk.runs]
      return { backups: backups.map(told), runs: runs.map(toldRun) }
    })
  }),
  endpoint({
    id: "backups.make",
    method: "POST",
    path: "/backups",
    summary: "Begins to make a backup; the list tells when it is done.",
    tag,
    access: writing,
    status: 202,
    answer: AdminBackup.BackupRun,
    problems: off,
    audit: () => "began to make a backup",
    run: () => Effect.flatMap(Backups, (desk) => Effect.map(desk.make, toldRun))
  }),
  endpoint({
    id: "backups.verify",
    method: "POST",
    path: "/backups/:id/verify",
    summary: "Begins to verify a backup; the list tells what was found.",
    tag,
    access: writing,
    status: 202,
    params: AdminBackup.OfBackup,
    answer: AdminBackup.BackupRun,
    problems,
    audit: ({ params: { id } }) => `began to verify the backup ${id}`,
    run: ({ params: { id } }) => Effect.flatMap(Backups, (desk) => Effect.map(desk.verify(id), toldRun))
  }),
  endpoint({
    id: "backups.foresee",
    method: "GET",
    path: "/backups/:id/restore",
    summary:
      "What restoring a backup would bring back and leave behind. It is done at the terminal, on a hub that is stopped.",
    tag,
    access: reading,
    params: AdminBackup.OfBackup,
    answer: AdminBackup.RestorePlan,
    problems,
    run: Effect.fnUntraced(function* ({ params: { id } }) {
      const { backup, folder, peers, present } = yield* (yield* Backups).foresee(id)
      const { head, madeMs, peer, records, space } = backup.manifest
      const isSame = present?.peer === peer && present.space === space
      return {
        madeMs,
        records,
        commits: head,
        commitsNow: isSame ? present.head : null,
        peers,
        command: `syncline backup restore ${JSON.stringify(backup.path)} --data ${JSON.stringify(folder)} --replace`
      }
    })
  }),
  endpoint({
    id: "backups.remove",
    method: "DELETE",
    path: "/backups/:id",
    summary: "Takes a backup away.",
    tag,
    access: { ...writing, isFresh: true },
    params: AdminBackup.OfBackup,
    answer: "none",
    problems,
    audit: ({ params: { id } }) => `took the backup ${id} away`,
    run: ({ params: { id } }) => Effect.flatMap(Backups, (desk) => desk.remove(id))
  })
]
