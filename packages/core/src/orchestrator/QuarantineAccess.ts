/**
 * Whether a commit that waits in quarantine may even wait here. Who takes it out, and what is told of it, is decided
 * elsewhere.
 */
import { Effect } from "effect"
import type { GateShape } from "../gate/Gate.ts"
import type { JournalShape } from "../journal/Journal.ts"
import * as Commit from "../model/Commit.ts"

interface Waiting {
  readonly gate: GateShape
  readonly journal: JournalShape
}

/** True for a commit of a partition that this device must forget. What cannot be read may stay. */
export const isForbidden = Effect.fnUntraced(function* ({ gate, journal }: Waiting, id: string) {
  const row = yield* journal.quarantined(id)
  const packed = row === undefined ? "gone" : Commit.open(row.bytes)
  return typeof packed !== "string" && (yield* gate.mustForget(packed.header.partition)) !== undefined
})

/** True when one of them is. */
export const isAnyForbidden = Effect.fnUntraced(function* (waiting: Waiting, ids: ReadonlyArray<string>) {
  for (const id of ids) if (yield* isForbidden(waiting, id)) return true
  return false
})
