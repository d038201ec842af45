import { existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as BackupProcess from "../../src/hub/BackupProcess.ts"
import * as FolderBackup from "../../src/hub/FolderBackup.ts"
import { site, writeNotes } from "./backupWorld.ts"

it.live("[HX-9] a process of its own makes and verifies backups, and its failures are the same", () =>
  Effect.gen(function* () {
    const { folder, place } = yield* site
    const failed = yield* Effect.flip(BackupProcess.make(folder, place, 1))
    expect(failed.reason).toMatchObject({ _tag: "BackupForeign", problem: "there is no journal in this folder" })
    yield* writeNotes(folder, 0, 300)
    const first = yield* BackupProcess.make(folder, place, 2)
    expect(first).toEqual(yield* FolderBackup.read(first.path))
    yield* Effect.sleep(1_000)
    const second = yield* BackupProcess.make(folder, place, 1)
    expect((yield* FolderBackup.list(place)).map(({ id }) => id)).toEqual([second.id])
    expect(yield* BackupProcess.verify(second.path)).toMatchObject({ faults: [], isCounted: true })
    rmSync(join(second.path, "backup.json"))
    expect((yield* Effect.flip(BackupProcess.verify(second.path))).message).toContain("it has no backup.json")
  }).pipe(Effect.scoped)
)

it.live("[HX-9] whoever stops waiting ends it, and there is no backup", () =>
  Effect.gen(function* () {
    const { folder, place } = yield* site
    yield* writeNotes(folder, 0, 4_000)
    const making = yield* Effect.forkScoped(BackupProcess.make(folder, place, 1))
    yield* Effect.promise(async () => {
      while (!existsSync(place) || !readdirSync(place).some((name) => name.endsWith(".part"))) {
        await new Promise(setImmediate)
      }
    })
    yield* Fiber.interrupt(making)
    yield* Effect.sleep(1_000)
    expect(yield* FolderBackup.list(place)).toEqual([])
  }).pipe(Effect.scoped)
)
