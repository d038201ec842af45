/** What endpoints of records refuse by themselves, in the words in which the engine refuses it. */
import { WriteError } from "@syncline/core"
import { Effect } from "effect"

const refuse = (reason: WriteError.WriteError["reason"]): Effect.Effect<never, WriteError.WriteError> =>
  Effect.fail(new WriteError.WriteError({ reason }))

/** There is no such record, for who asks. */
export const absent = (type: string, id: string): Effect.Effect<never, WriteError.WriteError> =>
  refuse(new WriteError.EntityNotFound({ type, id }))

/** A field of a record cannot be so. */
export const invalid = (
  type: string,
  id: string,
  field: string,
  problem: string
): Effect.Effect<never, WriteError.WriteError> => refuse(new WriteError.EntityInvalid({ type, id, field, problem }))
