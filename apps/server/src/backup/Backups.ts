/**
 * The hub's backups of its own folder: made when it is time or when somebody asks, one at a time and by a process of its own, so that
 * the hub goes on. What is in a backup is `@syncline/node`'s business, and restoring needs a hub that is stopped.
 */
import { join } from "node:path"
import { DeviceKey, Spans } from "@syncline/core"
import { type BackupError, BackupProcess, FolderBackup, FolderRestore } from "@syncline/node/hub"
import { Clock, Context, Effect, Exit, Layer, type Scope } from "effect"
import type { HubConfig } from "../HubConfig.ts"
import { because, BackupsOff, type BackupsError, BackupUnderWay, BackupUnknown } from "./BackupsError.ts"

/** Something that was done with backups, or is being done. */
export interface BackupRun {
  readonly kind: "make" | "verify"
  /** The backup, as soon as it is known. */
  readonly backup: string | undefined
  /** Unix milliseconds. */
  readonly beganMs: number
  /** `undefined` as long as it goes on. */
  readonly endedMs: number | undefined
  /** Why it brought nothing. */
  readonly problem: string | undefined
  /** What a verification found. */
  readonly faults: ReadonlyArray<FolderBackup.BackupFault>
}

export interface BackupsShape {
  /** The backups in the hub's place, the newest first. */
  readonly list: Effect.Effect<ReadonlyArray<FolderBackup.Listed>, BackupError.BackupError | BackupsError>
  /** What was done last, the newest first; at most 16. */
  readonly runs: Effect.Effect<ReadonlyArray<BackupRun>>
  /** Begins to make a backup. */
  readonly make: Effect.Effect<BackupRun, BackupsError>
  /** Takes one away. */
  readonly remove: (id: string) => Effect.Effect<void, BackupError.BackupError | BackupsError>
  /** What restoring one over the hub's folder would do. Nothing is done: that takes a hub that is stopped. */
  readonly foresee: (id: string) => Effect.Effect<FolderRestore.RestorePlan, BackupError.BackupError | BackupsError>
  /** Begins to verify one; what it found stands in `runs`. */
  readonly verify: (id: string) => Effect.Effect<BackupRun, BackupError.BackupError | BackupsError>
}

export class Backups extends Context.Service<Backups, BackupsShape>()("@syncline/server/backup/Backups") {}

/** Read each time: the hours and how many stay may change while the hub runs. */
type Settings = Pick<HubConfig, "dataFolder" | "backupFolder" | "backupEveryHours" | "backupKeep">

/** Runs that are remembered. */
const runsMax = 16
const hourMs = 3_600_000

interface Timing {
  /** After the start, so that a hub that is started again and again does not copy all the time. */
  readonly firstMs: number
  /** From one try to the next, where one failed. */
  readonly retryMs: number
}

const usual: Timing = { firstMs: 60_000, retryMs: 600_000 }

/** Makes backups by itself from now on, where the settings say so. `changed` waits until some are others. */
export const layer = (
  settings: Settings,
  timing = usual,
  changed: Effect.Effect<void> = Effect.never
): Layer.Layer<Backups, never, DeviceKey.DeviceKey> =>
  Layer.effect(
    Backups,
    Effect.gen(function* () {
      const { peer } = yield* DeviceKey.DeviceKey
      const scope = yield* Effect.scope
      const desk = new Desk(settings, scope)
      if (settings.backupFolder !== undefined) {
        yield* Effect.forkScoped(keepTime(desk, settings, peer, timing, changed))
      }
      const { foresee, list, make, remove, runs, verify } = desk
      return { foresee, list, make, remove, runs, verify }
    })
  )

/** One run after another; none waits. */
class Desk {
  readonly #settings: Settings
  readonly #scope: Scope.Scope
  #runs: ReadonlyArray<BackupRun> = []

  constructor(settings: Settings, scope: Scope.Scope) {
    this.#settings = settings
    this.#scope = scope
  }

  get #place() {
    const { backupFolder } = this.#settings
    return backupFolder === undefined ? Effect.fail(because(new BackupsOff())) : Effect.succeed(backupFolder)
  }

  readonly runs = Effect.sync(() => this.#runs)

  readonly list = Effect.suspend(() => Effect.flatMap(this.#place, FolderBackup.list))

  readonly make = Effect.suspend(() =>
    Effect.flatMap(this.#place, (place) => {
      const { backupKeep, dataFolder } = this.#settings
      const making = BackupProcess.make(dataFolder, place, backupKeep)
      return this.#begin(
        "make",
        undefined,
        Effect.map(making, ({ id }) => ({ backup: id }))
      )
    })
  )

  /** The folder of a backup that is listed: nothing else is ever touched. */
  readonly #pathOf = (id: string) =>
    Effect.gen({ self: this }, function* () {
      const place = yield* this.#place
      const listed = yield* this.list
      if (!listed.some((one) => one.id === id)) return yield* because(new BackupUnknown({ id }))
      return join(place, id)
    })

  readonly remove = (id: string) =>
    Effect.gen({ self: this }, function* () {
      yield* this.#pathOf(id)
      if (this.#runs.some(({ endedMs }) => endedMs === undefined)) return yield* because(new BackupUnderWay())
      yield* FolderBackup.discard(yield* this.#place, id)
    })

  readonly foresee = (id: string) =>
    Effect.flatMap(this.#pathOf(id), (path) => FolderRestore.foresee(path, this.#settings.dataFolder))

  readonly verify = (id: string) =>
    Effect.gen({ self: this }, function* () {
      const verifying = BackupProcess.verify(yield* this.#pathOf(id))
      return yield* this.#begin(
        "verify",
        id,
        Effect.map(verifying, ({ faults }) => ({ faults }))
      )
    })

  /** The run has begun when this resolves; the hub's end ends it. */
  readonly #begin = Effect.fnUntraced(
    { self: this },
    function* (
      this: Desk,
      kind: BackupRun["kind"],
      backup: string | undefined,
      work: Effect.Effect<Partial<BackupRun>, BackupError.BackupError>
    ) {
      const beganMs = yield* Clock.currentTimeMillis
      if (this.#runs.some(({ endedMs }) => endedMs === undefined)) return yield* because(new BackupUnderWay())
      const run: BackupRun = { kind, backup, beganMs, endedMs: undefined, problem: undefined, faults: [] }
      this.#runs = [run, ...this.#runs].slice(0, runsMax)
      yield* Effect.forkIn(this.#follow(run, work), this.#scope)
      return run
    }
  )

  readonly #follow = Effect.fnUntraced(
    { self: this },
    function* (this: Desk, run: BackupRun, work: Effect.Effect<Partial<BackupRun>, BackupError.BackupError>) {
      const exit = yield* Effect.exit(
        Effect.mapError(Spans.spanned("hub.backup", { kind: run.kind })(work), ({ message }) => message)
      )
      const endedMs = yield* Clock.currentTimeMillis
      const found = Exit.isSuccess(exit) ? exit.value : { problem: Exit.findErrorOption(exit).pipe(wordsOf) }
      const ended: BackupRun = { ...run, ...found, endedMs }
      this.#runs = this.#runs.map((one) => (one === run ? ended : one))
      yield* tell(ended)
    }
  )
}

const wordsOf = (problem: { readonly _tag: "Some"; readonly value: string } | { readonly _tag: "None" }): string =>
  problem._tag === "Some" ? problem.value : "the program made a mistake; its log tells more"

const tell = ({ backup, faults, kind, problem }: BackupRun): Effect.Effect<void> => {
  if (problem !== undefined) return Effect.logError("Backup", { kind, backup, problem })
  if (faults.length > 0) return Effect.logError("Backup", { kind, backup, faults })
  return Effect.logInfo("Backup", { kind, backup })
}

/** A backup whenever the newest of this hub is old enough, whoever made that. */
const keepTime = (
  desk: Desk,
  settings: Settings,
  peer: string,
  { firstMs, retryMs }: Timing,
  changed: Effect.Effect<void>
): Effect.Effect<never> =>
  Effect.gen(function* () {
    yield* Effect.sleep(firstMs)
    for (;;) {
      const everyMs = settings.backupEveryHours * hourMs
      const waitMs = everyMs === 0 ? Infinity : yield* dueIn(settings.backupFolder!, everyMs, peer)
      // A clock that is set must not put it off for long.
      const isChanged = yield* Effect.raceFirst(
        Effect.as(Effect.sleep(Math.min(waitMs, hourMs)), false),
        Effect.as(changed, true)
      )
      if (isChanged || waitMs > hourMs) continue
      yield* Effect.ignore(desk.make)
      yield* Effect.sleep(retryMs)
    }
  })

const dueIn = Effect.fnUntraced(function* (place: string, everyMs: number, peer: string) {
  const listed = yield* Effect.orElseSucceed(FolderBackup.list(place), (): ReadonlyArray<FolderBackup.Listed> => [])
  const newest = listed.find((one) => "manifest" in one && one.manifest.peer === peer)
  if (newest === undefined || !("manifest" in newest)) return 0
  const ageMs = (yield* Clock.currentTimeMillis) - newest.manifest.madeMs
  // One from the future says nothing.
  return ageMs < 0 ? 0 : Math.max(0, everyMs - ageMs)
})
