/**
 * Who asks and what about, as a policy document sees them: a member with its role and teams and the device it asks with, and the header of a
 * record. Nothing of a record's body is here, so no field of a body can pretend to be something else.
 */
import type { Partition } from "@syncline/core"

/** Who asks. */
export interface PolicySubject {
  /** `undefined` for a member that asks without any of its devices. */
  readonly device: string | undefined
  readonly member: string
  readonly role: string
  /** Level of the role, 1 to 100; of several rules the one for the higher role is named. */
  readonly level: number
  readonly teams: ReadonlyArray<string>
}

export type HeaderValues = Partition.HeaderValues
