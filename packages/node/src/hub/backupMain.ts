/**
 * Entry of the process that makes or verifies a backup for `BackupProcess`: it is told what, answers once, and ends; also when
 * whoever started it has ended.
 */
import { Effect, Result, Schema } from "effect"
import { BackupError } from "./BackupError.ts"
import type { BackupAnswer, BackupOrder } from "./BackupProcess.ts"
import * as FolderBackup from "./FolderBackup.ts"

const carryOut = (order: BackupOrder): Effect.Effect<object, BackupError> => {
  if (order.kind === "verify") return FolderBackup.verify(order.backup)
  const { folder, keep, place } = order
  return Effect.tap(FolderBackup.make(folder, place), ({ manifest }) => FolderBackup.prune(place, manifest.peer, keep))
}

process.once("disconnect", () => process.exit(1))
process.once("message", (order) => {
  void Effect.runPromise(Effect.result(carryOut(order as BackupOrder))).then((result) => {
    const answer: BackupAnswer = Result.isSuccess(result)
      ? { done: result.success }
      : { failed: Schema.encodeUnknownSync(BackupError)(result.failure) }
    process.send!(answer, () => process.exit(0))
  })
})
