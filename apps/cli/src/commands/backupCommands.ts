/**
 * `syncline backup make`, `list`, `verify` and `restore`: a data folder's copies, made also while its node runs. What is in a backup
 * and how a folder is restored is `@syncline/node`'s business; here it is told.
 */
import { BackupError, FolderBackup, FolderRestore } from "@syncline/node/hub"
import { Effect } from "effect"
import { because, DeviceMissing } from "../CliError.ts"
import * as Device from "../Device.ts"
import { command } from "../Invocation.ts"
import { Output } from "../Output.ts"
import * as Progress from "../Progress.ts"

interface InPlace {
  readonly data: string
  readonly place: string
}

interface OfBackup {
  readonly data: string
  readonly backup: string
}

export const make = Effect.fnUntraced(function* ({
  data,
  keep,
  place
}: InPlace & { readonly keep: number | undefined }) {
  const output = yield* Output
  if (!Device.hasJournal(data)) return yield* because(new DeviceMissing({ folder: data }))
  const made = yield* FolderBackup.make(data, place)
  const removed = keep === undefined ? [] : yield* FolderBackup.prune(place, made.manifest.peer, keep)
  yield* output.result({ ...documentOf(made), removed }, made.path)
  yield* output.note(`${Progress.counted(made.manifest.records, "record")}, ${bytesText(made)}.`)
  if (removed.length > 0) yield* output.note(`Took away ${Progress.counted(removed.length, "older one")}.`)
  if (made.manifest.files.some(({ name }) => name === "device.key") && !made.manifest.isKeySealed) {
    yield* output.note("Whoever can read it is this device: its key is under no passphrase.")
  }
})

export const list = Effect.fnUntraced(function* ({ place }: InPlace) {
  const output = yield* Output
  const found = yield* FolderBackup.list(place)
  for (const one of found) {
    const row = "manifest" in one ? documentOf(one) : one
    yield* output.line(row, lineOf(row))
  }
})

export const verify = Effect.fnUntraced(function* ({ backup }: OfBackup) {
  const output = yield* Output
  const verdict = yield* FolderBackup.verify(backup)
  const { faults, isCounted, path } = verdict
  const [first] = faults
  const good = isCounted
    ? `${path} is good: ${Progress.counted(verdict.manifest.records, "record")}, state hash ${verdict.manifest.stateHash}`
    : `The files of ${path} are good; an earlier version of the program made it, so its records were not counted`
  const text = faults.map(({ file, problem }) => `${file}: ${problem}`).join("\n")
  yield* output.result({ ...documentOf(verdict), isCounted, faults }, first === undefined ? good : text)
  if (first !== undefined) return yield* BackupError.because(new BackupError.BackupDamaged({ path, ...first }))
})

export const restore = Effect.fnUntraced(function* ({
  backup,
  data,
  ...options
}: OfBackup & FolderRestore.RestoreOptions) {
  const output = yield* Output
  const plan = yield* FolderRestore.restore(backup, data, options)
  const document = {
    ...documentOf(plan.backup),
    folder: plan.folder,
    dryRun: options.isDryRun,
    state: plan.state,
    present: plan.present ?? null,
    peers: plan.peers,
    movedTo: plan.movedTo ?? null,
    incarnation: plan.incarnation ?? null
  }
  yield* output.result(document, planText(plan, options.isDryRun))
  if (options.isDryRun) return yield* output.note("Nothing was done; without --dry-run it is.")
  yield* output.note(
    "It goes on as another incarnation of this device: what others had of it since comes back when they meet it. " +
      `Do not start the old folder any more. Next:\n  ${command(`status --data ${data}`)}`
  )
})

const planText = (
  { backup, folder, movedTo, peers, present, state }: FolderRestore.RestorePlan,
  isDry: boolean
): string => {
  const { madeMs, records } = backup.manifest
  const will = isDry ? "would be" : "was"
  const lines = [
    `${folder} ${will} restored from ${backup.id}, made at ${new Date(madeMs).toISOString()}: ` +
      `${Progress.counted(records, "record")}, ${Progress.counted(backup.manifest.head, "commit")}.`
  ]
  if (state === "taken") {
    const what = present === undefined ? "What is there" : `What is there, ${Progress.counted(present.head, "commit")},`
    lines.push(movedTo === undefined ? `${what} would be moved aside.` : `What was there lies in ${movedTo} now.`)
  }
  if (peers > 0) lines.push(`${Progress.counted(peers, "peer")} it knows may bring what came after the backup.`)
  return lines.join("\n")
}

const bytesOf = ({ manifest }: FolderBackup.Backup): number => manifest.files.reduce((sum, { bytes }) => sum + bytes, 0)

const bytesText = (backup: FolderBackup.Backup): string => `${(bytesOf(backup) / 2 ** 20).toFixed(1)} MiB`

/** A backup for programs. */
const documentOf = (backup: FolderBackup.Backup) => {
  const { charterRecords, head, isKeySealed, madeMs, peer, records, space, stateHash } = backup.manifest
  const facts = { madeMs, space, peer, records, commits: head, stateHash, charterRecords, isKeySealed }
  return { id: backup.id, path: backup.path, ...facts, bytes: bytesOf(backup) }
}

type Row = ReturnType<typeof documentOf> | Extract<FolderBackup.Listed, { readonly problem: string }>

const lineOf = (row: Row): string =>
  "problem" in row
    ? `${row.id}  ${row.problem}`
    : `${row.id}  ${Progress.counted(row.records, "record")}  ${(row.bytes / 2 ** 20).toFixed(1)} MiB  ${row.peer}`
