/**
 * An answer of the policy, with the reason. Every send, receive and refusal can be traced to one of these.
 */
import { Schema } from "effect"

export const Decision = Schema.Struct({
  allowed: Schema.Boolean,
  /** Name of the rule that decided. */
  rule: Schema.String,
  /** Version of the policy that decided; grows with every change, unless the gate says otherwise (`isRenumbered`). */
  policyVersion: Schema.Int,
  /** One sentence for people. */
  because: Schema.String,
  /**
   * It is refused because this node cannot tell what the policy says, which is no judgement: nobody takes anything back for it,
   * and it is asked again.
   */
  isUnjudged: Schema.optionalKey(Schema.Boolean)
})
export type Decision = typeof Decision.Type
