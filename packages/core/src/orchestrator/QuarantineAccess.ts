/**
 * Whether a commit that waits in quarantine may even wait here. Who takes it out, and what is told of it, is decided
 * elsewhere.
 */
import { Effect } from "effect"
import type { Decision } from "../gate/Decision.ts"
import type { GateShape } from "../gate/Gate.ts"
import type { JournalShape } from "../journal/Journal.ts"
import * as Commit from "../model/Commit.ts"
import type { Partition } from "../model/Partition.ts"

interface Waiting {
  readonly gate: GateShape
  readonly journal: JournalShape
}

/** Why a commit may not wait here: it is of a partition that this device must forget. What cannot be read may stay. */
export interface Forbidden {
  readonly partition: Partition
  readonly decision: Decision
}

/** Why a commit may not wait here, or nothing. */
export const forbidden = Effect.fnUntraced(function* ({ gate, journal }: Waiting, id: string) {
  const row = yield* journal.quarantined(id)
  const packed = row === undefined ? "gone" : Commit.open(row.bytes)
  if (typeof packed === "string") return undefined
  const { partition } = packed.header
  const decision = yield* gate.mustForget(partition)
  const found: Forbidden | undefined = decision === undefined ? undefined : { partition, decision }
  return found
})

/** True when one of them is. */
export const isAnyForbidden = Effect.fnUntraced(function* (waiting: Waiting, ids: ReadonlyArray<string>) {
  for (const id of ids) if ((yield* forbidden(waiting, id)) !== undefined) return true
  return false
})
