/** Why a hub did not do what its REST interface was asked, as problem details of RFC 9457 with a code that programs match on. */
import { Schema } from "effect"

/** A fault in what was sent, and where. */
const Fault = Schema.Struct({
  /** From the part of the request on (`body`, `query`, `params`), e.g. `body/operations/0/role`. */
  path: Schema.String,
  message: Schema.String
})

export const AdminProblem = Schema.Struct({
  type: Schema.Literal("about:blank"),
  /** The status in words. */
  title: Schema.String,
  status: Schema.Int,
  /** One or two sentences for people. */
  detail: Schema.String,
  /** `urn:uuid:` and the id of the request, which is in the hub's log, too. */
  instance: Schema.String,
  /** Name of the reason. */
  code: Schema.String,
  /** With `InputInvalid`: every fault in it. */
  errors: Schema.optionalKey(Schema.Array(Fault))
}).annotate({ identifier: "Problem" })
export type AdminProblem = typeof AdminProblem.Type
export type Fault = typeof Fault.Type
